//! What an id still does after it was renewed: for a moment it can be read, and never written.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::{Exchange, PolicyBuilder, Session, SessionError, Step};
use time::Duration;
use util::{Seen, World, id_of};

const GRACE: Duration = Duration::seconds(10);

/// A session of nobody whose id is renewed by `renew`; returns the old id and the new one.
fn renewed(world: &World, renew: impl FnOnce(&Session)) -> (String, String) {
    let old = world.begin();
    let new = world.request(&old, 200, renew).id().unwrap();
    assert_ne!(old, new);
    (old, new)
}

fn cycled(world: &World) -> (String, String) {
    renewed(world, |session| session.cycle().unwrap())
}

fn signed_in(world: &World) -> (String, String) {
    renewed(world, |session| session.sign_in("ada").unwrap())
}

fn is_renewed<T>(outcome: &Result<T, SessionError>) -> bool {
    matches!(outcome, Err(SessionError::Renewed))
}

/// Everything that writes but signing in and destroying.
fn all_writes_are_refused(session: &Session) -> bool {
    is_renewed(&session.insert("k", 1))
        && is_renewed(&session.update("k", |n: Option<u8>| n.unwrap_or(0)))
        && is_renewed(&session.remove("base"))
        && is_renewed(&session.take::<u8>("base"))
        && is_renewed(&session.clear())
        && is_renewed(&session.cycle())
        && is_renewed(&session.set_lifetime(session_core::Expiry::BrowserClose))
        && !session.is_modified()
}

fn says_nothing(seen: &Seen) -> bool {
    seen.reply.set_cookie().is_none() && seen.calls == ["load"]
}

#[test]
fn with_reads_the_old_id_of_a_cycle_reads_and_does_not_write_or_prolong() {
    let world = World::new(|policy| policy.touch_every(Duration::ZERO).renewal_grace_reads());
    let (old, new) = cycled(&world);
    let before = world.record(&new).unwrap();
    world.advance(GRACE - Duration::MILLISECOND);
    let seen = world.request(&old, 200, |session| {
        assert!(session.is_renewed() && session.exists());
        assert_eq!(session.get("base").unwrap(), Some(1));
        assert_eq!(session.expires_at(), Some(before.expires));
        assert!(all_writes_are_refused(session));
    });
    assert!(says_nothing(&seen));
    assert_eq!(world.record(&new), Some(before));
}

#[test]
fn the_old_id_opens_nothing_and_replaces_no_cookie() {
    for (signs_in, reads) in [(false, false), (true, false), (true, true)] {
        let world = World::new(|policy| {
            if reads {
                policy.renewal_grace_reads()
            } else {
                policy
            }
        });
        let (old, new) = if signs_in {
            signed_in(&world)
        } else {
            cycled(&world)
        };
        let seen = world.request(&old, 200, |session| {
            assert!(session.is_renewed() && !session.exists() && session.is_empty());
            assert_eq!((session.owner(), session.public_id()), (None, None));
            assert!(all_writes_are_refused(session));
        });
        assert!(says_nothing(&seen));
        assert_eq!(&*world.record(&new).unwrap().data, r#"{"base":1}"#);
    }
}

#[test]
fn a_cycle_just_after_a_sign_in_opens_nothing_either() {
    let world = World::new(PolicyBuilder::renewal_grace_reads);
    let (_, signed_in) = signed_in(&world);
    world.request(&signed_in, 200, |session| session.cycle().unwrap());
    world.request(&signed_in, 200, |session| assert!(!session.exists()));
}

#[test]
fn when_the_grace_has_passed_the_old_id_is_unknown() {
    for (grace, wait) in [(GRACE, GRACE), (Duration::ZERO, Duration::ZERO)] {
        let world = World::new(|policy| policy.renewal_grace(grace));
        let (old, _) = cycled(&world);
        world.advance(wait);
        let seen = world.request(&old, 200, |session| {
            assert!(!session.is_renewed() && !session.exists());
            session.insert("k", 1).unwrap();
        });
        assert_eq!(seen.effect(&old), "new");
    }
}

#[test]
fn only_the_last_id_is_remembered() {
    let world = World::new(|policy| policy);
    let (first, second) = cycled(&world);
    world.request(&second, 200, |session| session.cycle().unwrap());
    world.request(&first, 200, |session| assert!(!session.is_renewed()));
    world.request(&second, 200, |session| assert!(session.is_renewed()));
}

#[test]
fn an_error_leaves_the_old_id_as_it_was() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    world.request(&old, 500, |session| session.cycle().unwrap());
    world.request(&old, 200, |session| {
        assert!(!session.is_renewed());
        session.insert("k", 1).unwrap();
    });
}

#[test]
fn beside_the_new_id_the_old_one_does_not_count() {
    let world = World::new(|policy| policy);
    let (old, new) = cycled(&world);
    for pair in [[&old, &new], [&new, &old]] {
        let name = world.policy.cookie_name();
        let both = format!("{}; {name}={}", pair[0], pair[1]);
        world.request(&both, 200, |session| {
            assert!(!session.is_renewed());
            session.insert("k", 1).unwrap();
        });
    }
}

