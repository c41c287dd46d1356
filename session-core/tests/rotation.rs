//! What an id still does after its secret was rotated, and after a sign-in: a row each.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::{Exchange, Outcome, Session, Step};
use time::Duration;
use util::{Seen, World, id_of, key_of};

const GRACE: Duration = Duration::seconds(10);

type Act = fn(&Session);

fn nothing(_: &Session) {}
fn write(session: &Session) {
    session.insert("k", 1).unwrap();
}
fn cycle(session: &Session) {
    session.cycle().unwrap();
}
fn reauthenticate(session: &Session) {
    session.reauthenticate().unwrap();
}
fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}
fn destroy(session: &Session) {
    session.destroy().unwrap();
}

/// A session of ada's that began a minute ago; returns its id.
fn signed_in(world: &World) -> String {
    let begun = world.request("", 200, |session| {
        session.insert("base", 1).unwrap();
        sign_in(session);
    });
    world.advance(Duration::minutes(1));
    begun.id().unwrap()
}

/// Its id before and after a rotation.
fn rotated(world: &World, by: Act) -> (String, String) {
    let old = signed_in(world);
    let new = world.request(&old, 200, by).id().unwrap();
    assert_ne!(old, new);
    assert_eq!(key_of(&old), key_of(&new));
    (old, new)
}

/// What the session is to a request, and what the request's answer does.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    exists: bool,
    sees_the_moment: bool,
    calls: String,
    /// `-`, `old`, `new` or `other`.
    cookie: &'static str,
    is_superseded: bool,
}

fn fate(world: &World, sends: &str, [old, new]: [&str; 2], act: Act) -> Fate {
    let mut exists = false;
    let mut sees_the_moment = false;
    let seen = world.request(sends, 200, |session| {
        exists = session.exists();
        sees_the_moment = session.authenticated_at().is_some();
        act(session);
    });
    Fate {
        exists,
        sees_the_moment,
        calls: seen.calls.join(" "),
        cookie: match seen.id() {
            None => "-",
            Some(id) if id == old => "old",
            Some(id) if id == new => "new",
            Some(_) => "other",
        },
        is_superseded: seen.reply.is_superseded(),
    }
}

