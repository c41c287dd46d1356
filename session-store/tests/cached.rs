//! The cache passes the suite in front of any store, and is never behind for longer than it says.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Command, Found, Outcome, Record, Revision, Revoke, Store};
use session_store::{CachedOptions, CachedStore};
use session_testkit::{
    Calls, FaultyStore, ModelStore, SpyStore, key_of, moment_at, record_of, store_suite,
};
use time::OffsetDateTime;

/// The suite moves its own clock only, so that everything it reads twice may come from the cache.
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
    Record {
        owner: Some("ada".into()),
        ..record_of(number)
    }
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

    async fn load(&self, now: OffsetDateTime) -> Option<Record> {
        let found = self.cached.load(&key_of(1), now).await.unwrap();
        found.map(|found| found.record().clone())
    }

    /// Says how often the store was asked for what was loaded now.
    async fn asked(&self, now: OffsetDateTime) -> usize {
        let _ = self.spy.take();
        self.load(now).await;
        self.spy.take().load
    }
}

fn replace_with(record: &Record) -> Command<'_> {
    static KEY: std::sync::LazyLock<session_core::Key> = std::sync::LazyLock::new(|| key_of(1));
    Command::Replace {
        key: &KEY,
        expected: Revision::from_i64(1),
        with: &KEY,
        record,
        remembered: moment_at(0),
    }
}

#[tokio::test]
async fn a_load_is_answered_from_the_cache_within_the_bound_and_never_past_it() {
    let setting = Setting::new().await;
    assert_eq!(setting.asked(moment_at(0)).await, 1);
    let nearly = moment_at(60) - time::Duration::NANOSECOND;
    assert_eq!(setting.asked(nearly).await, 0);
    assert_eq!(setting.asked(moment_at(60)).await, 1);
    assert_eq!(setting.asked(moment_at(61)).await, 0);
}

#[tokio::test]
async fn a_session_is_not_served_past_its_end() {
    let setting = Setting::new().await;
    assert_eq!(setting.asked(moment_at(60)).await, 1);
    let nearly = moment_at(100) - time::Duration::NANOSECOND;
    assert_eq!(setting.asked(nearly).await, 0);
    assert_eq!(setting.load(nearly).await, Some(owned(1)));
    assert_eq!(setting.load(moment_at(100)).await, None);
}

#[tokio::test]
async fn a_clock_that_goes_back_prolongs_nothing() {
    let setting = Setting::new().await;
    setting.load(moment_at(10)).await;
    let before = moment_at(10) - time::Duration::MICROSECOND;
    assert_eq!(setting.asked(before).await, 1);
    // What was read under the new time counts from there.
    assert_eq!(setting.asked(moment_at(69)).await, 0);
    assert_eq!(setting.asked(moment_at(70)).await, 1);
}

