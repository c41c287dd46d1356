//! What a request revokes itself, and what others revoke meanwhile.

use pollster::block_on;
use session_core::{RequestSession, Revoke, SessionError, Sessions};

use crate::request::{finish, load, log_out, open, read, start};
use crate::util::id_of;

/// A device of ada's; returns its cookie.
fn sign_in(sessions: &Sessions) -> String {
    let request = open(sessions, "");
    let session = load(request.handle());
    session.insert("cart", 1).unwrap();
    session.sign_in("ada").unwrap();
    id_of(&finish(&request, 200).unwrap()).unwrap()
}

fn enter(session: &RequestSession) {
    session.sign_in("ada").unwrap();
}

fn save(session: &RequestSession) {
    block_on(session.save()).unwrap();
}

fn revoke_all(session: &RequestSession) {
    block_on(session.revoke(Revoke::All)).unwrap();
}

fn take_cart(session: &RequestSession) {
    assert_eq!(session.take("cart").unwrap(), Some(1));
}

fn set_cart(session: &RequestSession) {
    session.insert("cart", 2).unwrap();
}

fn add_to_cart(session: &RequestSession) {
    let add = |old: Option<u8>| old.unwrap_or(7) + 1;
    session.update("cart", add).unwrap();
    assert_eq!(session.take("cart").unwrap(), Some(2));
}

fn token(session: &RequestSession) {
    session.get_or_insert_with("token", || 3).unwrap();
}

fn revoke_others(session: &RequestSession) {
    block_on(session.revoke_others()).unwrap();
}

#[test]
fn the_browser_that_revokes_and_signs_in_at_once_is_the_one_that_stays() {
    type Acts = &'static [fn(&RequestSession)];
    // what the request does, and the values that its new session has.
    let rows: [(&str, Acts, &[&str]); 14] = [
        ("all, sign in", &[revoke_all, enter], &[]),
        ("sign in, all", &[enter, revoke_all], &["cart"]),
        ("sign in, save, all", &[enter, save, revoke_all], &["cart"]),
        ("all, save, sign in", &[revoke_all, save, enter], &[]),
        ("all, sign in, all", &[revoke_all, enter, revoke_all], &[]),
        ("others, sign in", &[revoke_others, enter], &["cart"]),
        ("sign in, others", &[enter, revoke_others], &["cart"]),
        (
            "sign in, save, others",
            &[enter, save, revoke_others],
            &["cart"],
        ),
        (
            "all, all, sign in",
            &[revoke_all, revoke_all_if_signed_in, enter],
            &[],
        ),
        ("take, sign in, all", &[take_cart, enter, revoke_all], &[]),
        ("sign in, take, all", &[enter, take_cart, revoke_all], &[]),
        (
            "take, set, sign in, all",
            &[take_cart, set_cart, enter, revoke_all],
            &["cart"],
        ),
        (
            "update, take, sign in, all",
            &[add_to_cart, enter, revoke_all],
            &[],
        ),
        (
            "token, sign in, all",
            &[token, enter, revoke_all],
            &["cart", "token"],
        ),
    ];
    for (name, acts, values) in rows {
        let (sessions, _) = start();
        let (phone, laptop) = (sign_in(&sessions), sign_in(&sessions));
        let request = open(&sessions, &laptop);
        let session = load(request.handle());
        for act in acts {
            act(&session);
        }
        let reply = finish(&request, 200).unwrap();
        let new = id_of(&reply).unwrap_or_else(|| panic!("{name}: no cookie"));
        let devices = block_on(sessions.devices("ada")).unwrap();
        assert_eq!(devices.len(), 1, "{name}");
        let there = read(&sessions, &new);
        assert_eq!(there.public_id(), Some(devices[0].public_id), "{name}");
        assert_eq!(there.keys(), values, "{name}");
        for gone in [&phone, &laptop] {
            assert!(!read(&sessions, gone).exists(), "{name}");
        }
    }
}

