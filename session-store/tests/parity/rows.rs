//! The table: what is in it, under which keys, and how it gets there and out.

use std::sync::Arc;
use std::time::Duration;

use session_core::{Expiry, Policy, Sessions, Store as _};
use session_store::{CachedStore, DjangoOptions, DjangoStore};

use crate::site::{NOON, Site};

// Django: SessionTestsMixin.test_save
// Django: SessionTestsMixin.test_delete
// Django: CacheSessionTests.test_create_and_save
#[tokio::test]
async fn a_session_is_there_from_its_save_to_its_end() {
    let site = Site::new().await;
    let request = site.sessions.open([&b""[..]]);
    let session = request.handle().load().await.unwrap();
    session.insert("a", 1).unwrap();
    session.save().await.unwrap();
    session.insert("b", 2).unwrap();
    session.save().await.unwrap();
    assert_eq!(site.count().await, 1);
    session.destroy().unwrap();
    let _ = request.commit(200).await.unwrap();
    assert_eq!(site.count().await, 0);
}

// Django: SessionTestsMixin.test_cycle
// Django: SessionTestsMixin.test_cycle_with_no_session_cache
#[tokio::test]
async fn a_new_id_takes_the_values_along_and_the_old_one_is_gone() {
    let site = Site::new().await;
    let old = site.begin("a", "c").await;
    let seen = site
        .request(&old, 200, |session| session.cycle().unwrap())
        .await;
    let new = seen.id().unwrap();
    assert_ne!(new, old);
    assert!(!site.exists(&old).await && site.exists(&new).await);
    site.request(&new, 200, |session| {
        let items: Vec<_> = session.iter().collect();
        assert_eq!(items, [("a".to_owned(), "\"c\"".to_owned())]);
    })
    .await;
}

// Django: SessionTestsMixin.test_invalid_key
// Django: SessionTestsMixin.test_session_key_empty_string_invalid
// Django: SessionTestsMixin.test_session_key_too_short_invalid
// Django: CacheDBSessionTests.test_load_overlong_key
// Django: CacheSessionTests.test_load_overlong_key
// Django: FileSessionTests.test_invalid_key_backslash
// Django: FileSessionTests.test_invalid_key_forwardslash
#[tokio::test]
async fn what_is_no_key_reaches_no_table_and_gets_a_new_one() {
    let site = Site::new().await;
    let long = "x".repeat(1_240);
    for bad in [
        "1",
        "",
        "1234567",
        &long,
        "a\\b\\c_____",
        "a/b/c_____",
        "abcdefgh\\000",
    ] {
        let seen = site.request(bad, 200, |session| {
            assert!(!session.exists() && session.is_empty());
            session.insert("k", 1).unwrap();
        });
        let seen = seen.await;
        assert_eq!((seen.calls.load, seen.calls.insert), (0, 1), "{bad}");
        assert_ne!(seen.id().unwrap(), bad);
    }
}

