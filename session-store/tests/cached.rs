//! The cache passes the suite in front of any store, and is never stale for longer than its bound.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Command, Key, Moment, Only, Outcome, Record, Revision, Revoke, Store, Whose};
use session_store::{CachedOptions, CachedStore};
use session_testkit::{
    Calls, FaultyStore, ModelStore, SpyStore, changed, digest_of, key_of, moment_at, record_of,
    store_suite,
};

/// Returns a cache with a bound so long that it may answer any repeated load of the suite.
fn cached(store: impl Store) -> Arc<dyn Store> {
    let options = CachedOptions::new().stale_for(Duration::from_mins(1));
    Arc::new(CachedStore::with(Arc::new(store), &options).unwrap())
}

#[cfg(feature = "memory")]
#[tokio::test]
async fn memory_with_a_cache_passes_the_suite() {
    store_suite("cached(memory)", async || {
        cached(session_store::MemoryStore::new())
    })
    .await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_with_a_cache_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    store_suite("cached(sqlite)", async || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(format!("{number}.db"));
        cached(session_store::SqliteStore::open(path).await.unwrap())
    })
    .await;
}

#[test]
fn a_cache_on_a_cache_passes_the_suite() {
    pollster::block_on(store_suite("cached(cached(model))", async || {
        cached(CachedStore::new(Arc::new(ModelStore::new())))
    }));
}

/// A store with ada's session under key 1, and a node with a cache.
struct Setting {
    model: ModelStore,
    faulty: FaultyStore,
    spy: SpyStore,
    cached: CachedStore,
}

fn owned(number: u32) -> Record {
    changed!(record_of(number), owner = Some("ada".into()))
}

impl Setting {
    async fn new() -> Self {
        let model = ModelStore::new();
        let faulty = FaultyStore::new(model.clone());
        let spy = SpyStore::new(faulty.clone());
        let options = CachedOptions::new().stale_for(Duration::from_mins(1));
        let cached = CachedStore::with(Arc::new(spy.clone()), &options).unwrap();
        let (key, record) = (&key_of(1), &owned(1));
        let insert = Command::Insert { key, record };
        assert_eq!(
            model.write(insert, moment_at(0)).await.unwrap(),
            Outcome::Applied
        );
        Self {
            model,
            faulty,
            spy,
            cached,
        }
    }

    async fn load(&self, now: Moment) -> Option<Record> {
        self.load_by(PRESENT, now).await
    }

    async fn load_by(&self, secret: u64, now: Moment) -> Option<Record> {
        let secret = &digest_of(secret);
        self.cached.load(&key_of(1), secret, now).await.unwrap()
    }

    /// Loads and returns the number of loads that reached the store.
    async fn asked(&self, now: Moment) -> usize {
        self.asked_by(PRESENT, now).await
    }

    async fn asked_by(&self, secret: u64, now: Moment) -> usize {
        let _ = self.spy.take();
        self.load_by(secret, now).await;
        self.spy.take().load
    }
}

/// The secret of every [`record_of`].
const PRESENT: u64 = 0;

fn delete(key: &Key) -> Command<'_> {
    let only = Only::Always;
    Command::Delete { key, only }
}

fn replace_with(record: &Record) -> Command<'_> {
    static KEY: std::sync::LazyLock<Key> = std::sync::LazyLock::new(|| key_of(1));
    Command::Replace {
        key: &KEY,
        expected: Revision::from_i64(1),
        record,
    }
}

#[tokio::test]
async fn a_load_is_answered_from_the_cache_within_the_bound_and_never_past_it() {
    let setting = Setting::new().await;
    assert_eq!(setting.asked(moment_at(0)).await, 1);
    let nearly = moment_at(60) - time::Duration::MICROSECOND;
    assert_eq!(setting.asked(nearly).await, 0);
    assert_eq!(setting.asked(moment_at(60)).await, 1);
    assert_eq!(setting.asked(moment_at(61)).await, 0);
}

