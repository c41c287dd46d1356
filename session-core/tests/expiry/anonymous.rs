//! A shorter idle limit for the sessions that nobody has signed in to.

use std::time::Duration;

use session_core::{Expiry, PolicyBuilder, Session, Store};
use session_testkit::ModelStore;

use crate::util::World;
use crate::{DAY, HOUR, MINUTE, lives};

type Act = fn(&Session);

type Begin = fn(&World) -> String;
type Policy = fn(PolicyBuilder) -> PolicyBuilder;

/// From what, how long after, what is done: the cookie's new age, what is left in the store.
struct Row(
    &'static str,
    Begin,
    Duration,
    Act,
    Option<Duration>,
    Duration,
);

/// Two weeks for owners, an hour for others.
fn short(policy: PolicyBuilder) -> PolicyBuilder {
    policy.anonymous_idle(HOUR)
}

fn write(session: &Session) {
    session.insert("k", 1).unwrap();
}

fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}

fn owned(world: &World) -> String {
    world.request("", 200, sign_in).id().unwrap()
}

#[test]
fn the_limit_is_that_of_who_is_signed_in_after_the_request() {
    let (nothing, nobody): (Begin, Begin) = (|_| String::new(), World::begin);
    let own: Begin = |world| {
        let cookie = world.begin();
        world.request(&cookie, 200, |s| s.set_expiry(Expiry::After(DAY)).unwrap());
        cookie
    };
    let none: Act = |_| {};
    #[rustfmt::skip]
    let rows: &[Row] = &[
        Row("a first value", nothing, MINUTE, write, Some(HOUR), HOUR),
        Row("a first sign-in", nothing, MINUTE, sign_in, Some(DAY * 14), DAY * 14),
        Row("a read", nobody, MINUTE * 5, none, None, MINUTE * 55),
        Row("a read when it is due", nobody, MINUTE * 6, none, Some(HOUR), HOUR),
        Row("a write", nobody, MINUTE * 5, write, None, MINUTE * 55),
        Row("a write when it is due", nobody, MINUTE * 6, write, Some(HOUR), HOUR),
        Row("a new id", nobody, MINUTE, |s| s.cycle().unwrap(), Some(MINUTE * 59), MINUTE * 59),
        Row("a sign-in", nobody, MINUTE, sign_in, Some(DAY * 14), DAY * 14),
        Row("an owner's read", owned, HOUR * 2, none, None, HOUR * (24 * 14 - 2)),
        Row("an owner's read when it is due", owned, DAY * 2, none, Some(DAY * 14), DAY * 14),
        Row("a clear is no sign-out", owned, DAY * 2, |s| { write(s); s.clear().unwrap(); }, Some(DAY * 14), DAY * 14),
        Row("a sign-out, and a value", owned, HOUR * 2, |s| { s.destroy().unwrap(); write(s); }, Some(HOUR), HOUR),
        Row("a sign-out, and a sign-in", owned, HOUR * 2, |s| { s.destroy().unwrap(); sign_in(s); }, Some(DAY * 14), DAY * 14),
        Row("a lifetime of its own", nobody, MINUTE, |s| s.set_expiry(Expiry::After(DAY)).unwrap(), Some(DAY), DAY),
        Row("the policy's again", own, MINUTE, |s| s.set_expiry(Expiry::Policy).unwrap(), Some(HOUR), HOUR),
        Row("until the browser closes", nobody, MINUTE, |s| s.set_expiry(Expiry::BrowserClose).unwrap(), None, HOUR),
        Row("a lifetime of its own, and a sign-in", own, MINUTE, sign_in, Some(DAY), DAY),
    ];
    for Row(case, begin, after, act, age, left) in rows {
        let world = World::new(short);
        let cookie = begin(&world);
        world.advance(*after);
        let seen = world.request(&cookie, 200, |session| {
            act(session);
            assert_eq!(session.expires_in(), Some(*left), "{case}: said");
        });
        assert_eq!(seen.max_age(), age.map(|age| age.as_secs()), "{case}: age");
        let record = world.record(&seen.id().unwrap_or(cookie)).unwrap();
        assert_eq!(record.expires - world.now(), *left, "{case}: stored");
    }
}

