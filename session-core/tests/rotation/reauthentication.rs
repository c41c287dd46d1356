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
        assert_eq!(session.authenticated_at(), Some(world.now()));
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
