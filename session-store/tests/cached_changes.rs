//! A cache tells those who wait for a change of a session.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use session_core::{Command, Only, Policy, Revoke, Sessions, Store, Whose};
use session_store::{CachedOptions, CachedStore};
use session_testkit::{FaultyStore, ModelStore, digest_of, key_of, moment_at};

struct Node {
    faulty: FaultyStore,
    cached: CachedStore,
}

impl Node {
    fn new() -> Self {
        let faulty = FaultyStore::new(ModelStore::new());
        let cached = CachedStore::new(Arc::new(faulty.clone()));
        Self { faulty, cached }
    }
}

#[test]
fn whoever_waits_for_a_change_is_told_of_what_may_have_changed() {
    type Act = fn(&Node);
    let rows: [(&str, Act, bool); 10] = [
        ("nothing", |_| {}, false),
        (
            "a load",
            |it| {
                let (key, secret) = (&key_of(1), &digest_of(0));
                let load = it.cached.load(key, secret, moment_at(0));
                assert!(pollster::block_on(load).is_ok());
            },
            false,
        ),
        ("a logout here", |it| log_out(it, 1), true),
        ("a logout of another session", |it| log_out(it, 2), false),
        (
            "a logout whose answer is lost",
            |it| {
                it.faulty.lose_answer(it.faulty.calls() + 1);
                log_out(it, 1);
            },
            true,
        ),
        (
            "a revocation here",
            |it| {
                let whose = Whose::Owner("ada", Revoke::All);
                assert!(pollster::block_on(it.cached.revoke(whose, moment_at(0))).is_ok());
            },
            true,
        ),
        (
            "a notice of the key",
            |it| it.cached.invalidator().invalidate(&key_of(1)),
            true,
        ),
        (
            "a notice of an owner",
            |it| it.cached.invalidator().invalidate_owner("ada"),
            true,
        ),
        (
            "a notice of a tag",
            |it| it.cached.invalidator().invalidate_tag("t"),
            true,
        ),
        (
            "a lost connection",
            |it| it.cached.invalidator().invalidate_all(),
            true,
        ),
    ];
    for (name, act, is_told) in rows {
        let node = Node::new();
        let key = key_of(1);
        let mut changed = pin!(node.cached.changed(&key));
        assert!(!is_ready(changed.as_mut()), "{name}");
        act(&node);
        assert_eq!(is_ready(changed.as_mut()), is_told, "{name}");
    }
}

#[test]
fn a_watcher_behind_a_cache_hears_of_another_nodes_logout_by_its_notice() {
    for has_notice in [false, true] {
        let model = ModelStore::new();
        let options = CachedOptions::new().stale_for(Duration::from_mins(1));
        let cached = CachedStore::with(Arc::new(model.clone()), &options).unwrap();
        let here = Sessions::new(Policy::default(), cached.clone());
        let elsewhere = Sessions::new(Policy::default(), model);
        let request = here.open([]);
        let session = pollster::block_on(request.handle().load()).unwrap();
        session.sign_in("ada").unwrap();
        pollster::block_on(session.save()).unwrap();
        // Long waits never end.
        let sleep = |time: Duration| async move {
            if time > Duration::from_millis(100) {
                pending::<()>().await;
            }
        };
        let mut ended = pin!(session.ended(sleep).unwrap());
        assert!(!is_ready(ended.as_mut()));
        let revoked = pollster::block_on(elsewhere.revoke("ada", Revoke::All));
        assert_eq!(revoked.unwrap(), 1);
        assert!(!is_ready(ended.as_mut()));
        if has_notice {
            cached.invalidator().invalidate_owner("ada");
        }
        assert_eq!(is_ready(ended.as_mut()), has_notice);
    }
}

fn log_out(node: &Node, number: u64) {
    let (key, only) = (&key_of(number), Only::Always);
    drop(pollster::block_on(
        node.cached
            .write(Command::Delete { key, only }, moment_at(0)),
    ));
}

fn is_ready(future: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context).is_ready()
}