#[test]
fn both_secrets_of_a_rotation_have_their_rights_and_no_more() {
    // rotated by, presented, the grace is over, sends, acts: exists, sees the moment of
    // authentication, calls, cookie, superseded.
    type Row = (
        (Act, bool, bool, &'static str, Act),
        (bool, bool, &'static str, &'static str, bool),
    );
    #[rustfmt::skip]
    let rows: &[Row] = &[
        // The old secret of a cycle reads and writes while the grace runs.
        ((cycle, false, false, "old", nothing), (true, true, "load", "-", false)),
        ((cycle, false, false, "old", write), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "old", nothing), (true, true, "load", "-", false)),
        ((cycle, true, false, "old", write), (true, true, "load replace", "-", false)),
        // It rotates nothing, but can re-authenticate.
        ((cycle, false, false, "old", cycle), (true, true, "load", "-", false)),
        ((cycle, true, false, "old", reauthenticate), (true, true, "load replace", "other", false)),
        // After the grace it gets the new secret again, if that has reached nobody,
        ((cycle, false, true, "old", nothing), (true, true, "load replace", "new", false)),
        ((cycle, false, true, "old", write), (true, true, "load replace", "new", false)),
        ((cycle, false, true, "old", cycle), (true, true, "load replace", "new", false)),
        // and is dead otherwise. What it writes begins no other session.
        ((cycle, true, true, "old", nothing), (false, false, "load", "-", false)),
        ((cycle, true, true, "old", write), (false, false, "load", "-", true)),
        ((cycle, true, true, "old", sign_in), (false, false, "load insert", "other", false)),
        // The new one is presented by its first request, together with what that writes, once.
        ((cycle, false, false, "new", nothing), (true, true, "load replace", "-", false)),
        ((cycle, false, false, "new", write), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "new", nothing), (true, true, "load", "-", false)),
        ((cycle, false, true, "new", nothing), (true, true, "load replace", "-", false)),
        ((cycle, true, true, "new", nothing), (true, true, "load", "-", false)),
        // Within the grace there is no other rotation, but a re-authentication.
        ((cycle, false, false, "new", cycle), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "new", cycle), (true, true, "load", "-", false)),
        ((cycle, true, false, "new", reauthenticate), (true, true, "load replace", "other", false)),
        ((cycle, false, true, "new", cycle), (true, true, "load replace", "other", false)),
        ((cycle, true, true, "new", cycle), (true, true, "load replace", "other", false)),
        // The old secret of a re-authentication sees no moment, and never gets the new one,
        ((reauthenticate, false, false, "old", nothing), (true, false, "load", "-", false)),
        ((reauthenticate, false, false, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, false, true, "old", nothing), (true, false, "load", "-", false)),
        ((reauthenticate, false, true, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, false, true, "old", cycle), (true, false, "load", "-", false)),
        ((reauthenticate, true, false, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, true, true, "old", nothing), (false, false, "load", "-", false)),
        ((reauthenticate, true, true, "old", write), (false, false, "load", "-", true)),
        // unless its request re-authenticates itself: then it is the same one, as long as it has
        // reached nobody.
        ((reauthenticate, false, false, "old", reauthenticate), (true, false, "load replace", "new", false)),
        ((reauthenticate, false, true, "old", reauthenticate), (true, false, "load replace", "new", false)),
        ((reauthenticate, true, false, "old", reauthenticate), (true, false, "load replace", "other", false)),
        ((reauthenticate, false, false, "new", nothing), (true, true, "load replace", "-", false)),
        ((reauthenticate, true, true, "new", nothing), (true, true, "load", "-", false)),
    ];
    for (row, ((by, presented, is_over, sends, act), expected)) in rows.iter().copied().enumerate()
    {
        let world = World::new(|policy| policy);
        let (old, new) = rotated(&world, by);
        if presented {
            world.request(&new, 200, nothing);
        }
        if is_over {
            world.advance(GRACE);
        }
        let sent = if sends == "old" { &old } else { &new };
        let seen = fate(&world, sent, [&old, &new], act);
        let (exists, sees_the_moment, calls, cookie, is_superseded) = expected;
        let expected = Fate {
            exists,
            sees_the_moment,
            calls: calls.into(),
            cookie,
            is_superseded,
        };
        assert_eq!(seen, expected, "row {row}: {presented} {is_over} {sends}");
    }
}

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
    world.advance(GRACE - Duration::MILLISECOND);
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
        world.advance(Duration::days(1));
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
    let world = World::new(|policy| policy.absolute(Duration::days(1)));
    let old = signed_in(&world);
    let before = world.record(&old).unwrap();
    let new = world.request(&old, 200, reauthenticate).id().unwrap();
    let after = world.record(&new).unwrap();
    assert_eq!(key_of(&old), key_of(&new));
    assert_eq!(after.created, before.created);
    assert_eq!((&after.data, &after.owner), (&before.data, &before.owner));
    assert_eq!(after.authenticated, Some(world.now()));
    assert_eq!(after.expires, before.created + Duration::days(1));
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

#[test]
fn of_two_ids_of_one_session_the_present_secret_counts() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, reauthenticate);
    let name = world.policy.cookie_name();
    for pair in [[&old, &new], [&new, &old]] {
        let both = format!("{}; {name}={}", pair[0], pair[1]);
        let seen = world.request(&both, 200, |session| {
            assert!(session.authenticated_at().is_some());
        });
        assert_eq!(seen.calls[0], "load");
        assert!(!seen.calls[1..].contains(&"load"), "one load a key");
    }
}

