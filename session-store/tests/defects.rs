//! What went wrong in caches and stores of other libraries: each test fails if it does here.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cached", feature = "memory"))]

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use pollster::block_on;
use session_core::{Command, Finish, Only, Outcome, Policy, Revoke, Sessions, Store, Whose};
use session_store::{CachedOptions, CachedStore, MemoryStore};
use session_testkit::{FaultyStore, ModelStore, changed, digest_of, key_of, moment_at, record_of};

/// A hundred bytes each would be ten megabytes.
#[test]
fn made_up_ids_are_neither_stored_nor_kept_in_memory() {
    let memory = MemoryStore::new();
    let cached = CachedStore::new(Arc::new(memory.clone()));
    let policy = Policy::builder().touch_every(Duration::ZERO);
    let sessions = Sessions::new(policy.build().unwrap(), cached);
    let visit = |number: u32| {
        let header = format!("__Host-session={number:048}");
        let request = sessions.open([header.as_bytes()]);
        let session = block_on(request.handle().load()).unwrap();
        assert!(!session.exists());
        let reply = match request.finish(200).unwrap() {
            Finish::Done(reply) => reply,
            Finish::Pending(commit) => block_on(commit.run()).unwrap(),
        };
        assert!(reply.is_opened() && reply.set_cookie().is_none());
    };
    (0..1_000).for_each(visit);
    let used = allocation_counter::measure(|| (1_000..100_000).for_each(visit));
    assert!(used.bytes_current < 1 << 20, "{}", used.bytes_current);
    assert!(memory.is_empty());
}

#[test]
fn a_sweep_that_waits_for_its_store_holds_up_no_request_of_its_thread() {
    block_on(async {
        let faulty = FaultyStore::new(MemoryStore::new());
        let cached = CachedStore::new(Arc::new(faulty.clone()));
        for number in 1..=2 {
            let (key, record) = (&key_of(number), &record_of(1));
            let insert = Command::Insert { key, record };
            cached.write(insert, moment_at(0)).await.unwrap();
        }
        let load = async |number| {
            let (key, secret) = (&key_of(number), &digest_of(0));
            cached.load(key, secret, moment_at(0)).await.unwrap()
        };
        assert!(load(1).await.is_some());
        let gate = faulty.pause_before(faulty.calls() + 1);
        let mut sweep = pin!(cached.sweep(moment_at(0), 10));
        assert!(sweep.as_mut().now_or_never().is_none());
        // One that is cached, one that is not, one that is made up, and a write.
        for (number, exists) in [(1, true), (2, true), (3, false)] {
            let found = load(number).now_or_never().unwrap();
            assert_eq!(found.is_some(), exists, "{number}");
        }
        let (key, only) = (&key_of(1), Only::Always);
        let delete = cached.write(Command::Delete { key, only }, moment_at(0));
        assert_eq!(delete.now_or_never().unwrap().unwrap(), Outcome::Applied);
        gate.open();
        assert_eq!(sweep.await.unwrap(), 0);
    });
}

#[test]
fn every_command_does_its_work_after_the_cached_copy_is_too_old() {
    block_on(async {
        let model = ModelStore::new();
        let options = CachedOptions::new().stale_for(Duration::from_secs(10));
        let cached = CachedStore::with(Arc::new(model.clone()), &options).unwrap();
        let (key, secret) = (&key_of(1), &digest_of(0));
        let write = async |command, second| {
            // Whatever is cached is too old 20 seconds later.
            let outcome = cached.write(command, moment_at(second)).await;
            assert_eq!(outcome.unwrap(), Outcome::Applied, "at second {second}");
            let load = cached.load(key, secret, moment_at(second));
            load.await.unwrap()
        };
        let record = &changed!(record_of(1), owner = Some("ada".into()));
        let expected = record.revision;
        assert!(write(Command::Insert { key, record }, 0).await.is_some());
        let (seen, expires) = (moment_at(20), moment_at(150));
        let touch = Command::Touch {
            key,
            expected,
            seen,
            expires,
        };
        assert_eq!(write(touch, 20).await.unwrap().expires, expires);
        let record = &changed!(record_of(2), expires = expires);
        let replace = Command::Replace {
            key,
            expected,
            record,
        };
        let found = write(replace, 40).await.unwrap();
        assert_eq!((found.revision, found.owner), (record.revision, None));
        let only = Only::Opened(secret);
        assert_eq!(write(Command::Delete { key, only }, 60).await, None);
        assert!(model.is_empty());

        let record = &changed!(record_of(1), owner = Some("ada".into()));
        assert!(write(Command::Insert { key, record }, 60).await.is_some());
        let everything = Whose::Owner("ada", Revoke::All);
        let revoked = cached.revoke(everything, moment_at(80)).await;
        assert_eq!(revoked.unwrap(), 1);
        let load = cached.load(key, secret, moment_at(80));
        assert_eq!(load.await.unwrap(), None);
        assert!(model.is_empty());
    });
}
