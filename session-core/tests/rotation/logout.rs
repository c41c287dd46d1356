//! A logout, with either secret of a rotated session, and with none of its own.

use session_core::Exchange;

use crate::request::{GRACE, cycle, destroy, nothing, reauthenticate, rotated, signed_in};
use crate::util::{Seen, World};

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
