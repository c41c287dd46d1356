//! Which of several ids counts, and where.

use session_core::Exchange;

use crate::request::{cycle, reauthenticate, rotated, sign_in, signed_in, write};
use crate::util::{World, key_of};

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
