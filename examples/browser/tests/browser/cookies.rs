//! The cookie in the browser.

use fantoccini::cookies::Cookie;
use time::{Duration, OffsetDateTime};

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn no_script_sees_the_cookie_and_the_browser_knows_its_age(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    assert!(visitor.cookies().await.is_empty());

    visitor.count_a_visit().await;
    let cookie = only_cookie(&visitor).await;
    assert_eq!(cookie.name(), "session");
    assert_eq!(cookie.secure(), Some(false));
    let age = cookie.expires_datetime().unwrap() - OffsetDateTime::now_utc();
    let whole = Duration::days(14);
    assert!(whole - Duration::minutes(5) < age && age <= whole, "{age}");
}

pub async fn a_cookie_without_an_age_has_none_in_the_browser(stage: &Stage) {
    let server = stage.serve(&["--browser-close"]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    visitor.count_a_visit().await;
    assert_eq!(only_cookie(&visitor).await.expires(), None);
}

pub async fn a_secure_cookie_is_kept_on_localhost(stage: &Stage) {
    let server = stage.serve_securely();
    let profile = stage.profile("one");
    let visitor = stage.visit_at(&server.url("localhost"), &profile).await;
    assert_eq!(visitor.count_a_visit().await, 1);
    assert_eq!(visitor.count_a_visit().await, 2);
    let cookie = only_cookie(&visitor).await;
    assert_eq!(cookie.name(), "__Host-session");
    assert_eq!(cookie.secure(), Some(true));
}

pub async fn a_visitor_who_follows_a_link_from_elsewhere_is_known(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    visitor.sign_in("ada").await;
    let home = server.url("127.0.0.1");
    visitor
        .go(&format!("data:text/html,<a href='{home}'>there</a>"))
        .await;
    visitor.press("a").await;
    assert_eq!(visitor.user().await.as_deref(), Some("ada"));
}

async fn only_cookie(visitor: &Visitor) -> Cookie<'static> {
    assert_eq!(visitor.script("return document.cookie").await, "");
    let mut cookies = visitor.cookies().await;
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let cookie = cookies.remove(0);
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.path(), Some("/"));
    let same_site = cookie.same_site().map(|policy| policy.to_string());
    assert_eq!(same_site.as_deref(), Some("Lax"));
    cookie
}