#[test]
fn a_session_of_nobody_ends_after_its_limit_and_one_in_use_lives_on() {
    let world = World::new(short);
    let (idle, busy) = (world.begin(), world.begin());
    for _ in 0..60 {
        assert!(lives(&world, &idle));
        world.advance(MINUTE);
        world.request(&busy, 200, |session| assert!(session.exists()));
    }
    assert!(!lives(&world, &idle));
    world.advance(MINUTE * 54);
    assert!(lives(&world, &busy));
    world.advance(MINUTE * 6);
    assert!(!lives(&world, &busy));
}

#[test]
fn reading_extends_it_by_its_own_throttle() {
    #[rustfmt::skip]
    let rows: &[(Policy, Duration)] = &[
        // The policy: the interval.
        (|p| p, MINUTE * 6),
        (|p| p.touch_every(DAY), MINUTE * 6),
        (|p| p.touch_every(MINUTE), MINUTE),
        (|p| p.touch_every(Duration::ZERO), Duration::from_micros(1)),
        (|p| p.touch_never(), HOUR),
    ];
    for (row, (policy, interval)) in rows.iter().enumerate() {
        let world = World::new(|builder| policy(short(builder)));
        let cookie = world.begin();
        world.advance(interval.saturating_sub(Duration::from_micros(1)));
        assert_eq!(world.request(&cookie, 200, |_| {}).calls, ["load"], "{row}");
        world.advance(Duration::from_micros(1));
        let calls = world.request(&cookie, 200, |_| {}).calls;
        assert_eq!(calls.len() == 2, *interval < HOUR, "{row}");
    }
}

#[test]
fn it_holds_at_once_for_sessions_from_before_the_setting() {
    let before = World::new(|policy| policy);
    let (nobodys, owned) = (before.begin(), owned(&before));
    let world = World::new(short);
    *world.model.lock().unwrap() = before.model.lock().unwrap().clone();
    assert!(lives(&world, &nobodys));
    world.advance(HOUR);
    assert!(!lives(&world, &nobodys));
    assert!(lives(&world, &owned));
}

#[test]
fn the_earlier_of_it_and_the_absolute_limit_counts() {
    for (absolute, left) in [(MINUTE * 30, MINUTE * 30), (DAY, HOUR)] {
        let world = World::new(|policy| short(policy).absolute(absolute));
        let seen = world.request("", 200, write);
        assert_eq!(seen.max_age(), Some(left.as_secs()));
    }
}

#[test]
fn a_sweep_removes_bots_rows_when_their_limit_is_over() {
    let world = World::new(short);
    let store = ModelStore::new();
    let sessions = session_core::Sessions::new((*world.policy).clone(), store.clone());
    pollster::block_on(async {
        for visitor in 0..5 {
            let request = sessions.open([]);
            let session = request.handle().load().await.unwrap();
            session.insert("visits", 1).unwrap();
            if visitor == 0 {
                session.sign_in("ada").unwrap();
            }
            let _ = request.commit(200).await.unwrap();
        }
        let sweep = async || store.sweep(world.now(), 100).await.unwrap();
        world.advance(MINUTE * 59);
        assert_eq!(sweep().await, 0);
        world.advance(MINUTE);
        assert_eq!(sweep().await, 4);
        world.advance(DAY * 14);
        assert_eq!(sweep().await, 1);
    });
}

#[test]
fn where_a_new_id_is_a_new_key_the_limit_is_the_owners_too() {
    let world = World::new(|policy| short(policy).plain_ids());
    let cycle: Act = |session| session.cycle().unwrap();
    let nobodys = world.begin();
    for (cookie, act, left) in [
        (nobodys.clone(), cycle, HOUR),
        (owned(&world), cycle, DAY * 14),
        (world.begin(), sign_in, DAY * 14),
    ] {
        world.advance(MINUTE);
        let seen = world.request(&cookie, 200, act);
        assert_eq!(seen.max_age(), Some(left.as_secs()));
        let record = world.record(&seen.id().unwrap()).unwrap();
        assert_eq!(record.expires - world.now(), left);
    }
}
