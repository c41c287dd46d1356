//! Loads and writes of the cache, in every interleaving of their steps.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

mod schedule;
mod stepping;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use session_core::{
    Command, Only, Outcome, Record, Remembered, Revision, Revoke, Secrets, Store, Whose,
};
use session_store::CachedStore;
use session_testkit::{ModelStore, changed, digest_of, key_of, moment_at, record_of};

use self::schedule::{Task, orders, run};
use self::stepping::{STEPS, SteppingStore};

/// A write to ada's session, whose secret was rotated before.
#[derive(Debug, Clone, Copy)]
enum Write {
    Replace,
    ReplaceRefused,
    ReplaceByOneThatIsOver,
    Rotate,
    Touch,
    Delete,
    DeleteByPresentSecret,
    DeleteByRememberedSecret,
    DeleteIfOver,
    RevokeAll,
    RevokeOthers,
}

const WRITES: [Write; 11] = [
    Write::Replace,
    Write::ReplaceRefused,
    Write::ReplaceByOneThatIsOver,
    Write::Rotate,
    Write::Touch,
    Write::Delete,
    Write::DeleteByPresentSecret,
    Write::DeleteByRememberedSecret,
    Write::DeleteIfOver,
    Write::RevokeAll,
    Write::RevokeOthers,
];

impl Write {
    async fn run(self, store: &CachedStore) {
        let (key, now) = (&key_of(1), moment_at(1));
        let (changed, rotated) = (hers(8, 1), hers(8, 2));
        let over = changed!(hers(8, 1), expires = now);
        let replace = |expected, record| Command::Replace {
            key,
            expected: Revision::from_i64(expected),
            record,
        };
        let delete = |only| Command::Delete { key, only };
        let [remembered, present, _] = SECRETS.map(digest_of);
        let command = match self {
            Self::Replace => replace(7, &changed),
            Self::ReplaceRefused => replace(6, &changed),
            Self::ReplaceByOneThatIsOver => replace(7, &over),
            Self::Rotate => replace(7, &rotated),
            Self::Touch => Command::Touch {
                key,
                expected: Revision::from_i64(7),
                seen: now,
                expires: moment_at(200),
            },
            Self::Delete => delete(Only::Always),
            Self::DeleteByPresentSecret => delete(Only::Opened(&present)),
            Self::DeleteByRememberedSecret => delete(Only::Opened(&remembered)),
            Self::DeleteIfOver => delete(Only::Over(moment_at(100))),
            Self::RevokeAll | Self::RevokeOthers => {
                let other = key_of(2).public_id();
                let which = match self {
                    Self::RevokeAll => Revoke::All,
                    _ => Revoke::AllBut(&other),
                };
                let _ = store.revoke(Whose::Owner("ada", which), now).await;
                return;
            }
        };
        let _ = store.write(command, now).await;
    }
}

/// The remembered secret, the present one, and the one that a rotation issues.
const SECRETS: [u64; 3] = [0, 1, 2];

/// Returns ada's session with a secret and the one before it.
fn hers(revision: u32, secret: u64) -> Record {
    changed!(
        record_of(revision),
        owner = Some("ada".into()),
        secrets = changed!(
            Secrets::new(digest_of(secret), moment_at(0)),
            remembered = Some(Remembered::new(digest_of(secret - 1), moment_at(50)))
        )
    )
}

/// A node with a cache, and its store.
struct Setting {
    store: SteppingStore,
    cached: CachedStore,
}

impl Setting {
    fn new(loses_writes_answers: bool) -> Self {
        let store = SteppingStore {
            model: ModelStore::new(),
            loses_writes_answers,
        };
        let insert = Command::Insert {
            key: &key_of(1),
            record: &hers(7, 1),
        };
        let cached = CachedStore::new(Arc::new(store.clone()));
        let _ = pollster::block_on(cached.write(insert, moment_at(0)));
        Self { store, cached }
    }

    /// Panics unless loads through the cache find the stored record by every secret.
    fn assert_truth(&self, context: &str) {
        for secret in SECRETS {
            let found = find(&self.cached, secret);
            assert_eq!(found, find(&self.store.model, secret), "{context}");
        }
    }
}

fn find(store: &dyn Store, secret: u64) -> Option<Record> {
    pollster::block_on(store.load(&key_of(1), &digest_of(secret), moment_at(1))).unwrap()
}