#[tokio::test]
async fn a_clock_that_stands_still_prolongs_nothing() {
    let bound = Duration::from_millis(100);
    let options = CachedOptions::new().stale_for(bound);
    let model = ModelStore::new();
    let cached = CachedStore::with(Arc::new(model.clone()), &options).unwrap();
    let (key, record) = (&key_of(1), &owned(1));
    let insert = Command::Insert { key, record };
    cached.write(insert, moment_at(0)).await.unwrap();
    cached.load(key, moment_at(0)).await.unwrap();
    let filled = Instant::now();
    model
        .write(Command::Delete { key }, moment_at(0))
        .await
        .unwrap();
    let mut asked = Instant::now();
    while cached.load(key, moment_at(0)).await.unwrap().is_some() {
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
    let key = &key_of(1);
    let slow = async { cached.load(key, moment_at(0)).await.unwrap() };
    let waiting = async {
        gate.reached().await;
        let reached = Instant::now();
        while reached.elapsed() < bound {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    tokio::join!(slow, waiting);
    cached.load(key, moment_at(0)).await.unwrap();
    assert_eq!(setting.spy.take().load, 2);
}

#[tokio::test]
async fn a_write_is_seen_at_once_whatever_the_store_said() {
    let setting = Setting::new().await;
    let stale = Record {
        revision: Revision::from_i64(9),
        ..owned(2)
    };
    // Applied.
    setting.load(moment_at(0)).await;
    let write = setting.cached.write(replace_with(&stale), moment_at(0));
    assert_eq!(write.await.unwrap(), Outcome::Applied);
    assert_eq!(setting.load(moment_at(0)).await, Some(stale.clone()));
    // Refused: the next load asks the store, or a commit would try in vain for ever.
    let write = setting.cached.write(replace_with(&stale), moment_at(0));
    assert_eq!(write.await.unwrap(), Outcome::Refused);
    assert_eq!(setting.asked(moment_at(0)).await, 1);
    // Failed, but applied.
    setting.faulty.lose_answer(setting.faulty.calls() + 1);
    let delete = Command::Delete { key: &key_of(1) };
    assert!(setting.cached.write(delete, moment_at(0)).await.is_err());
    assert_eq!(setting.load(moment_at(0)).await, None);
}

#[tokio::test]
async fn a_revocation_ends_what_is_cached_of_the_owner_and_of_nobody_else() {
    let setting = Setting::new().await;
    for (number, owner) in [(2, Some("ada")), (3, Some("bob")), (4, None)] {
        let key = &key_of(number);
        let record = &Record {
            owner: owner.map(Into::into),
            ..record_of(u32::try_from(number).unwrap())
        };
        let insert = Command::Insert { key, record };
        setting.model.write(insert, moment_at(0)).await.unwrap();
    }
    let mut loaded = [false; 4];
    for (revoked, expected) in [
        (None, [true; 4]),
        (Some("ada"), [false, false, true, true]),
        (Some("bob"), [false, false, false, true]),
    ] {
        if let Some(owner) = revoked {
            let revoke = setting.cached.revoke(owner, Revoke::All, moment_at(0));
            assert!(revoke.await.unwrap() > 0);
        }
        let _ = setting.spy.take();
        for (key, loaded) in (1..).zip(&mut loaded) {
            let found = setting.cached.load(&key_of(key), moment_at(0)).await;
            *loaded = found.unwrap().is_some();
        }
        assert_eq!(loaded, expected);
        // Only what has ended was asked for.
        let ended = expected.iter().filter(|lives| !**lives).count();
        assert!(revoked.is_none() || setting.spy.calls().load == ended);
    }
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_each_time() {
    let setting = Setting::new().await;
    let key = &key_of(2);
    for _ in 0..3 {
        assert_eq!(setting.cached.load(key, moment_at(0)).await.unwrap(), None);
    }
    assert_eq!(setting.spy.take().load, 3);
    let record = &record_of(2);
    let insert = Command::Insert { key, record };
    setting.model.write(insert, moment_at(0)).await.unwrap();
    let found = setting.cached.load(key, moment_at(0)).await.unwrap();
    assert_eq!(found, Some(Found::Here(record_of(2))));
}

#[tokio::test]
async fn a_moved_session_is_not_cached_under_its_old_key() {
    let setting = Setting::new().await;
    let (old, new, record) = (&key_of(1), &key_of(2), &owned(2));
    let moved = Command::Replace {
        key: old,
        expected: Revision::from_i64(1),
        with: new,
        record,
        remembered: moment_at(10),
    };
    setting.cached.write(moved, moment_at(0)).await.unwrap();
    let _ = setting.spy.take();
    for _ in 0..2 {
        let found = setting.cached.load(old, moment_at(0)).await.unwrap();
        let (to, record) = (*new, owned(2));
        assert_eq!(found, Some(Found::Moved { to, record }));
    }
    assert_eq!(setting.spy.take().load, 2);
    // And a logout by the old one ends what is cached under the new one.
    assert!(
        setting
            .cached
            .load(new, moment_at(0))
            .await
            .unwrap()
            .is_some()
    );
    let delete = Command::Delete { key: old };
    setting.cached.write(delete, moment_at(0)).await.unwrap();
    assert_eq!(setting.cached.load(new, moment_at(0)).await.unwrap(), None);
}

#[tokio::test]
async fn an_outage_is_seen_within_the_bound_and_by_every_write() {
    let setting = Setting::new().await;
    setting.load(moment_at(0)).await;
    setting.faulty.go_down();
    let load = async |now| setting.cached.load(&key_of(1), now).await;
    assert!(load(moment_at(59)).await.unwrap().is_some());
    assert!(load(moment_at(60)).await.is_err());
    let delete = Command::Delete { key: &key_of(1) };
    assert!(setting.cached.write(delete, moment_at(1)).await.is_err());
    assert!(load(moment_at(1)).await.is_err());
    let revoke = setting.cached.revoke("ada", Revoke::All, moment_at(1));
    assert!(revoke.await.is_err());
    assert!(setting.cached.devices("ada", moment_at(1)).await.is_err());
    assert!(setting.cached.check().await.is_err());
    setting.faulty.come_up();
    assert_eq!(setting.load(moment_at(1)).await, Some(owned(1)));
}

#[tokio::test]
async fn each_command_costs_what_it_costs_without_the_cache() {
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
    let delete = Command::Delete { key };
    setting.cached.write(delete, moment_at(0)).await.unwrap();
    let expected = Calls {
        delete: 1,
        ..Calls::default()
    };
    assert_eq!(spy.take(), expected);
}
