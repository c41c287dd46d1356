//! A site whose engine is `cached_db`: Django reads its cache first.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use session_servers::{Redis, skips};
use session_store::{DjangoOptions, RedisOptions};
use session_testkit::http::Client;
use tokio::task::JoinSet;

use crate::crossing::{login, put, session};
use crate::rust::Rust;
use crate::scene::{Scene, key_of};

pub async fn what_rust_does_shows_through_djangos_cache(scene: &Scene) {
    if skips("Django's cache in Redis", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let scene = scene.with("CACHE_URL", &redis.url()).with(
        "DJANGO_SESSION_ENGINE",
        "django.contrib.sessions.backends.cached_db",
    );
    let options = DjangoOptions::new().cache(RedisOptions::new(redis.url()), "", 1);
    let rust = Rust::open_as(&scene, options.cache_again(AGAIN)).await;
    let entries = || redis.cli(&["DBSIZE"]).unwrap();

    let django = Client::new(scene.django());
    login(&django, "ada").await;
    put(&django, "data/a", "1").await;
    // From here on Django answers from its cache.
    assert_eq!(session(&django).await["data"], json!({ "a": 1 }));
    assert_ne!(entries().trim(), "0");
    let key = key_of(&django).unwrap();
    for number in 0..3 {
        let write = |session: &session_core::Session| session.insert("b", number).unwrap();
        rust.request(Some(&key), write).await;
        assert_eq!(
            session(&django).await["data"],
            json!({ "a": 1, "b": number })
        );
        put(&django, "data/a", "1").await;
        let seen = rust.request(Some(&key), |session| session.get::<u8>("b").unwrap());
        assert_eq!(seen.await.0, Some(number));
    }
    // Another key: the old one is dead, though Django's cache has had it.
    let before = django.copy();
    let ((), new) = rust
        .request(Some(&key), |session| session.cycle().unwrap())
        .await;
    assert_eq!(session(&before.copy()).await["owner"], Value::Null);
    let (_, same) = rust
        .request(new.as_deref(), session_core::Session::exists)
        .await;
    assert_eq!(same, None);

    // A logout, while Django reads and fills its cache again and again.
    for round in 0..4 {
        let visitor = django.stranger();
        login(&visitor, "bob").await;
        let key = key_of(&visitor).unwrap();
        let mut readers = JoinSet::new();
        for _ in 0..6 {
            let reader = visitor.copy();
            readers.spawn(async move {
                for _ in 0..10 {
                    session(&reader.copy()).await;
                }
            });
        }
        session(&visitor.copy()).await;
        rust.log_out(&key).await;
        while let Some(read) = readers.join_next().await {
            read.unwrap();
        }
        let begun = Instant::now();
        while session(&visitor.copy()).await["owner"] != Value::Null {
            assert!(
                begun.elapsed() < AGAIN * 20,
                "round {round}: the logout is undone"
            );
        }
    }
    rust.close().await;
}

/// When an entry is dropped once more; no request here takes as long.
const AGAIN: Duration = Duration::from_secs(1);