fn load(cached: &CachedStore, secret: u64) -> Task<'_> {
    Box::pin(async move {
        let (key, secret) = (&key_of(1), &digest_of(secret));
        cached.load(key, secret, moment_at(1)).await.unwrap();
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    /// After the write, and after each later step.
    AtOnce,
    /// After all steps.
    Late,
}

/// Runs loads by these secrets and a write in every interleaving.
fn meet(write: Write, loads: &[u64], loses_answer: bool, look: Look) {
    for order in orders(&mut vec![STEPS; 1 + loads.len()]) {
        let context = format!("{write:?}, {loads:?}, {loses_answer}, {look:?}, {order:?}");
        let setting = Setting::new(loses_answer);
        let cached = &setting.cached;
        let mut tasks = vec![Some(Box::pin(write.run(cached)) as Task<'_>)];
        tasks.extend(loads.iter().map(|secret| Some(load(cached, *secret))));
        let mut is_written = false;
        run(&mut tasks, &order, |task| {
            is_written |= task == 0;
            // Every load that begins after the write has ended sees it.
            if is_written && look == Look::AtOnce {
                setting.assert_truth(&context);
            }
        });
        setting.assert_truth(&context);
    }
}

#[test]
fn no_order_of_a_load_and_a_write_leaves_the_cache_behind() {
    for write in WRITES {
        for loses_answer in [false, true] {
            for secret in SECRETS {
                meet(write, &[secret], loses_answer, Look::AtOnce);
                meet(write, &[secret], loses_answer, Look::Late);
            }
        }
    }
}

#[test]
fn no_order_of_two_loads_and_a_write_does_either() {
    meet(Write::Replace, &[1, 1], false, Look::AtOnce);
    meet(Write::Rotate, &[1, 2], false, Look::AtOnce);
    meet(Write::RevokeAll, &[1, 1], false, Look::Late);
}

#[test]
fn a_write_that_is_cancelled_at_any_step_leaves_the_cache_right() {
    for write in WRITES {
        for cancelled_after in 0..STEPS {
            for order in orders(&mut [cancelled_after, STEPS]) {
                let context = format!("{write:?}, {order:?}");
                let setting = Setting::new(false);
                let cached = &setting.cached;
                setting.assert_truth(&context);
                let mut writing = Box::pin(write.run(cached)) as Task<'_>;
                let mut steps = 0;
                let cancelling = poll_fn(|context| {
                    steps += 1;
                    if steps <= cancelled_after {
                        return writing.as_mut().poll(context);
                    }
                    writing = Box::pin(async {});
                    Poll::Ready(())
                });
                let mut tasks = [
                    Some(Box::pin(cancelling) as Task<'_>),
                    Some(load(cached, 1)),
                ];
                run(&mut tasks, &order, |_| ());
                setting.assert_truth(&context);
            }
        }
    }
}

#[test]
fn no_order_of_a_logout_and_a_rotation_leaves_the_cache_behind() {
    for order in orders(&mut [STEPS; 2]) {
        let context = format!("{order:?}");
        let setting = Setting::new(false);
        let cached = &setting.cached;
        let mut tasks = [
            Some(Box::pin(Write::DeleteByPresentSecret.run(cached)) as Task<'_>),
            Some(Box::pin(Write::Rotate.run(cached)) as Task<'_>),
        ];
        // As soon as the rotation has ended, the session is cached for its new secret.
        run(&mut tasks, &order, |_| setting.assert_truth(&context));
        // The old secret is remembered, so the session has ended in either order.
        assert_eq!(find(&setting.store.model, 2), None, "{context}");
        setting.assert_truth(&context);
    }
}

#[test]
fn a_slow_load_does_not_replace_a_later_one() {
    let setting = Setting::new(false);
    let Setting { store, cached } = &setting;
    let mut early = load(cached, 1);
    let mut context = Context::from_waker(Waker::noop());
    // The store has answered, and the cache has not stored the answer yet.
    for _ in 1..STEPS {
        assert!(early.as_mut().poll(&mut context).is_pending());
    }
    let replace = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(7),
        record: &hers(8, 1),
    };
    // On another node.
    let write = store.model.write(replace, moment_at(1));
    assert_eq!(pollster::block_on(write).unwrap(), Outcome::Applied);
    pollster::block_on(load(cached, 1));
    assert!(early.as_mut().poll(&mut context).is_ready());
    assert_eq!(find(cached, 1), Some(hers(8, 1)));
}
