//! The Redis of a site whose engine is `cached_db`.

use std::time::{Duration, Instant};

use session_core::{Command, Only, Outcome, Revoke, Store as _, Whose};
use session_servers::{Redis, skips, soon};
use session_store::{DjangoOptions, DjangoStore, RedisOptions};
use session_testkit::{moment_at, record_of};

use super::site::{KEY, Site, key_of, keys, load};

/// Opens a store beside a site with a cache that is filled again within a minute; `None` without a
/// server.
async fn open(site: &Site) -> Option<(Redis, DjangoStore)> {
    if skips("Django's cache in Redis", &Redis::PROGRAMS) {
        return None;
    }
    let redis = Redis::start().unwrap();
    let options = DjangoOptions::new().create(true);
    let options = options.cache(RedisOptions::new(redis.url()), "", 1);
    let options = options.cache_again(AGAIN);
    let store = DjangoStore::open_with(&site.url(), &keys(), options).await;
    Some((redis, store.unwrap()))
}

/// When an entry is dropped once more.
const AGAIN: Duration = Duration::from_secs(1);

fn entry() -> String {
    format!(":1:django.contrib.sessions.cached_db{KEY}")
}

fn fill(redis: &Redis) {
    redis.cli(&["SET", &entry(), "pickled"]).unwrap();
}

fn is_filled(redis: &Redis) -> bool {
    redis.cli(&["EXISTS", &entry()]).unwrap().trim() == "1"
}

async fn becomes_empty(redis: &Redis) {
    soon("the entry goes", async || !is_filled(redis)).await;
}

pub async fn what_changes_is_dropped_from_the_cache_and_once_more(site: &Site) {
    let Some((redis, store)) = open(site).await else {
        return;
    };
    site.insert(KEY, r#"{"_auth_user_id":"7"}"#, 0, 100).await;
    let key = &key_of(KEY);
    let found = load(&store, KEY, 0).await.unwrap();
    // A load changes nothing, and a refused write neither.
    fill(&redis);
    let refused = Command::Replace {
        key,
        expected: record_of(9).revision,
        record: &record_of(1),
    };
    let outcome = store.write(refused, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(is_filled(&redis));
    let touch = Command::Touch {
        key,
        expected: found.revision,
        seen: moment_at(1),
        expires: moment_at(200),
    };
    let (delete, only) = (&key_of(KEY), Only::Always);
    let delete = Command::Delete { key: delete, only };
    for command in [touch, delete] {
        fill(&redis);
        store.write(command, moment_at(1)).await.unwrap();
        assert!(!is_filled(&redis), "{command:?}");
    }
    // A read of Django's was under way, and is as good as a load: it fills what was dropped.
    loop {
        let begun = Instant::now();
        store.write(delete, moment_at(1)).await.unwrap();
        fill(&redis);
        if begun.elapsed() < AGAIN {
            becomes_empty(&redis).await;
            break;
        }
    }
    site.insert(KEY, r#"{"_auth_user_id":"7"}"#, 0, 100).await;
    fill(&redis);
    assert_eq!(
        store
            .revoke(Whose::Owner("7", Revoke::All), moment_at(0))
            .await
            .unwrap(),
        1
    );
    assert!(!is_filled(&redis));
}

// Django: CacheDBSessionTests.test_non_default_cache
pub async fn a_cache_that_cannot_be_meant_is_refused_at_start(site: &Site) {
    for bad in ["", "unknown", "http://127.0.0.1:6379"] {
        let options = DjangoOptions::new().create(true);
        let options = options.cache(RedisOptions::new(bad), "", 1);
        let refused = DjangoStore::open_with(&site.url(), &keys(), options).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("redis"), "{bad}: {refused}");
    }
}

// Django: CacheDBSessionTests.test_cache_set_failure_non_fatal
// Django: CacheDBSessionTests.test_cache_async_set_failure_non_fatal
pub async fn a_cache_that_fails_is_no_error(site: &Site) {
    let Some((redis, store)) = open(site).await else {
        return;
    };
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    drop(redis);
    let (key, only) = (&key_of(KEY), Only::Always);
    let delete = Command::Delete { key, only };
    let outcome = store.write(delete, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(site.token(KEY).await, "");
}
