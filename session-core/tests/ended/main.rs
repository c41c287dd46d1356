//! When a session has ended for whoever watches it, on a clock that is moved by hand.
#![allow(clippy::unwrap_used)]

mod frozen;
mod reopened;
mod scene;
mod told;
mod watchable;

use std::time::Duration;

use pollster::block_on;
use scene::{Browser, Scene};
use session_core::{Overflow, Revoke};

const POLL: Duration = Duration::from_millis(500);

type Act = fn(&Scene, &mut Browser);

#[test]
fn what_ends_a_session_ends_the_wait_within_one_period() {
    let rows: [(&str, Act); 7] = [
        ("a logout here", |scene, browser| {
            scene.here.request(browser, |it| it.destroy().unwrap());
        }),
        ("a logout on another node", |scene, browser| {
            scene.elsewhere.request(browser, |it| it.destroy().unwrap());
        }),
        ("a revocation of the owner's", |scene, _| {
            let ended = block_on(scene.elsewhere.sessions.revoke("ada", Revoke::All));
            assert_eq!(ended.unwrap(), 1);
        }),
        ("a revocation of everybody's", |scene, _| {
            let ended = block_on(scene.elsewhere.sessions.revoke_everybody());
            assert_eq!(ended.unwrap(), 1);
        }),
        (
            "logins of two more devices, where three are one too many",
            |scene, _| {
                scene.clock.advance(Duration::from_secs(2));
                for _ in 0..2 {
                    scene.elsewhere.log_in("ada");
                }
            },
        ),
        ("a sign-in of the same owner", |scene, browser| {
            scene.here.request(browser, |it| it.sign_in("ada").unwrap());
        }),
        ("a sign-in of another owner", |scene, browser| {
            scene
                .elsewhere
                .request(browser, |it| it.sign_in("bob").unwrap());
        }),
    ];
    for (name, act) in rows {
        act_and_watch(name, act, true);
    }
}

#[test]
fn what_does_not_end_a_session_does_not_end_the_wait() {
    let rows: [(&str, Act); 6] = [
        ("nothing", |_, _| {}),
        ("a revocation of somebody else's", |scene, _| {
            scene.elsewhere.log_in("bob");
            let ended = block_on(scene.elsewhere.sessions.revoke("bob", Revoke::All));
            assert_eq!(ended.unwrap(), 1);
        }),
        ("a login of one more device", |scene, _| {
            scene.elsewhere.log_in("ada");
        }),
        ("a write", |scene, browser| {
            scene
                .elsewhere
                .request(browser, |it| it.insert("k", 1).unwrap());
        }),
        ("a rotation", |scene, browser| {
            scene.elsewhere.request(browser, |it| it.cycle().unwrap());
            scene.elsewhere.request(browser, |_| {});
        }),
        ("a re-authentication", |scene, browser| {
            scene
                .elsewhere
                .request(browser, |it| it.reauthenticate().unwrap());
        }),
    ];
    for (name, act) in rows {
        act_and_watch(name, act, false);
    }
}

fn act_and_watch(name: &str, act: Act, ends: bool) {
    let scene = Scene::new(|policy| policy.max_devices(2, Overflow::EndOldest));
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.pass(&mut watch, POLL * 3);
    assert!(!watch.is_over(), "{name}");
    act(&scene, &mut browser);
    scene.pass(&mut watch, POLL);
    assert_eq!(watch.is_over(), ends, "{name}");
    scene.pass(&mut watch, POLL * 4);
    assert_eq!(watch.is_over(), ends, "{name}");
}

#[test]
fn a_session_that_ended_before_the_first_look_is_over_at_once() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene
        .elsewhere
        .request(&mut browser, |it| it.destroy().unwrap());
    assert!(watch.is_over());
}

