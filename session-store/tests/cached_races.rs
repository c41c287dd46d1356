//! Loads that meet a write in the cache, in every order in which their steps can come.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use session_core::{
    Command, Device, Found, Key, Outcome, Record, Revision, Revoke, Store, StoreError,
};
use session_store::CachedStore;
use session_testkit::{ModelStore, key_of, moment_at, record_of};
use time::OffsetDateTime;

/// A store that takes a step for the way to it, one for what it does and one for the way back.
#[derive(Debug, Clone)]
struct SteppingStore {
    model: ModelStore,
    loses_writes_answers: bool,
}

async fn step() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

impl SteppingStore {
    async fn steps<T>(&self, work: impl Future<Output = T>) -> T {
        step().await;
        let answer = work.await;
        step().await;
        answer
    }

    fn lose<T>(&self, answer: T) -> Result<T, StoreError> {
        if self.loses_writes_answers {
            return Err(StoreError::new("the answer was lost"));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Store for SteppingStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        self.steps(self.model.load(key, now)).await
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        self.lose(self.steps(self.model.write(command, now)).await?)
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        self.steps(self.model.sweep(now, limit)).await
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        self.steps(self.model.devices(owner, now)).await
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        self.lose(self.steps(self.model.revoke(owner, which, now)).await?)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.model.check().await
    }
}

/// What may happen to ada's session, which is under key 1 and was under key 0 before.
#[derive(Debug, Clone, Copy)]
enum Write {
    Replace,
    Move,
    MoveInVain,
    Touch,
    Delete,
    DeleteByOldKey,
    RevokeAll,
    RevokeOthers,
}

const WRITES: [Write; 8] = [
    Write::Replace,
    Write::Move,
    Write::MoveInVain,
    Write::Touch,
    Write::Delete,
    Write::DeleteByOldKey,
    Write::RevokeAll,
    Write::RevokeOthers,
];

impl Write {
    async fn run(self, store: &CachedStore) {
        let (now, record) = (moment_at(1), owned(8));
        let replace = |expected, with| Command::Replace {
            key: &KEYS[1],
            expected: Revision::from_i64(expected),
            with,
            record: &record,
            remembered: moment_at(50),
        };
        let command = match self {
            Self::Replace => replace(7, &KEYS[1]),
            Self::Move => replace(7, &KEYS[2]),
            Self::MoveInVain => replace(6, &KEYS[2]),
            Self::Touch => Command::Touch {
                key: &KEYS[1],
                expected: Revision::from_i64(7),
                seen: now,
                expires: moment_at(200),
            },
            Self::Delete => Command::Delete { key: &KEYS[1] },
            Self::DeleteByOldKey => Command::Delete { key: &KEYS[0] },
            Self::RevokeAll | Self::RevokeOthers => {
                let other = record_of(1).public_id;
                let which = match self {
                    Self::RevokeAll => Revoke::All,
                    _ => Revoke::AllBut(&other),
                };
                let _ = store.revoke("ada", which, now).await;
                return;
            }
        };
        let _ = store.write(command, now).await;
    }
}

static KEYS: std::sync::LazyLock<[Key; 3]> = std::sync::LazyLock::new(|| [0, 1, 2].map(key_of));

fn owned(number: u32) -> Record {
    Record {
        owner: Some("ada".into()),
        ..record_of(number)
    }
}

/// One node, and the store's own view.
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
            key: &KEYS[0],
            record: &owned(6),
        };
        let moved = Command::Replace {
            key: &KEYS[0],
            expected: Revision::from_i64(6),
            with: &KEYS[1],
            record: &owned(7),
            remembered: moment_at(50),
        };
        let cached = CachedStore::new(Arc::new(store.clone()));
        for command in [insert, moved] {
            let _ = pollster::block_on(cached.write(command, moment_at(0)));
        }
        Self { store, cached }
    }

    /// Panics unless a load through the cache finds what is stored.
    fn assert_truth(&self, place: &str) {
        for key in &*KEYS {
            let load = |store: &dyn Store| pollster::block_on(store.load(key, moment_at(1)));
            let truth = load(&self.store.model).unwrap();
            assert_eq!(load(&self.cached).unwrap(), truth, "{place}");
        }
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Returns every order in which tasks can take so many turns each.
fn orders(turns: &mut [usize]) -> Vec<Vec<usize>> {
    let mut orders = Vec::new();
    for task in 0..turns.len() {
        if turns[task] > 0 {
            turns[task] -= 1;
            orders.extend(orders_after(task, turns));
            turns[task] += 1;
        }
    }
    if orders.is_empty() {
        orders.push(Vec::new());
    }
    orders
}

fn orders_after(first: usize, turns: &mut [usize]) -> impl Iterator<Item = Vec<usize>> {
    let rest = orders(turns).into_iter();
    rest.map(move |rest| [vec![first], rest].concat())
}

/// Gives the tasks their turns, and then as many as they still need; says when one is done.
fn run(tasks: &mut [Option<Task<'_>>], order: &[usize], mut done: impl FnMut(usize)) {
    let rest = (0..tasks.len()).flat_map(|task| [task; 9]);
    for task in order.iter().copied().chain(rest) {
        let Some(future) = &mut tasks[task] else {
            continue;
        };
        let mut context = Context::from_waker(Waker::noop());
        if future.as_mut().poll(&mut context).is_ready() {
            tasks[task] = None;
            done(task);
        }
    }
    assert!(tasks.iter().all(Option::is_none));
}

fn load<'a>(cached: &'a CachedStore, key: &'a Key) -> Task<'a> {
    Box::pin(async move {
        cached.load(key, moment_at(1)).await.unwrap();
    })
}

/// A step to the store, one in it, one back.
const TURNS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    /// As soon as the write has ended, and from then on.
    AtOnce,
    /// When all is over.
    Late,
}

/// Lets loads meet a write in every order.
fn meet(write: Write, loads: usize, loses_answer: bool, look: Look) {
    for order in orders(&mut vec![TURNS; 1 + loads]) {
        let place = format!("{write:?}, {loses_answer}, {look:?}, {order:?}");
        let setting = Setting::new(loses_answer);
        let cached = &setting.cached;
        let mut tasks = vec![Some(Box::pin(write.run(cached)) as Task<'_>)];
        tasks.extend((0..loads).map(|_| Some(load(cached, &KEYS[1]))));
        let mut is_written = false;
        run(&mut tasks, &order, |task| {
            is_written |= task == 0;
            // Whoever heard of the end of the write, and asks now, sees it.
            if is_written && look == Look::AtOnce {
                setting.assert_truth(&place);
            }
        });
        setting.assert_truth(&place);
    }
}

#[test]
fn no_order_of_a_load_and_a_write_leaves_the_cache_behind() {
    for write in WRITES {
        for loses_answer in [false, true] {
            meet(write, 1, loses_answer, Look::AtOnce);
            meet(write, 1, loses_answer, Look::Late);
        }
    }
}

#[test]
fn no_order_of_two_loads_and_a_write_does_either() {
    meet(Write::Replace, 2, false, Look::AtOnce);
    meet(Write::RevokeAll, 2, false, Look::Late);
}

#[test]
fn a_write_that_is_given_up_at_any_step_leaves_the_cache_right() {
    for write in WRITES {
        for given_up_after in 0..TURNS {
            for order in orders(&mut [given_up_after, TURNS]) {
                let place = format!("{write:?}, {order:?}");
                let setting = Setting::new(false);
                let cached = &setting.cached;
                setting.assert_truth(&place);
                let mut writing = Box::pin(write.run(cached)) as Task<'_>;
                let mut turns = 0;
                let giving_up = poll_fn(|context| {
                    turns += 1;
                    if turns <= given_up_after {
                        return writing.as_mut().poll(context);
                    }
                    writing = Box::pin(async {});
                    Poll::Ready(())
                });
                let mut tasks = [
                    Some(Box::pin(giving_up) as Task<'_>),
                    Some(load(cached, &KEYS[1])),
                ];
                run(&mut tasks, &order, |_| ());
                setting.assert_truth(&place);
            }
        }
    }
}

#[test]
fn a_logout_finds_the_session_that_is_moved_under_its_hands() {
    for order in orders(&mut [TURNS; 2]) {
        let place = format!("{order:?}");
        let setting = Setting::new(false);
        let cached = &setting.cached;
        let mut tasks = [
            Some(Box::pin(Write::Delete.run(cached)) as Task<'_>),
            Some(Box::pin(Write::Move.run(cached)) as Task<'_>),
        ];
        // Once the move has ended, its new id is used, and the session is cached under it.
        run(&mut tasks, &order, |_| setting.assert_truth(&place));
        setting.assert_truth(&place);
    }
}

#[test]
fn a_move_in_vain_does_not_hide_the_one_that_was_made() {
    for loses_answer in [false, true] {
        let setting = Setting::new(loses_answer);
        let cached = &setting.cached;
        let elsewhere = key_of(9);
        let in_vain = Command::Replace {
            key: &KEYS[1],
            expected: Revision::from_i64(7),
            with: &elsewhere,
            record: &owned(9),
            remembered: moment_at(50),
        };
        pollster::block_on(Write::Move.run(cached));
        let _ = pollster::block_on(cached.write(in_vain, moment_at(1)));
        setting.assert_truth("moved");
        pollster::block_on(Write::Delete.run(cached));
        setting.assert_truth("deleted by the old key");
    }
}

#[test]
fn what_was_read_early_does_not_replace_what_was_read_later() {
    let setting = Setting::new(false);
    let Setting { store, cached } = &setting;
    let mut early = load(cached, &KEYS[1]);
    let mut context = Context::from_waker(Waker::noop());
    // It has the answer in its hand.
    for _ in 1..TURNS {
        assert!(early.as_mut().poll(&mut context).is_pending());
    }
    let record = owned(8);
    let replace = Command::Replace {
        key: &KEYS[1],
        expected: Revision::from_i64(7),
        with: &KEYS[1],
        record: &record,
        remembered: moment_at(50),
    };
    // On another node.
    let write = store.model.write(replace, moment_at(1));
    assert_eq!(pollster::block_on(write).unwrap(), Outcome::Applied);
    pollster::block_on(load(cached, &KEYS[1]));
    assert!(early.as_mut().poll(&mut context).is_ready());
    let found = pollster::block_on(cached.load(&KEYS[1], moment_at(1))).unwrap();
    assert_eq!(found, Some(Found::Here(owned(8))));
}