#[test]
fn of_several_sessions_the_one_with_the_best_standing_is_opened() {
    let world = World::new(|policy| policy);
    let name = world.policy.cookie_name();
    let present = world.begin();
    let (remembered, _) = rotated(&world, cycle);
    let closed = world.begin();
    world.request(&closed, 200, sign_in);
    let ids = [&closed, &remembered, &present];
    for best in 0..3 {
        for first in 0..=best {
            let mut order: Vec<&str> = ids[..=best].iter().map(|id| id.as_str()).collect();
            order.rotate_left(first);
            let all = order.join(&format!("; {name}="));
            world.request(&all, 200, |session| {
                let handle = key_of(ids[best]).public_id();
                assert_eq!(session.public_id(), Some(handle), "{best} {first}");
            });
        }
    }
}

#[test]
fn an_id_opens_nothing_under_another_cookies_name() {
    let visitors = World::new(|policy| policy);
    let admins = World::new(|policy| policy.cookie_name("__Host-admin"));
    let cookie = signed_in(&visitors);
    *admins.model.lock().unwrap() = visitors.model.lock().unwrap().clone();
    let seen = admins.request(&cookie, 200, |session| {
        assert!(!session.exists() && session.owner().is_none());
        write(session);
    });
    assert_eq!(seen.effect(&cookie), "new");
    // Nor does it end anything there.
    let header = admins.header(&cookie);
    let opened = Exchange::open(&admins.policy, [header.as_bytes()]).destroy();
    admins.finish(opened, 200);
    assert!(admins.record(&cookie).is_some());
}

// Logout

fn log_out_unloaded(world: &World, cookie: &str) -> Seen {
    let header = world.header(cookie);
    let opened = Exchange::open(&world.policy, [header.as_bytes()]).destroy();
    world.calls.lock().unwrap().clear();
    world.finish(opened, 200)
}

#[test]
fn a_logout_holds_with_both_secrets_loaded_or_not() {
    for by in [cycle, reauthenticate] {
        for (sends_old, is_over) in [(false, false), (true, false), (true, true)] {
            for is_loaded in [false, true] {
                let world = World::new(|policy| policy);
                let (old, new) = rotated(&world, by);
                world.request(&new, 200, nothing);
                if is_over {
                    world.advance(GRACE);
                }
                let sent = if sends_old { &old } else { &new };
                let seen = if is_loaded {
                    world.request(sent, 200, destroy)
                } else {
                    log_out_unloaded(&world, sent)
                };
                let row = format!("{sends_old} {is_over} {is_loaded}");
                assert_eq!(seen.effect(sent), "remove", "{row}");
                assert_eq!(world.rows(), 0, "{row}");
            }
        }
    }
}

#[test]
fn a_logout_ends_what_was_loaded_however_often_it_was_rotated_meanwhile() {
    let world = World::new(|policy| policy);
    let first = signed_in(&world);
    let slow = world.open(&first);
    let mut id = first;
    for _ in 0..2 {
        id = world.request(&id, 200, cycle).id().unwrap();
        world.request(&id, 200, nothing);
        world.advance(GRACE);
    }
    destroy(&slow);
    let seen = world.finish(slow, 200);
    assert!(seen.reply.set_cookie().unwrap().contains("Max-Age=0"));
    assert_eq!(world.rows(), 0);
}

