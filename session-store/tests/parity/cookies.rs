//! The engine `signed_cookies`: the session is in the cookie.

use std::sync::Arc;
use std::time::Duration;

use session_core::django::{SecretKeys, Signer};
use session_core::{
    CommitError, Expiry, ManualClock, Policy, Reply, RequestSession, SessionError, Sessions,
};
use session_store::DjangoCookies;

use crate::site::{NOON, Site};

struct Cookies {
    clock: Arc<ManualClock>,
    sessions: Sessions,
}

impl Cookies {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(NOON));
        let policy = Policy::builder().insecure().touch_never();
        let policy = policy.cookie_name("sessionid").clock(Arc::clone(&clock));
        let cookies = DjangoCookies::new(&Site::keys());
        Self {
            sessions: Sessions::in_cookies(policy.build().unwrap(), cookies),
            clock,
        }
    }

    async fn attempt(
        &self,
        value: &str,
        act: impl FnOnce(&RequestSession),
    ) -> Result<Reply, CommitError> {
        let header = format!("sessionid={value}");
        let request = self.sessions.open([header.as_bytes()]);
        act(&request.handle().load().await.unwrap());
        request.commit(200).await
    }

    /// Makes a request, and returns the value that it leaves in the browser.
    async fn request(&self, value: &str, act: impl FnOnce(&RequestSession)) -> String {
        let reply = self.attempt(value, act).await.unwrap();
        match reply.set_cookie() {
            None => value.to_owned(),
            Some(cookie) => {
                let value = cookie.strip_prefix("sessionid=").unwrap();
                value.split(';').next().unwrap().to_owned()
            }
        }
    }
}

fn json_of(value: &str) -> String {
    let signer = Signer::signed_cookies(&Site::keys());
    signer.open(value).unwrap().json
}

// Django: CookieSessionTests.test_save CookieSessionTests.test_session_load_does_not_create_record
#[tokio::test]
async fn the_cookie_is_the_session_and_there_is_no_other_record() {
    let cookies = Cookies::new();
    let value = cookies
        .request("", |session| session.insert("a", "b").unwrap())
        .await;
    assert!(json_of(&value).starts_with(r#"{"a":"b","#));
    let same = cookies.request(&value, |session| {
        assert_eq!(session.get("a").unwrap(), Some("b".to_owned()));
    });
    assert_eq!(same.await, value);
    for unknown in ["someunknownkey", "eyJhIjoiYiJ9:1r31eq:AAAA", ""] {
        let kept = cookies
            .request(unknown, |session| assert!(!session.exists()))
            .await;
        assert_eq!(kept, unknown);
    }
}

// Django: CookieSessionTests.test_cycle
#[tokio::test]
async fn a_new_id_keeps_the_values() {
    let cookies = Cookies::new();
    let value = cookies
        .request("", |session| session.insert("a", "b").unwrap())
        .await;
    cookies.clock.advance(Duration::from_secs(1));
    let next = cookies
        .request(&value, |session| session.cycle().unwrap())
        .await;
    assert_ne!(next, value);
    cookies
        .request(&next, |session| assert_eq!(session.keys(), ["a"]))
        .await;
}

// Django: CookieSessionTests.test_actual_expiry
#[tokio::test]
async fn a_lifetime_of_its_own_holds_which_django_forgets() {
    let cookies = Cookies::new();
    for (expiry, seconds) in [
        (Expiry::After(Duration::from_secs(10)), 10),
        (Expiry::At(NOON + Duration::from_secs(60)), 50),
        (Expiry::Policy, 1_209_600),
        (Expiry::BrowserClose, 1_209_600),
    ] {
        let begun = cookies.clock.as_ref();
        let value = cookies.request("", |session| {
            session.insert("foo", "bar").unwrap();
            session.set_expiry(expiry).unwrap();
        });
        let value = value.await;
        begun.advance(Duration::from_secs(seconds - 1));
        cookies
            .request(&value, |session| assert!(session.contains("foo")))
            .await;
        begun.advance(Duration::from_secs(1));
        cookies
            .request(&value, |session| assert!(!session.exists()))
            .await;
    }
}

// Django: CookieSessionTests.test_session_save_does_not_resurrect_session_logged_out_in_other_context
// Django: CookieSessionTests.test_session_asave_does_not_resurrect_session_logged_out_in_other_context
#[tokio::test]
async fn a_logout_removes_the_cookie_and_ends_no_copy_of_it() {
    let cookies = Cookies::new();
    let value = cookies
        .request("", |session| session.sign_in("7").unwrap())
        .await;
    assert!(json_of(&value).contains(r#""_auth_user_id":"7""#));
    let removed = cookies
        .request(&value, |session| session.destroy().unwrap())
        .await;
    assert_eq!(removed, "");
    // As in Django, and as the docs say: there is no record that could end.
    cookies
        .request(&value, |session| {
            assert_eq!(session.owner().as_deref(), Some("7"));
        })
        .await;
}

#[tokio::test]
async fn what_browsers_would_not_keep_is_an_error_and_leaves_the_cookie() {
    let cookies = Cookies::new();
    let value = cookies
        .request("", |session| session.insert("a", 1).unwrap())
        .await;
    // Letters that do not compress.
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    })
    .take(6_000)
    .collect();
    let refused = cookies.attempt(&value, |session| session.insert("noise", &noise).unwrap());
    let refused = refused.await.unwrap_err();
    assert!(matches!(
        refused.error(),
        SessionError::TooLarge { limit: 4096, .. }
    ));
    assert_eq!(
        (refused.error().status(), refused.reply().set_cookie()),
        (413, None)
    );
    // What compresses may be longer.
    let long = cookies.request(&value, |session| {
        session.insert("long", "x".repeat(6_000)).unwrap();
    });
    let long = long.await;
    assert!(long.len() < 4_096 && long != value);
}

#[tokio::test]
async fn an_early_save_is_in_the_cookie_whatever_follows() {
    let cookies = Cookies::new();
    let request = cookies.sessions.open([&b""[..]]);
    let session = request.handle().load().await.unwrap();
    session.insert("kept", 1).unwrap();
    session.save().await.unwrap();
    session.insert("dropped", 1).unwrap();
    let reply = request.commit(500).await.unwrap();
    let cookie = reply
        .set_cookie()
        .unwrap()
        .strip_prefix("sessionid=")
        .unwrap();
    let value = cookie.split(';').next().unwrap();
    cookies
        .request(value, |session| assert_eq!(session.keys(), ["kept"]))
        .await;
}

#[tokio::test]
async fn what_django_signed_before_its_key_was_changed_is_still_read() {
    let old = SecretKeys::new("an-older-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABC").unwrap();
    let token = Signer::signed_cookies(&old).sign(r#"{"b":2,"a":NaN,"b":3}"#, NOON);
    let keys = Site::keys().fallback("an-older-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABC");
    let mut cookies = Cookies::new();
    let policy = Policy::builder().insecure().cookie_name("sessionid");
    let policy = policy.clock(Arc::clone(&cookies.clock)).build().unwrap();
    cookies.sessions = Sessions::in_cookies(policy, DjangoCookies::new(&keys));
    let value = cookies.request(&token, |session| {
        assert_eq!(session.get("b").unwrap(), Some(3));
        session.insert("c", 4).unwrap();
    });
    let json = json_of(&value.await);
    assert!(json.starts_with(r#"{"b":2,"a":NaN,"b":3,"c":4,"#), "{json}");
}