#[tokio::test]
async fn a_cached_session_is_not_served_past_its_end() {
    let setting = Setting::new().await;
    assert_eq!(setting.asked(moment_at(60)).await, 1);
    let nearly = moment_at(100) - time::Duration::MICROSECOND;
    assert_eq!(setting.asked(nearly).await, 0);
    // Then the store decides, because another node may have extended it.
    for _ in 0..2 {
        assert_eq!(setting.asked(moment_at(100)).await, 1);
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_prolongs_nothing() {
    let setting = Setting::new().await;
    setting.load(moment_at(10)).await;
    let before = moment_at(10) - time::Duration::MICROSECOND;
    assert_eq!(setting.asked(before).await, 1);
    // A load by the new clock counts from there.
    assert_eq!(setting.asked(moment_at(69)).await, 0);
    assert_eq!(setting.asked(moment_at(70)).await, 1);
}

#[tokio::test]
async fn a_clock_that_stands_still_prolongs_nothing() {
    let bound = Duration::from_millis(100);
    let options = CachedOptions::new().stale_for(bound);
    let model = ModelStore::new();
    let cached = CachedStore::with(Arc::new(model.clone()), &options).unwrap();
    let (key, secret, record) = (&key_of(1), &digest_of(PRESENT), &owned(1));
    let insert = Command::Insert { key, record };
    cached.write(insert, moment_at(0)).await.unwrap();
    let load = async || cached.load(key, secret, moment_at(0)).await.unwrap();
    load().await;
    let filled = Instant::now();
    model.write(delete(key), moment_at(0)).await.unwrap();
    let mut asked = Instant::now();
    while load().await.is_some() {
        assert!(asked < filled + bound);
        tokio::task::yield_now().await;
        asked = Instant::now();
    }
}

#[tokio::test]
async fn a_slow_answer_is_as_old_as_its_question() {
    let bound = Duration::from_millis(20);
    let options = CachedOptions::new().stale_for(bound);
    let setting = Setting::new().await;
    let cached = CachedStore::with(Arc::new(setting.spy.clone()), &options).unwrap();
    let gate = setting.faulty.pause_after(1);
    let (key, secret) = (&key_of(1), &digest_of(PRESENT));
    let slow = async { cached.load(key, secret, moment_at(0)).await.unwrap() };
    let waiting = async {
        gate.reached().await;
        let reached = Instant::now();
        while reached.elapsed() < bound {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    tokio::join!(slow, waiting);
    cached.load(key, secret, moment_at(0)).await.unwrap();
    assert_eq!(setting.spy.take().load, 2);
}

#[tokio::test]
async fn a_write_is_seen_at_once_for_every_answer_of_the_store() {
    let setting = Setting::new().await;
    let stale = changed!(owned(2), revision = Revision::from_i64(9));
    // Applied.
    setting.load(moment_at(0)).await;
    let write = setting.cached.write(replace_with(&stale), moment_at(0));
    assert_eq!(write.await.unwrap(), Outcome::Applied);
    assert_eq!(setting.load(moment_at(0)).await, Some(stale.clone()));
    // Refused: the next load asks the store, or a commit would be refused for ever.
    let write = setting.cached.write(replace_with(&stale), moment_at(0));
    assert_eq!(write.await.unwrap(), Outcome::Refused);
    assert_eq!(setting.asked(moment_at(0)).await, 1);
    // Failed, but applied.
    setting.faulty.lose_answer(setting.faulty.calls() + 1);
    let key = key_of(1);
    let write = setting.cached.write(delete(&key), moment_at(0));
    assert!(write.await.is_err());
    assert_eq!(setting.load(moment_at(0)).await, None);
}

#[tokio::test]
async fn a_revocation_ends_the_cached_sessions_that_are_meant_and_no_others() {
    let setting = Setting::new().await;
    for (number, owner, tag) in [
        (2, Some("ada"), Some("lent")),
        (3, Some("bob"), None),
        (4, None, None),
        (5, Some("eve"), Some("lent")),
        (6, None, Some("lent")),
        (7, None, Some("ada")),
    ] {
        let key = &key_of(number);
        let record = &changed!(
            record_of(u32::try_from(number).unwrap()),
            owner = owner.map(Into::into),
            tag = tag.map(Into::into)
        );
        let insert = Command::Insert { key, record };
        setting.model.write(insert, moment_at(0)).await.unwrap();
    }
    let mut loaded = [false; 7];
    for (revoked, expected) in [
        (None, [true; 7]),
        (
            Some(Whose::Owner("ada", Revoke::All)),
            [false, false, true, true, true, true, true],
        ),
        (
            Some(Whose::Owner("bob", Revoke::All)),
            [false, false, false, true, true, true, true],
        ),
        (
            Some(Whose::Tag("lent")),
            [false, false, false, true, false, false, true],
        ),
        (Some(Whose::Everybody), [false; 7]),
    ] {
        if let Some(whose) = revoked {
            let revoke = setting.cached.revoke(whose, moment_at(0));
            assert!(revoke.await.unwrap() > 0);
        }
        let _ = setting.spy.take();
        for (key, loaded) in (1..).zip(&mut loaded) {
            let (key, secret) = (key_of(key), digest_of(PRESENT));
            let found = setting.cached.load(&key, &secret, moment_at(0)).await;
            *loaded = found.unwrap().is_some();
        }
        assert_eq!(loaded, expected, "{revoked:?}");
        // Only loads of ended sessions reached the store.
        let ended = expected.iter().filter(|lives| !**lives).count();
        assert!(revoked.is_none() || setting.spy.calls().load == ended);
    }
}

#[tokio::test]
async fn an_absent_session_is_asked_for_each_time() {
    let setting = Setting::new().await;
    let (key, secret) = (&key_of(2), &digest_of(PRESENT));
    let load = async || {
        let load = setting.cached.load(key, secret, moment_at(0));
        load.await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(load().await, None);
    }
    assert_eq!(setting.spy.take().load, 3);
    let record = &record_of(2);
    let insert = Command::Insert { key, record };
    setting.model.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(load().await, Some(record_of(2)));
}

#[tokio::test]
async fn a_load_by_any_but_the_present_secret_asks_the_store_and_caches_nothing() {
    let setting = Setting::new().await;
    for _ in 0..2 {
        assert_eq!(setting.asked_by(7, moment_at(0)).await, 1);
    }
    // The load did not cache it.
    assert_eq!(setting.asked(moment_at(0)).await, 1);
    assert_eq!(setting.asked(moment_at(0)).await, 0);
    // Loads by the present secret are not affected.
    assert_eq!(setting.asked_by(7, moment_at(0)).await, 1);
    assert_eq!(setting.asked(moment_at(0)).await, 0);
}

#[tokio::test]
async fn a_secret_that_another_node_has_issued_is_known_at_once() {
    let setting = Setting::new().await;
    setting.load(moment_at(0)).await;
    let secrets = changed!(owned(2).secrets, present = digest_of(1));
    let rotated = changed!(owned(2), secrets = secrets);
    let write = setting.model.write(replace_with(&rotated), moment_at(0));
    assert_eq!(write.await.unwrap(), Outcome::Applied);
    assert_eq!(setting.load_by(1, moment_at(0)).await, Some(rotated));
    assert_eq!(setting.asked_by(1, moment_at(0)).await, 0);
    // Loads by the old secret now reach the store.
    assert_eq!(setting.asked(moment_at(0)).await, 1);
}

#[tokio::test]
async fn an_outage_is_seen_within_the_bound_and_by_every_write() {
    let setting = Setting::new().await;
    setting.load(moment_at(0)).await;
    setting.faulty.go_down();
    let (key, secret) = (&key_of(1), &digest_of(PRESENT));
    let load = async |now| setting.cached.load(key, secret, now).await;
    assert!(load(moment_at(59)).await.unwrap().is_some());
    assert!(load(moment_at(60)).await.is_err());
    let write = setting.cached.write(delete(key), moment_at(1));
    assert!(write.await.is_err());
    assert!(load(moment_at(1)).await.is_err());
    let revoke = setting
        .cached
        .revoke(Whose::Owner("ada", Revoke::All), moment_at(1));
    assert!(revoke.await.is_err());
    assert!(
        setting
            .cached
            .devices("ada", None, moment_at(1), 1_000)
            .await
            .is_err()
    );
    assert!(setting.cached.check().await.is_err());
    setting.faulty.come_up();
    assert_eq!(setting.load(moment_at(1)).await, Some(owned(1)));
}

#[tokio::test]
async fn the_cache_adds_no_call_to_a_command() {
    let setting = Setting::new().await;
    let spy = &setting.spy;
    let key = &key_of(1);
    let touch = Command::Touch {
        key,
        expected: Revision::from_i64(1),
        seen: moment_at(1),
        expires: moment_at(150),
    };
    setting.cached.write(touch, moment_at(0)).await.unwrap();
    let record = owned(1);
    let replace = replace_with(&record);
    setting.cached.write(replace, moment_at(0)).await.unwrap();
    let expected = Calls {
        touch: 1,
        replace: 1,
        ..Calls::default()
    };
    assert_eq!(spy.take(), expected);
    let write = setting.cached.write(delete(key), moment_at(0));
    write.await.unwrap();
    let expected = Calls {
        delete: 1,
        ..Calls::default()
    };
    assert_eq!(spy.take(), expected);
}