#[test]
fn a_wrong_secret_ends_nothing() {
    let world = World::new(|policy| policy);
    let (one, two) = (world.begin(), world.begin());
    // The key of one session and the secret of another.
    let made_up = format!("{}{}", &one[..16], &two[16..]);
    log_out_unloaded(&world, &made_up);
    world.request(&made_up, 200, destroy);
    assert_eq!(world.rows(), 2);
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

// Sign-in

#[test]
fn the_id_from_before_a_sign_in_reads_what_was_there_and_writes_nothing() {
    let world = World::new(|policy| policy.touch_every(Duration::ZERO));
    let old = world.begin();
    let new = world.request(&old, 200, |session| {
        session.insert("cart", 1).unwrap();
        sign_in(session);
        session.insert("secret", 1).unwrap();
    });
    let new = new.id().unwrap();
    let before = world.record(&old).unwrap();
    world.advance(GRACE - Duration::MILLISECOND);
    let seen = world.request(&old, 200, |session| {
        assert!(session.exists() && session.is_superseded());
        assert_eq!(session.keys(), ["base"]);
        assert_eq!((session.owner(), session.authenticated_at()), (None, None));
        assert_eq!(session.expires_at(), Some(before.expires));
        write(session);
        session.cycle().unwrap();
    });
    assert!(seen.reply.is_superseded() && seen.reply.set_cookie().is_none());
    assert_eq!(seen.calls, ["load"]);
    assert_eq!(world.record(&old), Some(before));
    world.request(&new, 200, |session| {
        assert_eq!(session.keys(), ["base", "cart", "secret"]);
    });
    world.advance(Duration::MILLISECOND);
    world.request(&old, 200, |session| assert!(!session.exists()));
}

#[test]
fn the_id_from_before_a_second_sign_in_sees_nothing() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    for owner in ["ada", "bob"] {
        let new = world.request(&old, 200, |session| session.sign_in(owner).unwrap());
        assert!(world.record(&new.id().unwrap()).is_some());
        let seen = world.request(&old, 200, |session| {
            assert!(!session.exists() && session.is_empty() && session.public_id().is_none());
            assert_eq!((session.owner(), session.authenticated_at()), (None, None));
            write(session);
        });
        assert!(seen.reply.is_superseded() && seen.reply.set_cookie().is_none());
    }
}

#[test]
fn a_second_sign_in_within_the_grace_carries_the_values_along() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let first = world.request(&old, 200, sign_in).id().unwrap();
    let second = world.request(&old, 200, |session| {
        sign_in(session);
        write(session);
    });
    assert_eq!(second.calls, ["load", "insert"]);
    // Whichever answer the browser heeds, it is signed in and finds its values.
    for (id, keys) in [
        (&first, &["base"][..]),
        (&second.id().unwrap(), &["base", "k"]),
    ] {
        world.request(id, 200, |session| {
            assert_eq!(session.owner().as_deref(), Some("ada"));
            assert_eq!(session.keys(), keys);
        });
    }
}

#[test]
fn a_logout_with_the_id_from_before_a_sign_in_leaves_the_new_session_and_its_cookie() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let new = world.request(&old, 200, sign_in).id().unwrap();
    let seen = world.request(&old, 200, destroy);
    assert_eq!(
        (seen.effect(&old), &*seen.calls),
        ("-", &["load", "delete"][..])
    );
    assert!(world.record(&old).is_none() && world.record(&new).is_some());
}

/// A sign-in that has opened its session before `meanwhile`, and commits after it.
fn slow_sign_in(world: &World, cookie: &str, meanwhile: impl FnOnce(&World)) -> Result<Seen, u16> {
    let slow = world.open(cookie);
    sign_in(&slow);
    write(&slow);
    meanwhile(world);
    world.calls.lock().unwrap().clear();
    let step = slow.finish(200, world.now()).unwrap();
    let reply = match world.try_drive(step) {
        Ok(reply) => reply,
        Err(failed) => {
            assert!(failed.reply().set_cookie().is_none());
            return Err(failed.error().status());
        }
    };
    let calls = std::mem::take(&mut *world.calls.lock().unwrap());
    Ok(Seen { reply, calls })
}

#[test]
fn what_others_write_until_the_old_session_is_closed_is_carried_along() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let put = |world: &World| drop(world.request(&old, 200, |s| s.insert("late", 2).unwrap()));
    let seen = slow_sign_in(&world, &old, put).unwrap();
    let calls = ["insert", "replace", "load", "replace", "replace"];
    assert_eq!(seen.calls, calls);
    world.request(&seen.id().unwrap(), 200, |session| {
        assert_eq!(session.keys(), ["base", "late", "k"]);
    });
    assert!(world.record(&old).unwrap().closed);
}