#[test]
fn a_logout_with_the_old_id_ends_the_session() {
    for renew in [cycled, signed_in] {
        let world = World::new(|policy| policy);
        let (old, new) = renew(&world);
        let seen = world.request(&old, 200, |session| session.destroy().unwrap());
        assert_eq!(
            (seen.effect(&old), &*seen.calls),
            ("remove", &["load", "delete"][..])
        );
        assert!(world.record(&new).is_none());

        // The same without a load.
        let world = World::new(|policy| policy);
        let (old, new) = renew(&world);
        let header = format!("{}={old}", world.policy.cookie_name());
        let session = Exchange::open(&world.policy, [header.as_bytes()]).destroy();
        let reply = world.drive(session.finish(200, world.now()).unwrap());
        assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
        assert!(world.record(&new).is_none());
    }
}

#[test]
fn a_second_sign_in_with_the_old_id_is_a_session_of_its_own() {
    for (owner, data) in [("ada", r#"{"base":1}"#), ("bob", "{}")] {
        let world = World::new(|policy| policy);
        let (old, first) = signed_in(&world);
        let seen = world.request(&old, 200, |session| session.sign_in(owner).unwrap());
        assert_eq!(
            (seen.effect(&old), &*seen.calls),
            ("new", &["load", "insert"][..])
        );
        // Whichever answer the browser heeds, it is signed in, and finds its values.
        assert!(world.record(&first).is_some());
        let second = world.record(&seen.id().unwrap()).unwrap();
        assert_eq!(
            (&*second.data, second.owner.as_deref()),
            (data, Some(owner))
        );
    }
}

/// Two requests that have both opened the session; `second` commits after `first`.
fn both(
    world: &World,
    cookie: &str,
    first: impl FnOnce(&Session),
    second: impl FnOnce(&Session),
) -> Seen {
    let slow = world.open(cookie);
    second(&slow);
    world.request(cookie, 200, first);
    let reply = world.drive(slow.finish(200, world.now()).unwrap());
    let calls = std::mem::take(&mut *world.calls.lock().unwrap());
    Seen { reply, calls }
}

fn only_record(world: &World) -> session_core::Record {
    let model = world.model.lock().unwrap();
    let [record] = model.live(world.now())[..] else {
        panic!("not one session: {model:?}");
    };
    record.clone()
}

#[test]
fn what_was_under_way_follows_a_cycle() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = both(
        &world,
        &cookie,
        |session| session.cycle().unwrap(),
        |session| session.insert("late", 2).unwrap(),
    );
    assert!(!seen.reply.is_gone() && seen.reply.set_cookie().is_none());
    assert_eq!(&*only_record(&world).data, r#"{"base":1,"late":2}"#);
}

#[test]
fn what_was_under_way_follows_the_same_owner_and_nobody_else() {
    let world = World::new(|policy| policy);
    let (_, cookie) = signed_in(&world);
    world.advance(Duration::minutes(1));
    let late = |session: &Session| session.insert("late", 2).unwrap();
    let again = |session: &Session| session.sign_in("ada").unwrap();
    let seen = both(&world, &cookie, again, late);
    assert!(!seen.reply.is_gone() && seen.reply.set_cookie().is_none());
    assert_eq!(&*only_record(&world).data, r#"{"base":1,"late":2}"#);

    // A visitor whose id was planted, for one.
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = both(&world, &cookie, again, late);
    assert!(seen.reply.is_gone() && seen.reply.set_cookie().is_none());
    assert_eq!(&*only_record(&world).data, r#"{"base":1}"#);
}

#[test]
fn of_two_cycles_under_way_one_is_enough() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let cycle = |session: &Session| session.cycle().unwrap();
    let seen = both(&world, &cookie, cycle, |session| {
        cycle(session);
        session.insert("late", 2).unwrap();
    });
    assert!(!seen.reply.is_gone() && seen.reply.set_cookie().is_none());
    assert_eq!(&*only_record(&world).data, r#"{"base":1,"late":2}"#);
}

#[test]
fn a_sign_in_under_way_follows_a_cycle_and_has_the_last_word() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = both(
        &world,
        &cookie,
        |session| session.cycle().unwrap(),
        |session| session.sign_in("ada").unwrap(),
    );
    let new = seen.id().unwrap();
    assert_eq!(world.record(&new), Some(only_record(&world)));
    assert_eq!(only_record(&world).owner.as_deref(), Some("ada"));
}

#[test]
fn a_renewal_whose_answer_was_lost_is_found_again() {
    for renew in [
        |session: &Session| session.cycle(),
        |session: &Session| session.sign_in("ada"),
    ] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let session = world.open(&cookie);
        renew(&session).unwrap();
        session.insert("k", 2).unwrap();
        // An early save is applied, and nobody hears of it.
        let Step::Write(write) = session.commit(world.now()).unwrap() else {
            panic!("nothing to write");
        };
        world.write(write.command());
        drop(write);
        session.insert("late", 3).unwrap();
        let reply = world.drive(session.finish(200, world.now()).unwrap());
        let new = id_of(&reply).unwrap();
        assert_eq!(world.record(&new), Some(only_record(&world)));
        assert_eq!(&*only_record(&world).data, r#"{"base":1,"k":2,"late":3}"#);
    }
}
