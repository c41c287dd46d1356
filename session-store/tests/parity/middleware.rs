//! `SessionMiddleware`: which responses have which headers, and what is written.

use std::time::Duration;

use session_core::{SameSite, SessionError};

use crate::site::Site;

// Django: SessionMiddlewareTests.test_secure_session_cookie
// Django: SessionMiddlewareTests.test_httponly_session_cookie
// Django: SessionMiddlewareTests.test_samesite_session_cookie
// Django: SessionMiddlewareTests.test_no_httponly_session_cookie
#[tokio::test]
async fn the_cookie_has_the_attributes_of_the_policy() {
    let site = Site::with(|policy| policy.same_site(SameSite::Strict)).await;
    let seen = site
        .request("", 200, |session| session.insert("hello", "world").unwrap())
        .await;
    assert!(seen.cookie().contains("; HttpOnly") && seen.cookie().contains("; SameSite=Strict"));
    assert!(!seen.cookie().contains("Secure") && seen.varies());

    let site = Site::with(session_core::PolicyBuilder::danger_readable_by_scripts).await;
    let seen = site
        .request("", 200, |session| session.insert("hello", "world").unwrap())
        .await;
    assert!(!seen.cookie().contains("HttpOnly") && seen.cookie().contains("sessionid="));

    let policy = session_core::Policy::builder()
        .plain_ids()
        .cookie_name("sessionid");
    let secure = session_core::Sessions::new(policy.build().unwrap(), site.spy.clone());
    let request = secure.open([&b""[..]]);
    request
        .handle()
        .load()
        .await
        .unwrap()
        .insert("hello", "world")
        .unwrap();
    let reply = request.commit(200).await.unwrap();
    assert!(reply.set_cookie().unwrap().contains("; Secure"));
}

// Django: SessionMiddlewareTests.test_session_save_on_500
// Django: SessionMiddlewareTests.test_session_save_on_5xx
#[tokio::test]
async fn an_error_of_the_server_saves_nothing() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    for status in [500, 503] {
        let seen = site.request(&cookie, status, |session| {
            session.insert("hello", "world").unwrap();
        });
        assert_eq!(seen.await.writes(), 0);
    }
    site.request(&cookie, 200, |session| assert_eq!(session.keys(), ["k"]))
        .await;
}

// Django: SessionMiddlewareTests.test_session_update_error_redirect
// Django: SessionTestsMixin.test_session_save_does_not_resurrect_session_logged_out_in_other_context
// Django: SessionTestsMixin.test_session_asave_does_not_resurrect_session_logged_out_in_other_context
#[tokio::test]
async fn a_session_that_was_ended_meanwhile_is_told_and_stays_ended() {
    for refuses in [false, true] {
        let site = Site::with(|policy| {
            if refuses {
                policy.refuse_when_gone()
            } else {
                policy
            }
        });
        let site = site.await;
        let cookie = site.begin("foo", "bar").await;
        let header = format!("sessionid={cookie}");
        let slow = site.sessions.open([header.as_bytes()]);
        let session = slow.handle().load().await.unwrap();
        site.request(&cookie, 200, |session| session.destroy().unwrap())
            .await;
        session.insert("baz", 1).unwrap();
        match slow.commit(200).await {
            Ok(reply) => assert!(!refuses && reply.is_gone() && reply.set_cookie().is_none()),
            Err(error) => {
                assert!(refuses && matches!(error.error(), SessionError::Gone));
                // Django answers 400 and leaves the dead cookie; it too sets none.
                assert_eq!(
                    (error.error().status(), error.reply().set_cookie()),
                    (409, None)
                );
            }
        }
        assert_eq!(site.count().await, 0);
        site.request(&cookie, 200, |session| assert!(!session.exists()))
            .await;
    }
}

// Django: SessionMiddlewareTests.test_session_delete_on_end
// Django: SessionTestsMixin.test_flush
#[tokio::test]
async fn a_logout_removes_the_row_and_the_cookie() {
    let site = Site::new().await;
    let cookie = site.begin("foo", "bar").await;
    let seen = site.request(&cookie, 200, |session| {
        session.destroy().unwrap();
        assert!(!session.exists() && session.is_empty());
        assert_eq!(session.public_id(), None);
    });
    let seen = seen.await;
    let removal = "sessionid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(seen.cookie(), removal);
    assert!(seen.varies() && !site.exists(&cookie).await);
}

// Django: SessionMiddlewareTests.test_session_delete_on_end_with_custom_domain_and_path
#[tokio::test]
async fn the_removal_has_the_cookies_domain_and_path() {
    let site = Site::with(|policy| policy.domain("example.local").path("/example/")).await;
    let cookie = site.begin("foo", "bar").await;
    let seen = site
        .request(&cookie, 200, |session| session.destroy().unwrap())
        .await;
    assert!(
        seen.cookie()
            .contains("; Path=/example/; Domain=example.local; HttpOnly")
    );
}

// Django: SessionMiddlewareTests.test_flush_empty_without_session_cookie_doesnt_set_cookie
#[tokio::test]
async fn a_logout_without_a_cookie_sets_none() {
    let site = Site::new().await;
    let seen = site
        .request("", 200, |session| session.destroy().unwrap())
        .await;
    assert_eq!((seen.cookie(), seen.calls.total()), ("", 0));
    assert!(seen.varies());
}

// Django: SessionMiddlewareTests.test_save_every_request_with_non_empty_session_renews_session_cookie
#[tokio::test]
async fn each_request_can_renew_the_session() {
    let site = Site::with(|policy| policy.touch_every(Duration::ZERO)).await;
    let cookie = site.begin("k", 1).await;
    site.clock.advance(Duration::from_secs(60));
    let seen = site.request(&cookie, 200, |_| {}).await;
    assert_eq!(seen.calls.touch, 1);
    assert!(
        seen.cookie()
            .starts_with(&format!("sessionid={cookie}; Max-Age=1209600"))
    );
    assert!(seen.varies());
}

// Django: SessionMiddlewareTests.test_empty_session_saved
#[tokio::test]
async fn a_session_without_values_is_still_a_session() {
    let site = Site::new().await;
    let cookie = site.begin("foo", "bar").await;
    let seen = site.request(&cookie, 200, |session| {
        session.remove("foo").unwrap();
    });
    let seen = seen.await;
    assert_eq!((seen.calls.replace, site.count().await), (1, 1));
    assert!(seen.varies());
    site.request(&cookie, 200, |session| {
        assert!(session.exists() && session.is_empty());
    })
    .await;
}