#[test]
fn a_sign_in_whose_session_was_only_read_meanwhile_needs_no_second_copy() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, cycle);
    // Presented meanwhile, which is a write without a change of values.
    let seen = slow_sign_in(&world, &old, |world| {
        drop(world.request(&new, 200, nothing));
    });
    assert_eq!(
        seen.unwrap().calls,
        ["insert", "replace", "load", "replace"]
    );
}

#[test]
fn a_sign_in_whose_session_is_ended_meanwhile_is_a_conflict_and_leaves_nothing() {
    for owned in [false, true] {
        let world = World::new(|policy| policy);
        let old = if owned {
            signed_in(&world)
        } else {
            world.begin()
        };
        let end = |world: &World| drop(world.request(&old, 200, destroy));
        assert_eq!(slow_sign_in(&world, &old, end).err(), Some(409));
        assert_eq!(world.rows(), 0);
    }
}

#[test]
fn of_two_sign_ins_at_once_both_succeed() {
    for owned in [false, true] {
        let world = World::new(|policy| policy);
        let old = if owned {
            signed_in(&world)
        } else {
            world.begin()
        };
        let mut first = None;
        let seen = slow_sign_in(&world, &old, |world| {
            first = world.request(&old, 200, sign_in).id();
        });
        for id in [first.unwrap(), seen.unwrap().id().unwrap()] {
            world.request(&id, 200, |session| {
                assert_eq!(session.owner().as_deref(), Some("ada"));
                assert!(owned || session.contains("base"));
            });
        }
    }
}

#[test]
fn a_sign_in_whose_new_session_is_revoked_at_once_is_a_conflict() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let slow = world.open(&old);
    sign_in(&slow);
    world.request(&old, 200, write);
    let mut step = slow.finish(200, world.now()).unwrap();
    let failed = loop {
        match world.step(step) {
            Ok(Step::Done(_)) => panic!("the new session is gone"),
            Ok(next) => step = next,
            Err(failed) => break failed,
        }
        let mut model = world.model.lock().unwrap();
        model.0.retain(|_, record| record.owner.is_none());
    };
    assert_eq!(failed.error().status(), 409);
    assert!(failed.reply().set_cookie().is_none());
    assert!(!world.record(&old).unwrap().closed);
}

#[test]
fn a_session_that_others_write_each_time_is_left_by_its_key() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let slow = world.open(&old);
    sign_in(&slow);
    let mut step = slow.finish(200, world.now()).unwrap();
    let mut asked = 0;
    let reply = loop {
        step = match step {
            Step::Done(reply) => break reply,
            Step::Write(write) if asked < 10_000 => {
                asked += 1;
                let is_close = matches!(
                    write.command(),
                    session_core::Command::Replace { record, .. } if record.closed
                );
                let outcome = if is_close {
                    Outcome::Refused
                } else {
                    world.write(write.command())
                };
                write.answer(Ok(outcome), world.now()).unwrap()
            }
            other => world.step(other).unwrap(),
        };
    };
    assert!(world.record(&old).is_none());
    assert!(world.record(&id_of(&reply).unwrap()).is_some());
}

#[test]
fn a_sign_in_that_the_store_fails_brings_no_cookie_and_the_old_session_stays() {
    for fails_at in 0..2 {
        let world = World::new(|policy| policy);
        let old = world.begin();
        let opened = world.open(&old);
        sign_in(&opened);
        let mut step = opened.commit(world.now()).unwrap();
        for _ in 0..fails_at {
            step = world.step(step).unwrap();
        }
        let Step::Write(write) = step else {
            panic!("there is something to write");
        };
        let failed = write.answer(Err(util::outage()), world.now()).unwrap_err();
        assert_eq!(failed.error().status(), 503);
        assert!(failed.reply().set_cookie().is_none());
        assert!(!world.record(&old).unwrap().closed);
        // Saved again, it leaves no second session behind.
        let reply = world.drive(opened.commit(world.now()).unwrap());
        assert!(world.record(&id_of(&reply).unwrap()).is_some());
        assert_eq!(world.rows(), 2, "the new one and the closed one");
    }
}
