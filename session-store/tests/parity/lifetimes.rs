//! Expiry: `set_expiry`, and what it means to the cookie and to the row.

use std::time::Duration;

use session_core::Expiry;

use crate::site::{NOON, Site};

const TWO_WEEKS: Duration = Duration::from_secs(1_209_600);
const TEN: Duration = Duration::from_secs(10);

// Django: SessionTestsMixin.test_default_expiry
#[tokio::test]
async fn a_session_lives_for_the_cookies_age_also_until_the_browser_closes() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    site.request(&cookie, 200, |session| {
        assert_eq!(session.expires_in(), Some(TWO_WEEKS));
        session.set_expiry(Expiry::BrowserClose).unwrap();
        assert_eq!(session.expires_in(), Some(TWO_WEEKS));
    })
    .await;
    let json = site.decoded(&cookie).await;
    assert!(json.contains(r#""_session_expiry":0"#), "{json}");
}

// Django: SessionTestsMixin.test_custom_expiry_seconds
// Django: SessionTestsMixin.test_custom_expiry_timedelta
#[tokio::test]
async fn a_session_can_live_for_some_seconds() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::After(TEN)).unwrap();
        assert_eq!(session.expires_at(), Some(NOON + TEN));
        assert_eq!(session.expires_in(), Some(TEN));
    });
    assert!(seen.await.cookie().contains("Max-Age=10;"));
    let json = site.decoded(&cookie).await;
    assert!(json.contains(r#""_session_expiry":10"#), "{json}");
}

// Django: SessionTestsMixin.test_custom_expiry_datetime
#[tokio::test]
async fn a_session_can_live_until_a_moment() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    let seen = site.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::At(NOON + TEN)).unwrap();
        assert_eq!(session.expires_at(), Some(NOON + TEN));
        assert_eq!(session.expires_in(), Some(TEN));
    });
    assert!(seen.await.cookie().contains("Max-Age=10;"));
    let json = site.decoded(&cookie).await;
    let expected = r#""_session_expiry":"2026-11-27T12:00:10+00:00""#;
    assert!(json.contains(expected), "{json}");
}

// Django: SessionTestsMixin.test_custom_expiry_reset
#[tokio::test]
async fn a_lifetime_of_its_own_can_be_taken_back() {
    let site = Site::new().await;
    let cookie = site.begin("k", 1).await;
    for expiry in [Expiry::Policy, Expiry::After(TEN), Expiry::Policy] {
        site.request(&cookie, 200, |session| session.set_expiry(expiry).unwrap())
            .await;
    }
    site.request(&cookie, 200, |session| {
        assert_eq!(
            (session.expiry(), session.expires_in()),
            (Expiry::Policy, Some(TWO_WEEKS))
        );
    })
    .await;
    assert!(!site.decoded(&cookie).await.contains("_session_expiry"));
}

// Django: SessionTestsMixin.test_get_expire_at_browser_close
#[tokio::test]
async fn a_session_says_whether_it_ends_with_the_browser() {
    for closes in [false, true] {
        let site = Site::with(|policy| {
            if closes {
                policy.until_browser_close()
            } else {
                policy
            }
        });
        site.await
            .request("", 200, |session| {
                for (expiry, expected) in [
                    (Expiry::After(TEN), false),
                    (Expiry::BrowserClose, true),
                    (Expiry::Policy, closes),
                ] {
                    session.set_expiry(expiry).unwrap();
                    assert_eq!(session.is_until_browser_close(), expected, "{expiry:?}");
                }
            })
            .await;
    }
}

// Django: SessionTestsMixin.test_actual_expiry
#[tokio::test]
async fn a_session_that_is_over_is_not_read() {
    let site = Site::new().await;
    let cookie = site.begin("foo", "bar").await;
    site.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::After(TEN)).unwrap();
    })
    .await;
    for (seconds, lives) in [(9, true), (1, false), (100, false)] {
        site.clock.advance(Duration::from_secs(seconds));
        site.request(&cookie, 200, |session| {
            assert_eq!(session.contains("foo"), lives);
        })
        .await;
    }
}

// Django: CustomDatabaseSessionTests.test_default_expiry
// Django: CustomDatabaseSessionTests.test_custom_expiry_reset
#[tokio::test]
async fn a_policy_has_an_age_of_its_own() {
    let day = Duration::from_secs(24 * 60 * 60);
    let site = Site::with(|policy| policy.idle(day)).await;
    let cookie = site.begin("k", 1).await;
    site.request(&cookie, 200, |session| {
        assert_eq!(session.expires_in(), Some(day));
        for expiry in [Expiry::BrowserClose, Expiry::After(TEN), Expiry::Policy] {
            session.set_expiry(expiry).unwrap();
        }
        assert_eq!(session.expires_in(), Some(day));
    })
    .await;
}
