//! Sessions and the end of the browser.

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn a_session_ends_with_the_browser_when_the_server_says_so(stage: &Stage) {
    let server = stage.serve(&["--browser-close"]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    visitor.reload().await;
    assert_eq!(visitor.user().await.as_deref(), Some("ada"));
    assert_eq!(visitor.visits().await, 2);
    quit(visitor).await;

    assert_gone(&stage.visit(&server, &profile).await).await;
}

pub async fn a_session_with_an_age_survives_the_browser(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    quit(visitor).await;

    assert_kept(&stage.visit(&server, &profile).await).await;
}

pub async fn a_visitor_may_choose_that_the_session_ends_with_the_browser(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    visitor.choose("#mode-browser-close").await;
    visitor.press("#lifetime-form button").await;
    quit(visitor).await;

    assert_gone(&stage.visit(&server, &profile).await).await;
}

pub async fn a_visitor_may_choose_that_the_session_survives_the_browser(stage: &Stage) {
    let server = stage.serve(&["--browser-close"]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    visitor.enter("#minutes", "5").await;
    visitor.press("#lifetime-form button").await;
    quit(visitor).await;

    assert_kept(&stage.visit(&server, &profile).await).await;
}

/// Signs in, and counts two visits.
async fn begin(visitor: &Visitor) {
    assert_eq!(visitor.count_a_visit().await, 1);
    visitor.sign_in("ada").await;
    assert_eq!(visitor.count_a_visit().await, 2);
}

/// Quits, after setting a cookie that proves that the browser stores cookies.
async fn quit(visitor: Visitor) {
    visitor
        .script("document.cookie = 'mark=kept; max-age=1000'")
        .await;
    visitor.quit().await;
}

async fn assert_gone(visitor: &Visitor) {
    assert_eq!(names(visitor).await, ["mark"]);
    assert_eq!(visitor.text("#remaining").await, "no session yet");
    assert_eq!(visitor.user().await, None);
    assert_eq!(visitor.visits().await, 0);
    assert_eq!(visitor.count_a_visit().await, 1);
}

async fn assert_kept(visitor: &Visitor) {
    assert_eq!(names(visitor).await, ["mark", "session"]);
    assert_eq!(visitor.user().await.as_deref(), Some("ada"));
    assert_eq!(visitor.visits().await, 2);
    assert_eq!(visitor.count_a_visit().await, 3);
}

async fn names(visitor: &Visitor) -> Vec<String> {
    let cookies = visitor.cookies().await;
    let mut names: Vec<String> = cookies.iter().map(|one| one.name().to_owned()).collect();
    names.sort();
    names
}
