//! A `CachedStore` in front: it does not hear of what Django writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Command, Outcome, Store as _};
use session_store::{CachedOptions, CachedStore};
use session_testkit::{digest_of, moment_at, record_of};

use super::site::{KEY, Site, key_of};

async fn data(cached: &CachedStore) -> Option<String> {
    let found = cached
        .load(&key_of(KEY), &digest_of(0), moment_at(0))
        .await
        .unwrap();
    found.map(|record| record.data.to_string())
}

async fn cached(site: &Site, stale_for: Duration) -> CachedStore {
    let options = CachedOptions::new().stale_for(stale_for);
    CachedStore::with(Arc::new(site.open().await), &options).unwrap()
}

pub async fn what_django_saves_is_never_overwritten_from_a_cache(site: &Site) {
    let cached = cached(site, Duration::from_mins(1)).await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let (key, secret) = (&key_of(KEY), &digest_of(0));
    let found = cached.load(key, secret, moment_at(0)).await.unwrap();
    let expected = found.unwrap().revision;
    site.save(KEY, r#"{"n":2}"#, 1, 100).await;
    // Late, as long as nobody writes here.
    assert_eq!(data(&cached).await.as_deref(), Some(r#"{"n":1}"#));
    let record = &record_of(2);
    let replace = Command::Replace {
        key,
        expected,
        record,
    };
    let written = cached.write(replace, moment_at(0)).await.unwrap();
    assert_eq!(written, Outcome::Refused);
    assert_eq!(data(&cached).await.as_deref(), Some(r#"{"n":2}"#));
}

pub async fn a_logout_in_django_counts_behind_a_cache_when_its_limit_is_over(site: &Site) {
    let limit = Duration::from_millis(50);
    let cached = cached(site, limit).await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    assert!(data(&cached).await.is_some());
    site.run("DELETE FROM django_session").await;
    let ended = Instant::now();
    loop {
        let is_late = ended.elapsed() > limit;
        if data(&cached).await.is_none() {
            break;
        }
        assert!(!is_late, "it is shown after {:?}", ended.elapsed());
    }
}
