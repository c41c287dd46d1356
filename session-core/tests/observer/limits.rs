//! What strangers cause is told ten times a second of each kind, and counted beyond that.

use std::time::Duration;

use session_core::{EventKind as Kind, Exchange, SessionError};

use crate::notes::Notes;
use crate::util::World;

const SECOND: Duration = Duration::from_secs(1);

fn world() -> (World, Notes) {
    let notes = Notes::default();
    let observer = notes.clone();
    (World::new(|policy| policy.observer(observer)), notes)
}

fn forge(world: &World, times: u32) {
    for number in 0..times {
        let id = format!("{number:0>8}{}", "A".repeat(40));
        world.request(&id, 200, |_| {});
    }
}

#[test]
fn what_is_too_much_is_left_out_and_counted_in_the_next_one() {
    let (world, notes) = world();
    forge(&world, 25);
    let told = notes.take();
    assert_eq!(told.len(), 10);
    assert!(
        told.iter()
            .all(|line| line.kind == Kind::UnknownId && line.left_out == 0)
    );
    // Another kind has ten of its own.
    let _ = world
        .policy
        .refuse(&SessionError::NotSignedIn.failure(), "");
    assert_eq!(notes.kinds(), [Kind::Refused]);
    world.advance(SECOND);
    forge(&world, 12);
    let left_out: Vec<_> = notes.take().iter().map(|line| line.left_out).collect();
    assert_eq!(left_out, [15, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Nor does a clock that goes back tell less.
    world.set_back(SECOND * 60);
    forge(&world, 1);
    assert_eq!(notes.take()[0].left_out, 2);
}

#[test]
fn answers_of_two_seconds_that_mix_are_told_as_those_of_one() {
    let (world, notes) = world();
    for _ in 0..25 {
        world.advance(SECOND);
        forge(&world, 1);
        world.set_back(SECOND);
        forge(&world, 1);
    }
    assert_eq!(notes.take().len(), 10);
}

#[test]
fn too_many_ids_do_not_hide_that_a_session_is_too_large() {
    let notes = Notes::default();
    let observer = notes.clone();
    let world = World::new(|policy| policy.observer(observer).max_bytes(100));
    let ids: Vec<_> = ('a'..='e')
        .map(|key| format!("{key}{}", "A".repeat(47)))
        .collect();
    let many = ids.join(&format!("; {}=", world.policy.cookie_name()));
    for _ in 0..25 {
        world.request(&many, 200, |_| {});
    }
    notes.take();
    world.request("", 200, |session| {
        assert!(session.insert("k", "x".repeat(100)).is_err());
    });
    assert_eq!(notes.kinds(), [Kind::OverLimit]);
}

#[test]
fn what_goes_with_a_write_is_not_left_out() {
    let (world, notes) = world();
    for _ in 0..25 {
        world.begin();
    }
    assert_eq!(notes.take().len(), 25);
    let ids: Vec<_> = (0..25).map(|_| world.begin()).collect();
    notes.take();
    for id in &ids {
        world.request(id, 200, |session| session.destroy().unwrap());
    }
    assert_eq!(notes.take().len(), 25);
    for id in &ids {
        let header = world.header(id);
        let opened = Exchange::open(&world.policy, [header.as_bytes()]).destroy();
        world.finish(opened, 200);
    }
    assert_eq!(notes.kinds(), [Kind::LoggedOut; 25]);
}

#[test]
fn the_kinds_say_whether_they_are_limited_and_have_names_of_their_own() {
    use Kind::{OldSecret, OverLimit, Refused, Tampered, UnknownId};

    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
    let limited: Vec<_> = Kind::ALL.iter().filter(|kind| kind.is_limited()).collect();
    assert_eq!(
        limited,
        [&OldSecret, &OverLimit, &Refused, &Tampered, &UnknownId]
    );
}