// Django: SessionTestsMixin.test_session_key_valid_string_saved
#[tokio::test]
async fn a_key_of_eight_characters_is_one() {
    let site = Site::new().await;
    let token = Site::signer().sign(r#"{"x":1}"#, NOON);
    site.put("12345678", &token, "2026-12-01 00:00:00").await;
    let seen = site.request("12345678", 200, |session| {
        assert_eq!(session.get("x").unwrap(), Some(1));
        session.insert("y", 2).unwrap();
    });
    assert_eq!((seen.await.id(), site.count().await), (None, 1));
}

// Django: SessionTestsMixin.test_decode
// Django: DatabaseSessionTests.test_session_get_decoded
// Django: DatabaseSessionTests.test_session_str
#[tokio::test]
async fn the_row_of_a_cookie_decodes_to_its_values() {
    let site = Site::new().await;
    let cookie = site.begin("x", 1).await;
    let key: String = sqlx::query_scalar("SELECT session_key FROM django_session")
        .fetch_one(&site.rows)
        .await
        .unwrap();
    assert_eq!(key, cookie);
    let json = site.decoded(&cookie).await;
    assert!(json.starts_with(r#"{"x":1,"#), "{json}");
}

// Django: DatabaseSessionTests.test_sessionmanager_save
#[tokio::test]
async fn a_row_that_django_has_written_is_what_is_read() {
    let site = Site::new().await;
    let cookie = site.begin("x", 1).await;
    let token = Site::signer().sign(r#"{"y":2}"#, NOON);
    site.put(&cookie, &token, "2026-12-01 00:00:00").await;
    site.request(&cookie, 200, |session| assert_eq!(session.keys(), ["y"]))
        .await;
}

// Django: SessionTestsMixin.test_decode_failure_logged_to_security
#[tokio::test]
async fn a_row_that_was_tampered_with_is_no_session_and_stays_as_it_is() {
    let log = crate::site::log();
    let site = Site::new().await;
    for bad in ["flaskdj:alkdjf", "bad:encoded:value", ""] {
        site.put("tampered1", bad, "2026-12-01 00:00:00").await;
        site.request("tampered1", 200, |session| {
            assert!(!session.exists() && session.is_empty());
        })
        .await;
        let (all, path) = (log.text(), site.path("db.sqlite3"));
        // All tests log into one text.
        let ours = all.lines().filter(|line| line.contains(&path));
        let text = ours.collect::<Vec<_>>().join("\n");
        assert!(
            text.contains("WARN") && text.contains("can't be read"),
            "{bad}: {text}"
        );
        assert!(bad.is_empty() || !text.contains(bad), "{text}");
        let kept = sqlx::query_scalar("SELECT session_data FROM django_session");
        let kept: String = kept.fetch_one(&site.rows).await.unwrap();
        assert_eq!(kept, bad);
    }
}

// Django: SessionTestsMixin.test_session_load_does_not_create_record
#[tokio::test]
async fn an_unknown_key_makes_no_row_and_is_not_adopted() {
    let site = Site::new().await;
    let unknown = "someunknownkey";
    let seen = site
        .request(unknown, 200, |session| assert!(!session.exists()))
        .await;
    assert_eq!((seen.writes(), site.count().await), (0, 0));
    let seen = site
        .request(unknown, 200, |session| session.insert("k", 1).unwrap())
        .await;
    assert_ne!(seen.id().unwrap(), unknown);
    assert!(!site.exists(unknown).await);
}

// Django: DatabaseSessionTests.test_clearsessions_command
// Django: DatabaseSessionTests.test_aclear_expired
// Django: FileSessionTests.test_clearsessions_command
#[tokio::test]
async fn a_sweep_removes_what_is_over_and_no_more() {
    let site = Site::new().await;
    let spans = [3_600, 10, 10].map(Duration::from_secs);
    for span in spans {
        let seen = site.request("", 200, |session| {
            session.insert("foo", "bar").unwrap();
            session.set_expiry(Expiry::After(span)).unwrap();
        });
        assert!(seen.await.id().is_some());
    }
    let later = NOON + Duration::from_secs(20);
    assert_eq!(site.count().await, 3);
    assert_eq!(site.spy.sweep(later.into(), 100).await.unwrap(), 2);
    assert_eq!(site.count().await, 1);
}

// Django: FileSessionTests.test_configuration_check
#[tokio::test]
async fn a_database_that_is_not_there_is_refused_at_start() {
    let site = Site::new().await;
    let url = format!("sqlite:{}", site.path("no/such/folder/db.sqlite3"));
    let refused = DjangoStore::open(&url, &Site::keys()).await.unwrap_err();
    assert!(refused.to_string().contains("db.sqlite3"), "{refused}");
}

// Django: CacheDBSessionTests.test_exists_searches_cache_first
#[tokio::test]
async fn a_session_in_the_cache_is_read_without_the_table() {
    let site = Site::new().await;
    let cached = CachedStore::new(Arc::new(site.spy.clone()));
    let policy = Policy::builder()
        .plain_ids()
        .insecure()
        .cookie_name("sessionid");
    let policy = policy.clock(Arc::clone(&site.clock)).build().unwrap();
    let sessions = Sessions::new(policy, cached);
    let header = format!("sessionid={}", site.begin("k", 1).await);
    for loads in [1, 0] {
        let _ = site.spy.take();
        let request = sessions.open([header.as_bytes()]);
        assert!(request.handle().load().await.unwrap().exists());
        assert_eq!(site.spy.take().load, loads);
    }
}

// Django: CacheSessionTests.test_default_cache
// Django: CacheSessionTests.test_non_default_cache
#[tokio::test]
async fn a_session_is_in_the_store_of_its_policy_and_in_no_other() {
    let [one, other] = [Site::new().await, Site::new().await];
    let cookie = one.begin("k", 1).await;
    assert!(one.exists(&cookie).await && !other.exists(&cookie).await);
    let url = format!("sqlite:{}", one.path("db.sqlite3"));
    let foreign = DjangoOptions::new().table("sessions");
    let refused = DjangoStore::open_with(&url, &Site::keys(), foreign).await;
    assert!(refused.unwrap_err().to_string().contains("sessions"));
}