#[test]
fn watching_is_no_activity_and_an_unused_session_expires() {
    let scene = Scene::new(|policy| policy.idle(Duration::from_secs(60)));
    let browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    let begun = scene.here.record_of(&browser).unwrap();
    scene.pass(&mut watch, Duration::from_secs(59));
    assert!(!watch.is_over());
    // Not a thing was written: neither a touch nor a presentation of the secret.
    assert_eq!(scene.here.record_of(&browser).unwrap(), begun);
    scene.pass(&mut watch, Duration::from_secs(1) + POLL);
    assert!(watch.is_over());
}

#[test]
fn a_session_that_another_node_keeps_in_use_goes_on() {
    let minute = Duration::from_secs(60);
    let scene = Scene::new(|policy| policy.idle(minute).touch_every(Duration::ZERO));
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    for _ in 0..5 {
        scene.pass(&mut watch, minute / 2);
        assert!(!watch.is_over());
        scene.elsewhere.request(&mut browser, |_| {});
    }
    scene.pass(&mut watch, minute + POLL);
    assert!(watch.is_over());
}

#[test]
fn an_absolute_limit_ends_the_wait_of_a_session_in_use() {
    let minute = Duration::from_secs(60);
    let scene = Scene::new(|policy| policy.absolute(minute).touch_every(Duration::ZERO));
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.pass(&mut watch, POLL * 119);
    scene.elsewhere.request(&mut browser, |_| {});
    assert!(!watch.is_over());
    scene.pass(&mut watch, POLL * 2);
    assert!(watch.is_over());
}

#[test]
fn an_outage_ends_nothing_and_is_looked_at_more_and_more_rarely() {
    for ends_meanwhile in [false, true] {
        let scene = Scene::new(|policy| policy.idle(Duration::from_secs(600)));
        let mut browser = scene.here.log_in("ada");
        let mut watch = scene.watch(&browser);
        scene.pass(&mut watch, POLL * 2);
        scene.faulty.go_down();
        let before = scene.faulty.calls();
        scene.pass(&mut watch, Duration::from_secs(60));
        assert!(!watch.is_over());
        // After 1 second, then once in 1.5: about forty, where a look each period would be 120.
        let looks = scene.faulty.calls() - before;
        assert!((38..=47).contains(&looks), "{looks}");
        scene.faulty.come_up();
        if ends_meanwhile {
            scene
                .elsewhere
                .request(&mut browser, |it| it.destroy().unwrap());
        }
        scene.pass(&mut watch, Duration::from_millis(1_500));
        assert_eq!(watch.is_over(), ends_meanwhile);
        // The store works: the pause is the short one again.
        if !ends_meanwhile {
            scene
                .elsewhere
                .request(&mut browser, |it| it.destroy().unwrap());
            scene.pass(&mut watch, POLL);
            assert!(watch.is_over());
        }
    }
}

#[test]
fn an_end_that_passes_during_an_outage_is_told_when_the_store_is_back() {
    let scene = Scene::new(|policy| policy.idle(Duration::from_secs(10)));
    let browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.faulty.go_down();
    // Another node may have extended it.
    scene.pass(&mut watch, Duration::from_secs(60));
    assert!(!watch.is_over());
    scene.faulty.come_up();
    scene.pass(&mut watch, Duration::from_millis(1_500));
    assert!(watch.is_over());
}

#[test]
fn each_look_asks_by_the_present_digest_of_the_last_one() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene.pass(&mut watch, POLL);
    for _ in 0..3 {
        scene
            .elsewhere
            .request(&mut browser, |it| it.cycle().unwrap());
        scene.noted.take();
        scene.pass(&mut watch, POLL * 4);
        let fits = scene.noted.take();
        // One by the digest from before, which passes a copy by; then a copy may answer.
        assert!(!fits[0] && fits[1..].iter().all(|fit| *fit), "{fits:?}");
        assert!(fits.len() > 3);
        // Beyond the grace, in which no other secret is issued.
        scene.pass(&mut watch, Duration::from_secs(11));
        assert!(!watch.is_over());
    }
}
