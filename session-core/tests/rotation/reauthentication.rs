//! What a re-authentication keeps, and who sees it.

use std::time::Duration;

use crate::request::{
    GRACE, cycle, fate, nothing, reauthenticate, rotated, sign_in, signed_in, write,
};
use crate::util::{World, id_of, key_of};

#[test]
fn a_re_authentication_within_the_grace_leaves_every_secret_in_use_open() {
    for sends_old in [false, true] {
        let world = World::new(|policy| policy);
        let (old, new) = rotated(&world, cycle);
        world.request(&new, 200, nothing);
        let sent = if sends_old { &old } else { &new };
        let newest = world.request(sent, 200, reauthenticate).id().unwrap();
        let row = format!("by the old one: {sends_old}");
        for id in [&old, &new] {
            let fate = fate(&world, id, [&old, &new], |session| {
                session.update("n", |n| n.unwrap_or(0) + 1).unwrap();
            });
            assert!(fate.exists && !fate.sees_the_moment, "{row}");
            assert_eq!((&*fate.calls, fate.cookie), ("load replace", "-"), "{row}");
        }
        world.request(&newest, 200, |session| {
            assert!(session.authenticated_at().is_some(), "{row}");
        });
        world.advance(GRACE);
        for id in [&old, &new] {
            world.request(id, 200, |session| assert!(!session.exists(), "{row}"));
        }
    }
}

#[test]
fn a_re_authentication_keeps_the_handle_the_lifetime_and_the_values() {
    let world = World::new(|policy| policy.absolute(Duration::from_hours(24)));
    let old = signed_in(&world);
    let before = world.record(&old).unwrap();
    let new = world.request(&old, 200, reauthenticate).id().unwrap();
    let after = world.record(&new).unwrap();
    assert_eq!(key_of(&old), key_of(&new));
    assert_eq!(after.created, before.created);
    assert_eq!((&after.data, &after.owner), (&before.data, &before.owner));
    assert_eq!(after.authenticated, Some(world.now()));
    assert_eq!(after.expires, before.created + Duration::from_hours(24));
}

#[test]
fn a_request_sees_its_own_re_authentication_once_it_is_saved() {
    let world = World::new(|policy| policy);
    let cookie = signed_in(&world);
    let seen = world.request_with(&cookie, 200, |session| {
        let before = session.authenticated_at();
        assert!(before.is_some());
        reauthenticate(session);
        assert_eq!(session.authenticated_at(), None);
        drop(world.save(session));
        assert_eq!(session.authenticated_at(), Some(world.now().into()));
        write(session);
    });
    assert_eq!(seen.calls, ["load", "replace", "replace"]);
    world.request(&seen.id().unwrap(), 200, |session| {
        assert!(session.contains("k") && session.authenticated_at().is_some());
    });
}

#[test]
fn nobody_can_re_authenticate_without_having_signed_in() {
    let world = World::new(|policy| policy);
    world.request(&world.begin(), 200, |session| {
        let refused = session.reauthenticate().unwrap_err();
        assert_eq!(refused.status(), 401);
    });
    world.request("", 200, |session| {
        sign_in(session);
        reauthenticate(session);
        assert_eq!(session.authenticated_at(), None);
    });
    assert_eq!(world.rows(), 2);
}

#[test]
fn after_a_cycle_and_a_save_a_re_authentication_has_the_last_word() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let mut cycled = None;
    let seen = world.request_with(&old, 200, |session| {
        cycle(session);
        cycled = id_of(&world.save(session));
        reauthenticate(session);
    });
    let newest = seen.id().unwrap();
    assert_ne!(Some(&newest), cycled.as_ref());
    for (id, sees) in [(&newest, true), (&old, false), (&cycled.unwrap(), false)] {
        world.request(id, 200, |session| {
            assert_eq!(session.authenticated_at().is_some(), sees);
            assert!(session.exists());
        });
    }
}

#[test]
fn a_slow_request_sees_only_the_moment_that_it_was_let_in_with() {
    // The slow request's secret is from before a re-authentication that comes while it runs, or came before it;
    // then the secret is rotated once more, and only then does the slow request save.
    for crosses in [false, true] {
        let world = World::new(|policy| policy);
        let old = signed_in(&world);
        let early = crosses.then(|| world.open(&old));
        let new = world.request(&old, 200, reauthenticate).id().unwrap();
        let slow = early.unwrap_or_else(|| world.open(&old));
        assert_eq!(slow.authenticated_at().is_some(), crosses);
        world.request(&new, 200, nothing);
        world.advance(GRACE);
        world.request(&new, 200, cycle);
        write(&slow);
        drop(world.save(&slow));
        assert!(slow.exists());
        assert_eq!(slow.authenticated_at(), None, "crosses: {crosses}");
        // Nor later on.
        world.advance(GRACE);
        slow.insert("again", 1).unwrap();
        drop(world.save(&slow));
        assert_eq!(slow.authenticated_at(), None, "crosses: {crosses}");
        // Its own re-authentication gives it a moment.
        reauthenticate(&slow);
        drop(world.save(&slow));
        assert_eq!(slow.authenticated_at(), Some(world.now().into()));
    }
}

#[test]
fn a_slow_request_keeps_its_moment_through_rotations() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let slow = world.open(&old);
    let moment = slow.authenticated_at();
    assert!(moment.is_some());
    let mut id = old;
    for _ in 0..3 {
        id = world.request(&id, 200, cycle).id().unwrap();
        world.request(&id, 200, nothing);
        world.advance(GRACE);
    }
    write(&slow);
    drop(world.save(&slow));
    assert_eq!(slow.authenticated_at(), moment);
}

#[test]
fn another_requests_re_authentication_is_not_this_ones() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let slow = world.open(&old);
    reauthenticate(&slow);
    drop(world.save(&slow));
    assert_eq!(slow.authenticated_at(), Some(world.now().into()));
    world.advance(Duration::from_mins(1));
    world.request(&old, 200, reauthenticate);
    write(&slow);
    drop(world.save(&slow));
    assert_eq!(slow.authenticated_at(), None);
}