fn revoke_all_if_signed_in(session: &RequestSession) {
    match block_on(session.revoke(Revoke::All)) {
        Ok(0) | Err(SessionError::NotSignedIn) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_revokes_its_own_session_is_logged_out() {
    type Act = fn(&RequestSession) -> usize;
    let acts: [(&str, Act, usize); 2] = [
        ("all", |s| block_on(s.revoke(Revoke::All)).unwrap(), 2),
        (
            "this one",
            |s| block_on(s.revoke(Revoke::One(&s.public_id().unwrap()))).unwrap(),
            1,
        ),
    ];
    for (name, act, ended) in acts {
        for writes in [false, true] {
            let (sessions, shelf) = start();
            let (phone, laptop) = (sign_in(&sessions), sign_in(&sessions));
            let request = open(&sessions, &laptop);
            let session = load(request.handle());
            session.insert("before", 1).unwrap();
            assert_eq!(act(&session), ended, "{name}");
            assert!(!session.exists() && session.is_empty(), "{name}");
            assert_eq!(session.owner(), None, "{name}");
            if writes {
                session.insert("after", 1).unwrap();
            }
            let reply = finish(&request, 200).unwrap();
            assert!(!reply.is_gone(), "{name}");
            let cookie = reply.set_cookie().unwrap();
            assert_eq!(cookie.contains("Max-Age=0"), !writes, "{name}");
            assert!(!read(&sessions, &laptop).exists(), "{name}");
            assert_eq!(read(&sessions, &phone).exists(), ended == 1, "{name}");
            let rows = usize::from(writes) + usize::from(ended == 1);
            assert_eq!(shelf.model.lock().unwrap().0.len(), rows, "{name}");
        }
    }
}

#[test]
fn a_sign_in_that_an_error_drops_leaves_the_revoked_session_without_a_cookie() {
    for acts in [[enter, revoke_all], [revoke_all, enter]] {
        let (sessions, shelf) = start();
        let laptop = sign_in(&sessions);
        let request = open(&sessions, &laptop);
        let session = load(request.handle());
        for act in acts {
            act(&session);
        }
        let reply = finish(&request, 500).unwrap();
        assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
        assert!(shelf.model.lock().unwrap().0.is_empty());
    }
}

#[test]
fn what_others_revoke_meanwhile_ends_a_sign_in_too() {
    for signs_in_first in [false, true] {
        let (sessions, shelf) = start();
        let laptop = sign_in(&sessions);
        let request = open(&sessions, &laptop);
        let session = load(request.handle());
        if signs_in_first {
            enter(&session);
        }
        // A changed password, on another device; the login here may have used the old one.
        block_on(sessions.revoke("ada", Revoke::All)).unwrap();
        if !signs_in_first {
            enter(&session);
        }
        let failed = finish(&request, 200).unwrap_err();
        assert_eq!(failed.error().status(), 409);
        assert!(failed.reply().set_cookie().is_none());
        assert!(shelf.model.lock().unwrap().0.is_empty());
    }
}

#[test]
fn a_revocation_that_ends_another_session_leaves_this_one_to_others() {
    let (sessions, _) = start();
    let (phone, laptop) = (sign_in(&sessions), sign_in(&sessions));
    let other = read(&sessions, &phone).public_id().unwrap();
    let request = open(&sessions, &laptop);
    let session = load(request.handle());
    assert_eq!(block_on(session.revoke(Revoke::One(&other))).unwrap(), 1);
    log_out(&sessions, &laptop);
    enter(&session);
    assert_eq!(finish(&request, 200).unwrap_err().error().status(), 409);
}

#[test]
fn only_an_owner_has_devices_to_list_and_to_revoke() {
    let (sessions, shelf) = start();
    let request = open(&sessions, "");
    let session = load(request.handle());
    let refused = [
        block_on(session.devices()).map(|_| ()),
        block_on(session.revoke(Revoke::All)).map(|_| ()),
        block_on(session.revoke_others()).map(|_| ()),
    ];
    for result in refused {
        assert!(matches!(result, Err(SessionError::NotSignedIn)));
    }
    assert_eq!(shelf.take_calls(), "");
    sign_in(&sessions);
    // A password was reset, and nobody was signed in here before.
    enter(&session);
    assert_eq!(block_on(session.devices()).unwrap().len(), 1);
    assert_eq!(block_on(session.revoke_others()).unwrap(), 1);
    let reply = finish(&request, 200).unwrap();
    assert_eq!(block_on(sessions.devices("ada")).unwrap().len(), 1);
    assert!(read(&sessions, &id_of(&reply).unwrap()).exists());
    let late = block_on(session.revoke_others());
    assert!(matches!(late, Err(SessionError::Finished)));
}

#[test]
fn a_revocation_that_failed_has_ended_nothing() {
    let (sessions, shelf) = start();
    let laptop = sign_in(&sessions);
    let request = open(&sessions, &laptop);
    let session = load(request.handle());
    shelf
        .is_down
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let failed = block_on(session.revoke(Revoke::All));
    assert_eq!(failed.unwrap_err().status(), 503);
    assert!(session.exists());
    shelf
        .is_down
        .store(false, std::sync::atomic::Ordering::Relaxed);
    assert!(finish(&request, 200).unwrap().set_cookie().is_none());
    assert!(read(&sessions, &laptop).exists());
}

/// What a request may do before it signs in at the end, and whether that ended others' sessions.
type Act = fn(&RequestSession) -> bool;

fn ends(outcome: Result<usize, SessionError>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(SessionError::NotSignedIn) => false,
        Err(error) => panic!("{error}"),
    }
}

const ACTS: [Act; 8] = [
    |session| ends(block_on(session.revoke(Revoke::All))),
    |session| ends(block_on(session.revoke_others())),
    |session| {
        enter(session);
        false
    },
    |session| {
        save(session);
        false
    },
    |session| {
        set_cart(session);
        false
    },
    |session| {
        session.cycle().unwrap();
        false
    },
    |session| {
        let again = session.reauthenticate();
        assert!(matches!(again, Ok(()) | Err(SessionError::NotSignedIn)));
        false
    },
    |session| {
        session.destroy().unwrap();
        false
    },
];

#[test]
fn in_whatever_order_a_request_revokes_and_signs_in_its_browser_is_the_one_that_stays() {
    for order in 0..ACTS.len().pow(3) {
        let acts = [order % 8, order / 8 % 8, order / 64];
        let (sessions, _) = start();
        let other = sign_in(&sessions);
        let request = open(&sessions, &sign_in(&sessions));
        let session = load(request.handle());
        let mut is_ended = false;
        for act in acts {
            is_ended |= ACTS[act](&session);
        }
        enter(&session);
        let new = id_of(&finish(&request, 200).unwrap());
        let new = new.unwrap_or_else(|| panic!("{acts:?}: no cookie"));
        let here = read(&sessions, &new);
        assert_eq!(here.owner().as_deref(), Some("ada"), "{acts:?}");
        assert_eq!(read(&sessions, &other).exists(), !is_ended, "{acts:?}");
        let devices = block_on(sessions.devices("ada")).unwrap();
        let expected = if is_ended { 1 } else { 2 };
        assert_eq!(devices.len(), expected, "{acts:?}");
        assert!(
            devices
                .iter()
                .any(|it| Some(it.public_id) == here.public_id()),
            "{acts:?}"
        );
    }
}
