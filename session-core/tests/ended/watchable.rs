//! Which sessions can be watched, and by which ids.

use std::time::Duration;

use pollster::block_on;

use session_core::{Revoke, SessionError};

use super::POLL;
use super::scene::{Browser, Scene};

#[test]
fn what_is_not_stored_can_not_be_watched() {
    type Act = fn(&session_core::RequestSession);
    let rows: [(&str, bool, Act, u16); 6] = [
        ("no session", false, |_| {}, 401),
        (
            "values to begin with",
            false,
            |it| it.insert("k", 1).unwrap(),
            500,
        ),
        (
            "a sign-in to come",
            false,
            |it| it.sign_in("ada").unwrap(),
            500,
        ),
        (
            "a second sign-in to come",
            true,
            |it| it.sign_in("ada").unwrap(),
            500,
        ),
        ("a logout to come", true, |it| it.destroy().unwrap(), 401),
        (
            "a logout and a sign-in to come",
            true,
            |it| {
                it.destroy().unwrap();
                it.sign_in("ada").unwrap();
            },
            500,
        ),
    ];
    for (name, is_signed_in, act, status) in rows {
        let scene = Scene::new(|policy| policy);
        let browser = if is_signed_in {
            scene.here.log_in("ada")
        } else {
            Browser::default()
        };
        let request = scene.here.open(&browser);
        let session = block_on(request.handle().load()).unwrap();
        act(&session);
        let error = session.ended(|_| std::future::pending()).err().unwrap();
        assert_eq!(error.status(), status, "{name}: {error}");
        let is_unsaved = matches!(error, SessionError::Unsaved);
        assert_eq!(is_unsaved, status == 500, "{name}: {error}");
    }
}

#[test]
fn an_early_save_makes_a_new_session_watchable() {
    let scene = Scene::new(|policy| policy);
    let request = scene.here.open(&Browser::default());
    let session = block_on(request.handle().load()).unwrap();
    session.sign_in("ada").unwrap();
    block_on(session.save()).unwrap();
    let mut watch = scene.watch_session(&session);
    drop(block_on(request.commit(200)).unwrap());
    scene.pass(&mut watch, POLL * 3);
    assert!(!watch.is_over());
    block_on(scene.elsewhere.sessions.revoke("ada", Revoke::All)).unwrap();
    scene.pass(&mut watch, POLL);
    assert!(watch.is_over());
}

#[test]
fn the_id_from_before_a_sign_in_watches_nothing() {
    for owner in [None, Some("ada")] {
        let scene = Scene::new(|policy| policy);
        let mut browser = match owner {
            Some(owner) => scene.here.log_in(owner),
            None => scene.here.begin(),
        };
        let planted = browser.clone();
        scene
            .here
            .request(&mut browser, |it| it.sign_in("ada").unwrap());
        let request = scene.here.open(&planted);
        let session = block_on(request.handle().load()).unwrap();
        let refused = session.ended(|_| std::future::pending()).err();
        assert!(
            matches!(refused, Some(SessionError::NoSession)),
            "{owner:?}"
        );
    }
}

#[test]
fn the_id_from_before_a_rotation_watches_the_session_that_goes_on() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let late = browser.clone();
    scene.here.request(&mut browser, |it| it.cycle().unwrap());
    let mut watch = scene.watch(&late);
    scene.pass(&mut watch, Duration::from_secs(60));
    assert!(!watch.is_over());
    scene.here.request(&mut browser, |it| it.destroy().unwrap());
    scene.pass(&mut watch, POLL);
    assert!(watch.is_over());
}

#[test]
fn where_ids_are_plain_a_new_id_is_another_session() {
    let scene = Scene::of_plain_ids();
    let mut browser = scene.here.log_in("ada");
    let mut watch = scene.watch(&browser);
    scene
        .here
        .request(&mut browser, |it| it.insert("k", 1).unwrap());
    scene.pass(&mut watch, POLL * 2);
    assert!(!watch.is_over());
    scene.here.request(&mut browser, |it| it.cycle().unwrap());
    scene.pass(&mut watch, POLL);
    assert!(watch.is_over());
}

#[test]
fn where_ids_are_plain_a_sign_in_by_another_program_under_the_same_key_is_an_end() {
    let scene = Scene::of_plain_ids();
    let browser = scene.here.begin();
    let mut watch = scene.watch(&browser);
    scene.pass(&mut watch, POLL * 2);
    assert!(!watch.is_over());
    scene.take_over(&browser, "bob");
    scene.pass(&mut watch, POLL);
    assert!(watch.is_over());
}
