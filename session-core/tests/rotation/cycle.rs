//! Both secrets of a cycle, within the grace and after it.

use std::time::Duration;

use crate::request::{
    GRACE, NEARLY_THE_GRACE, cycle, nothing, reauthenticate, rotated, signed_in, write,
};
use crate::util::World;

#[test]
fn what_both_secrets_write_is_in_one_session() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, cycle);
    world.request(&old, 200, |session| session.insert("old", 1).unwrap());
    world.request(&new, 200, |session| session.insert("new", 1).unwrap());
    assert_eq!(&*world.only_record().data, r#"{"base":1,"old":1,"new":1}"#);
}

#[test]
fn a_remembered_secret_extends_no_life_within_the_grace() {
    let world = World::new(|policy| policy.touch_every(Duration::ZERO).until_browser_close());
    let (old, new) = rotated(&world, cycle);
    let expires = world.record(&new).unwrap().expires;
    world.advance(NEARLY_THE_GRACE);
    let seen = world.request(&old, 200, write);
    assert_eq!(seen.calls, ["load", "replace"]);
    assert_eq!(world.record(&new).unwrap().expires, expires);
    world.request(&new, 200, nothing);
    assert!(world.record(&new).unwrap().expires > expires);
}

#[test]
fn without_a_grace_the_old_secret_opens_until_the_new_one_is_presented() {
    let world = World::new(|policy| policy.rotation_grace(Duration::ZERO));
    let (old, new) = rotated(&world, cycle);
    let again = world.request(&old, 200, nothing);
    assert_eq!(again.id().as_ref(), Some(&new));
    world.request(&new, 200, nothing);
    world.request(&old, 200, |session| assert!(!session.exists()));
}

#[test]
fn an_answer_that_is_lost_time_and_again_logs_nobody_out() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, cycle);
    for _ in 0..5 {
        world.advance(Duration::from_hours(24));
        let seen = world.request(&old, 200, |session| assert!(session.exists()));
        assert_eq!(seen.id().as_ref(), Some(&new));
    }
    world.request(&new, 200, |session| assert!(session.exists()));
}

#[test]
fn a_secret_that_was_rotated_twice_is_unknown() {
    let world = World::new(|policy| policy);
    let (first, second) = rotated(&world, cycle);
    world.request(&second, 200, nothing);
    world.advance(GRACE);
    let third = world.request(&second, 200, cycle).id().unwrap();
    let seen = world.request(&first, 200, |session| {
        assert!(!session.exists() && !session.is_superseded());
        write(session);
    });
    assert_eq!(seen.effect(&first), "new");
    assert!(world.record(&third).is_some());
}

#[test]
fn a_dead_secret_is_unknown_when_no_answer_can_be_under_way() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, cycle);
    world.request(&new, 200, nothing);
    world.advance(GRACE + world.policy.clock_skew());
    let seen = world.request(&old, 200, write);
    assert_eq!(
        (seen.effect(&old), &*seen.calls),
        ("new", &["load", "insert"][..])
    );
}

#[test]
fn a_slow_request_writes_although_its_secret_died_meanwhile() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let slow = world.open(&old);
    let new = world.request(&old, 200, cycle).id().unwrap();
    world.request(&new, 200, nothing);
    world.advance(GRACE * 2);
    write(&slow);
    let seen = world.finish(slow, 200);
    assert!(!seen.reply.is_gone() && seen.reply.set_cookie().is_none());
    world.request(&new, 200, |session| assert!(session.contains("k")));
}

#[test]
fn two_rotations_in_one_request_are_one() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let seen = world.request_with(&old, 200, |session| {
        cycle(session);
        drop(world.save(session));
        cycle(session);
        write(session);
        drop(world.save(session));
        cycle(session);
    });
    assert_eq!(seen.calls, ["load", "replace", "replace"]);
    world.request(&seen.id().unwrap(), 200, |session| {
        assert!(session.contains("k"));
    });
}

#[test]
fn an_error_rotates_nothing_but_the_new_secret_counts_as_presented() {
    for act in [cycle, reauthenticate] {
        let world = World::new(|policy| policy);
        let old = signed_in(&world);
        let seen = world.request(&old, 500, act);
        assert_eq!((seen.effect(&old), &*seen.calls), ("-", &["load"][..]));
        let new = world.request(&old, 200, act).id().unwrap();
        let seen = world.request(&new, 500, write);
        assert_eq!(seen.calls, ["load", "replace"]);
        world.advance(GRACE);
        world.request(&old, 200, |session| assert!(!session.exists()));
        world.request(&new, 200, |session| assert!(!session.contains("k")));
    }
}
