//! A store that tells of changes: what a watcher does at each.

use std::time::Duration;

use super::scene::{Scene, Watch};

#[test]
fn a_store_that_tells_of_changes_ends_the_wait_at_once() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.pass(&mut watch, Duration::from_millis(200));
    assert!(!watch.is_over());
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    assert!(!watch.is_over(), "nobody has told");
    scene.noted.tell();
    assert!(watch.is_over());
}

#[test]
fn a_change_cuts_the_wait_after_a_failure_short() {
    let scene = Scene::new(|policy| policy.watch_every(Duration::from_secs(60)));
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.faulty.go_down();
    scene.pass(&mut watch, Duration::from_secs(200));
    scene.faulty.come_up();
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    scene.pass(&mut watch, Duration::from_secs(1));
    assert!(!watch.is_over());
    scene.noted.tell();
    scene.pass(&mut watch, Duration::from_millis(100));
    assert!(watch.is_over());
}

#[test]
fn watchers_of_one_moment_drift_apart() {
    let scene = Scene::new(|policy| policy);
    let browser = scene.here.log_in("ada");
    let mut watches: Vec<Watch> = (0..64).map(|_| scene.watch(&browser)).collect();
    let mut looks_of = |time: Duration| {
        let before = scene.faulty.calls();
        scene.pass_all(&mut watches, time);
        scene.faulty.calls() - before
    };
    looks_of(Duration::from_secs(30));
    // In step, all 64 would look at once each half a second.
    let most = (0..100).map(|_| looks_of(Duration::from_millis(5))).max();
    assert!(most.unwrap() <= 8, "{most:?}");
}

#[test]
fn a_change_between_the_look_and_the_wait_is_not_missed() {
    let scene = Scene::new(|policy| policy.watch_every(Duration::from_secs(60)));
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    let first_look = scene.faulty.calls() + 1;
    let gate = scene.faulty.pause_after(first_look);
    assert!(!watch.is_over());
    // The look has its answer, and the wait has not begun.
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    scene.noted.tell();
    gate.open();
    scene.pass(&mut watch, Duration::from_millis(100));
    assert!(watch.is_over());
}

#[test]
fn changes_in_quick_succession_are_looked_at_ten_times_a_second() {
    let scene = Scene::new(|policy| policy);
    let browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    let before = scene.faulty.calls();
    for _ in 0..100 {
        scene.noted.tell();
        scene.pass(&mut watch, Duration::from_millis(10));
    }
    let looks = scene.faulty.calls() - before;
    assert!((9..=12).contains(&looks), "{looks}");
}

#[test]
fn a_store_that_always_tells_of_changes_is_looked_at_ten_times_a_second() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    scene.noted.tell_always();
    let mut watch = scene.watch(&browser);
    let before = scene.faulty.calls();
    scene.pass(&mut watch, Duration::from_secs(1));
    let looks = scene.faulty.calls() - before;
    assert!((9..=12).contains(&looks), "{looks}");
    scene.here.request(&mut browser, |it| it.destroy().unwrap());
    scene.pass(&mut watch, Duration::from_millis(100));
    assert!(watch.is_over());
}
