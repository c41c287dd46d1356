//! Watchers of one application share the store, also with those that nobody polls; and a task may look for them.

use std::cell::Cell;
use std::time::Duration;

use pollster::block_on;
use session_testkit::Gate;

use crate::POLL;
use crate::scene::{Browser, Scene, Watch};

/// Begins watches whose first looks stop at gates, so many of them.
fn watches_at_gates(scene: &Scene, browser: &Browser, count: usize) -> (Vec<Watch>, Vec<Gate>) {
    let mut watches = Vec::new();
    for _ in 0..count {
        watches.push(scene.watch(browser));
    }
    let first = scene.faulty.calls();
    let gates = (1..=16).map(|nth| scene.faulty.pause_before(first + nth));
    (watches, gates.collect())
}

#[test]
fn sixteen_watchers_ask_at_once_and_the_others_wait_for_their_turn() {
    let scene = Scene::new(|policy| policy);
    let browser = scene.here.log_in("ada");
    let (mut watches, gates) = watches_at_gates(&scene, &browser, 40);
    let before = scene.faulty.calls();
    scene.pass_all(&mut watches, Duration::from_secs(1));
    assert_eq!(scene.faulty.calls() - before, 16);
    gates.iter().for_each(Gate::open);
    scene.pass_all(&mut watches, Duration::from_millis(100));
    assert_eq!(scene.faulty.calls() - before, 40);
}

#[test]
fn a_watcher_that_nobody_polls_keeps_no_other_from_its_turn() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let (mut watches, gates) = watches_at_gates(&scene, &browser, 40);
    for watch in &mut watches {
        assert!(!watch.is_over_if_woken());
    }
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    // It would be the first to whom a queue hands a turn on.
    let mut frozen = watches.remove(16);
    gates.iter().for_each(Gate::open);
    scene.pass_by_wakers(&mut watches, POLL);
    let over = watches
        .iter_mut()
        .filter_map(|it| it.is_over_if_woken().then_some(()));
    assert_eq!(over.count(), 39);
    assert!(frozen.is_over());
}

#[test]
fn sixteen_watchers_that_stand_still_in_a_look_stop_the_others_for_six_seconds_at_most() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let (mut watches, _gates) = watches_at_gates(&scene, &browser, 17);
    let mut last = watches.pop().unwrap();
    for watch in &mut watches {
        assert!(!watch.is_over());
    }
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    scene.pass(&mut last, Duration::from_millis(5_900));
    assert!(!last.is_over());
    scene.pass(&mut last, Duration::from_millis(200));
    assert!(last.is_over());
}

#[test]
fn a_look_takes_five_seconds_at_most() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let (mut watches, gates) = watches_at_gates(&scene, &browser, 1);
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    gates[1].open();
    let before = scene.faulty.calls();
    let watch = &mut watches[0];
    scene.pass(watch, Duration::from_millis(4_990));
    assert_eq!(scene.faulty.calls() - before, 1);
    // As after any failure, the next one comes a second later.
    scene.pass(watch, Duration::from_millis(1_020));
    assert!(watch.is_over());
}

#[test]
fn a_task_looks_also_while_nobody_polls_the_wait() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let (mut wait, mut task) = spawned(&scene, &browser);
    assert!(!wait.is_over_if_woken());
    scene.pass_by_wakers(std::slice::from_mut(&mut task), POLL * 3);
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    let before = scene.faulty.calls();
    scene.pass_by_wakers(std::slice::from_mut(&mut task), POLL);
    assert!(task.is_over_if_woken());
    assert_eq!(scene.faulty.calls() - before, 1);
    // It was woken, and needs no look of its own.
    assert!(wait.is_over_if_woken());
    assert_eq!(scene.faulty.calls() - before, 1);
}

#[test]
fn a_task_ends_when_its_wait_is_dropped_also_in_the_middle_of_a_look() {
    for is_in_a_look in [false, true] {
        let scene = Scene::new(|policy| policy);
        let browser = scene.here.log_in("ada");
        let (wait, mut task) = spawned(&scene, &browser);
        if is_in_a_look {
            // Its gate stays shut.
            let _gate = scene.faulty.pause_before(scene.faulty.calls() + 1);
            assert!(!task.is_over_if_woken());
        } else {
            scene.pass_by_wakers(std::slice::from_mut(&mut task), POLL);
        }
        assert!(!task.is_over_if_woken());
        drop(wait);
        assert!(task.is_over_if_woken(), "{is_in_a_look}");
    }
}

#[test]
fn a_task_that_the_runtime_stops_ends_no_session() {
    let scene = Scene::new(|policy| policy);
    let browser = scene.here.log_in("ada");
    let (mut wait, mut task) = spawned(&scene, &browser);
    assert!(!task.is_over_if_woken());
    drop(task);
    assert!(!wait.is_over());
}

/// A wait, and the task that looks for it.
fn spawned(scene: &Scene, browser: &Browser) -> (Watch, Watch) {
    let request = scene.here.open(browser);
    let session = block_on(request.handle().load()).unwrap();
    let task = Cell::new(None);
    let wait = scene.ended(&session).spawned(|it| task.set(Some(it)));
    assert_eq!(format!("{wait:?}"), "Ended");
    (Watch::new(wait), Watch::new(task.take().unwrap()))
}
