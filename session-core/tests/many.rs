//! Sessions of thousands of keys: what one key costs does not depend on how many there are.
#![allow(clippy::unwrap_used)]

mod util;

use std::time::Instant;

use session_core::{Session, SessionError};
use util::World;

type Act = fn(&World, usize);

fn name(number: usize) -> String {
    format!("key{number}")
}

fn fill(session: &Session, count: usize) {
    for number in 0..count {
        session.insert(&name(number), number).unwrap();
    }
}

/// A stored session of that many keys; returns its cookie.
fn stored(world: &World, count: usize) -> String {
    let seen = world.request("", 200, |session| fill(session, count));
    seen.id().unwrap()
}

fn insert(world: &World, count: usize) {
    stored(world, count);
}

fn rewrite(world: &World, count: usize) {
    let cookie = stored(world, count);
    world.request(&cookie, 200, |session| {
        for number in 0..count {
            session.insert(&name(number), "new").unwrap();
        }
        assert_eq!(session.len(), count);
        assert_eq!(session.keys().len(), count);
    });
}

fn update(world: &World, count: usize) {
    let cookie = stored(world, count);
    world.request(&cookie, 200, |session| {
        let add = |n: Option<usize>| n.unwrap() + 1;
        for number in 0..count {
            assert_eq!(session.update(&name(number), add).unwrap(), number + 1);
        }
    });
}

fn remove(world: &World, count: usize) {
    let cookie = stored(world, count);
    world.request(&cookie, 200, |session| {
        for number in (0..count).rev() {
            assert_eq!(session.take(&name(number)).unwrap(), Some(number));
            assert_eq!(session.is_empty(), number == 0);
        }
    });
}

fn save_and_go_on(world: &World, count: usize) {
    let session = world.open("");
    fill(&session, count);
    let step = session.commit(world.now()).unwrap();
    let add = |n: Option<usize>| n.unwrap() + 1;
    for number in 0..count {
        session.update(&name(number), add).unwrap();
    }
    drop(world.drive(step));
    assert_eq!(session.get(&name(1)).unwrap(), Some(2));
    drop(world.drive(session.finish(200, world.now()).unwrap()));
}

fn at_the_limit(_: &World, count: usize) {
    let world = World::new(|policy| policy.max_bytes(30 * count));
    let session = world.open("");
    fill(&session, count);
    // The filler leaves no room for another key.
    let fill_up = |length: usize| session.insert("filler", "x".repeat(length));
    let Err(SessionError::TooLarge { bytes, limit }) = fill_up(30 * count) else {
        panic!("it has to be too large");
    };
    fill_up(30 * count - (bytes - limit)).unwrap();
    for number in 0..count {
        session.remove(&name(number)).unwrap();
        session.insert(&name(number), number).unwrap();
        let refused = session.insert(&name(count + number), 1);
        assert!(matches!(refused, Err(SessionError::TooLarge { .. })));
    }
}

fn doubled(world: &World, count: usize) {
    let cookie = stored(world, 1);
    let half = || (0..count / 2).map(|number| format!("\"{}\":{number}", name(number)));
    let members: Vec<String> = half().chain(half()).collect();
    for record in world.model.lock().unwrap().0.values_mut() {
        record.data = format!("{{{}}}", members.join(",")).into();
    }
    assert_eq!(world.open(&cookie).len(), count / 2);
}

/// Returns how much longer one key takes among 16,000 than among 1,000.
#[allow(
    clippy::disallowed_methods,
    reason = "it is the growth of the time that is tested, not the time"
)]
fn growth(act: Act) -> f64 {
    let world = World::new(|policy| policy);
    // As many keys either way, so that whatever else the machine does slows both alike.
    let start = Instant::now();
    (0..16).for_each(|_| act(&world, 1_000));
    let few = start.elapsed();
    let start = Instant::now();
    act(&world, 16_000);
    start.elapsed().as_secs_f64() / few.as_secs_f64()
}

#[test]
fn sixteen_times_as_many_keys_take_less_than_forty_times_as_long() {
    let acts: [(&str, Act); 7] = [
        ("insert", insert),
        ("rewrite", rewrite),
        ("update", update),
        ("remove", remove),
        ("save and go on", save_and_go_on),
        ("at the limit", at_the_limit),
        ("doubled", doubled),
    ];
    for (what, act) in acts {
        // A square would be sixteen; five tries are for a machine that has much else to do.
        let growth = (0..5).map(|_| growth(act)).find(|growth| *growth < 2.5);
        println!("{what}: {growth:.2?}");
        assert!(growth.is_some(), "{what}");
    }
}
