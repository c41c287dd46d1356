//! Expired sessions are freed from a server's start to its end, on no runtime at all.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pollster::block_on;
use session_core::{Command, ManualClock, Policy, Sessions, Store};
use session_testkit::{FaultyStore, ModelStore, SpyStore, key_of, moment_at, record_of};

const MINUTE: Duration = Duration::from_mins(1);

struct Setting {
    sessions: Sessions,
    model: ModelStore,
    faulty: FaultyStore,
    spy: SpyStore,
}

/// A store with sessions of which all are over.
fn setting(count: u64) -> Setting {
    let model = ModelStore::new();
    let faulty = FaultyStore::new(model.clone());
    let spy = SpyStore::new(faulty.clone());
    let clock = Arc::new(ManualClock::new(moment_at(0)));
    for number in 0..count {
        let (key, record) = (&key_of(number), &record_of(1));
        let insert = model.write(Command::Insert { key, record }, moment_at(0));
        block_on(insert).unwrap();
    }
    clock.advance(Duration::from_hours(168 * 100));
    let policy = Policy::builder().clock(clock).build().unwrap();
    Setting {
        sessions: Sessions::new(policy, spy.clone()),
        model,
        faulty,
        spy,
    }
}

/// Is ready when a cell says so; nobody has to wake a future that is polled by hand.
fn when(cell: &Cell<bool>) -> impl Future<Output = ()> {
    poll_fn(|_| {
        if cell.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

fn is_over(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context).is_ready()
}

#[test]
fn a_sweep_goes_on_until_all_are_freed_and_rests_for_the_interval() {
    let setting = setting(200);
    let pauses = Cell::new(0);
    let stop = Cell::new(false);
    let pause = |time| {
        pauses.set(pauses.get() + 1);
        stop.set(time == MINUTE);
        ready(())
    };
    block_on(setting.sessions.sweep_every(MINUTE, pause, when(&stop)));
    assert_eq!(setting.model.len(), 0);
    // Three single ones, 64, 128 and the rest.
    assert_eq!((setting.spy.calls().sweep, pauses.get()), (6, 6));
}

#[test]
fn a_store_that_fails_is_asked_again_after_the_interval() {
    let setting = setting(2);
    setting.faulty.go_down();
    let pauses = Cell::new(0);
    let pause = |time| {
        assert_eq!(
            (time, pauses.get()),
            (MINUTE, setting.spy.calls().sweep - 1)
        );
        pauses.set(pauses.get() + 1);
        if pauses.get() == 2 {
            setting.faulty.come_up();
        }
        ready(())
    };
    let stop = Cell::new(false);
    let mut sweeps = pin!(setting.sessions.sweep_every(MINUTE, pause, when(&stop)));
    while pauses.get() < 2 {
        assert!(!is_over(sweeps.as_mut()));
    }
    assert_eq!(setting.model.len(), 2);
}

#[test]
fn an_interval_below_a_second_is_a_second() {
    let setting = setting(0);
    let stop = Cell::new(false);
    let pause = |time| {
        assert_eq!(time, Duration::from_secs(1));
        stop.set(true);
        pending()
    };
    let sweeps = setting
        .sessions
        .sweep_every(Duration::ZERO, pause, when(&stop));
    block_on(sweeps);
    assert_eq!(setting.spy.calls().sweep, 1);
}

#[test]
fn a_batch_is_finished_before_the_end() {
    let setting = setting(200);
    let gate = setting.faulty.pause_before(1);
    let sweeps = setting
        .sessions
        .sweep_every(MINUTE, |_| pending(), ready(()));
    let mut sweeps = pin!(sweeps);
    assert!(!is_over(sweeps.as_mut()));
    gate.open();
    assert!(is_over(sweeps.as_mut()));
    assert_eq!((setting.model.len(), setting.spy.calls().sweep), (199, 1));
}

#[test]
fn a_session_is_freed_once_it_is_over_for_longer_than_clocks_may_differ() {
    for (after, is_freed) in [(0, false), (299, false), (300, true)] {
        let model = ModelStore::new();
        let (key, record) = (&key_of(1), &record_of(1));
        let insert = model.write(Command::Insert { key, record }, moment_at(0));
        block_on(insert).unwrap();
        let clock = ManualClock::new(record.expires + time::Duration::seconds(after));
        let policy = Policy::builder().clock(clock).build().unwrap();
        let sessions = Sessions::new(policy, model.clone());
        block_on(sessions.sweep_every(MINUTE, |_| ready(()), ready(())));
        assert_eq!(model.is_empty(), is_freed, "{after}");
    }
}
