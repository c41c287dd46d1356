//! A socket that reads and writes its session after the request's answer.

use std::time::Duration;

use pollster::block_on;
use session_core::{Expiry, RequestSession, Revoke, SessionError, SignIn, StampKey};

use crate::scene::{Browser, Scene};

const MINUTE: Duration = Duration::from_secs(60);

/// Opens a socket: a request whose session is kept after its answer.
fn socket(scene: &Scene, browser: &mut Browser) -> RequestSession {
    let mut kept = None;
    scene
        .here
        .request(browser, |session| kept = Some(session.clone()));
    kept.unwrap()
}

fn reopen(socket: &RequestSession) -> RequestSession {
    block_on(socket.reopen()).unwrap()
}

#[test]
fn a_socket_reads_what_others_have_written_and_writes_beside_them() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let socket = socket(&scene, &mut browser);
    let count = |session: &RequestSession| {
        session
            .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
            .unwrap();
    };
    scene.elsewhere.request(&mut browser, count);
    let now = reopen(&socket);
    assert_eq!(now.get("n").unwrap(), Some(1));
    // Another request writes between the socket's look and its save.
    count(&now);
    scene.elsewhere.request(&mut browser, count);
    block_on(now.save()).unwrap();
    assert_eq!(now.get("n").unwrap(), Some(3));
    // Dropped without a save.
    count(&reopen(&socket));
    scene.here.request(&mut browser, |session| {
        assert_eq!(session.get("n").unwrap(), Some(3));
    });
}

#[test]
fn a_socket_keeps_no_session_alive_and_renews_no_secret() {
    let scene = Scene::new(|policy| {
        let policy = policy.idle(MINUTE * 10).touch_every(Duration::ZERO);
        policy.rotate_every(MINUTE)
    });
    let mut browser = scene.here.log_in("ada");
    let socket = socket(&scene, &mut browser);
    let before = scene.stored(&browser).unwrap();
    for minute in 0..10 {
        let now = reopen(&socket);
        assert_eq!(now.expires_in(), Some(MINUTE * (10 - minute)));
        now.keep_alive();
        now.insert("minute", minute).unwrap();
        assert_eq!(now.expires_in(), Some(MINUTE * (10 - minute)));
        block_on(now.save()).unwrap();
        let after = scene.stored(&browser).unwrap();
        assert_eq!(after.secrets, before.secrets);
        assert_eq!((after.seen, after.expires), (before.seen, before.expires));
        scene.clock.advance(MINUTE);
    }
    let refused = block_on(socket.reopen()).unwrap_err();
    assert!(matches!(refused, SessionError::Gone), "{refused}");
}

#[test]
fn a_write_of_a_socket_is_no_presentation_of_its_secret() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    // The browser gets a new secret, and its socket comes by it; then the answer to another rotation is lost.
    scene.here.request(&mut browser, |it| it.cycle().unwrap());
    scene.clock.advance(MINUTE);
    let socket = socket(&scene, &mut browser);
    let mut lost = browser.clone();
    scene.here.request(&mut lost, |it| it.cycle().unwrap());
    let by_new = scene.here.open(&lost);
    let unfinished = block_on(by_new.handle().load()).unwrap();
    drop(by_new);
    for (value, socket) in [&socket, &unfinished].into_iter().enumerate() {
        let now = reopen(socket);
        now.insert("k", value).unwrap();
        block_on(now.save()).unwrap();
    }
    // After the grace the browser, which has the old secret, still gets in, and gets the new one again.
    scene.clock.advance(MINUTE);
    scene.here.request(&mut browser, |session| {
        assert_eq!(session.get("k").unwrap(), Some(1));
    });
    let record = scene.stored(&browser).unwrap();
    scene.here.request(&mut browser, |it| assert!(it.exists()));
    assert_eq!(
        scene.stored(&browser).unwrap().secrets.present,
        record.secrets.present
    );
}

#[test]
fn a_socket_gets_no_id_and_no_other_life() {
    type Act = fn(&RequestSession) -> Result<(), SessionError>;
    let rows: [(&str, Act); 4] = [
        ("a sign-in", |it| it.sign_in("ada")),
        ("a cycle", |it| it.cycle()),
        ("a re-authentication", |it| it.reauthenticate()),
        ("another lifetime", |it| {
            it.set_expiry(Expiry::After(MINUTE))
        }),
    ];
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let socket = socket(&scene, &mut browser);
    let before = scene.stored(&browser);
    for (name, act) in rows {
        let now = reopen(&socket);
        let refused = act(&now).unwrap_err();
        assert!(
            matches!(refused, SessionError::Reopened),
            "{name}: {refused}"
        );
        block_on(now.save()).unwrap();
        assert_eq!(scene.stored(&browser), before, "{name}");
    }
}

#[test]
fn a_session_that_has_ended_or_was_left_is_an_error_whenever_that_was() {
    type Act = fn(&Scene, &mut Browser);
    let rows: [(&str, Act); 4] = [
        ("a logout", |scene, browser| {
            scene.elsewhere.request(browser, |it| it.destroy().unwrap());
        }),
        ("a revocation", |scene, _| {
            block_on(scene.elsewhere.sessions.revoke("ada", Revoke::All)).unwrap();
        }),
        ("a sign-in", |scene, browser| {
            scene
                .elsewhere
                .request(browser, |it| it.sign_in("ada").unwrap());
        }),
        ("its expiry", |scene, _| scene.clock.advance(MINUTE * 60)),
    ];
    for (name, act) in rows {
        let scene = Scene::new(|policy| policy.idle(MINUTE * 60));
        let mut browser = scene.here.log_in("ada");
        let socket = socket(&scene, &mut browser);
        let (writing, reading) = (reopen(&socket), reopen(&socket));
        act(&scene, &mut browser);
        writing.insert("k", 1).unwrap();
        let refused = block_on(writing.save()).unwrap_err();
        let is_over = |error: &SessionError| error.status() == 409;
        assert!(is_over(&refused), "{name}: {refused}");
        assert!(writing.insert("k", 1).is_err(), "{name}");
        for socket in [&socket, &reading] {
            let refused = block_on(socket.reopen()).unwrap_err();
            assert!(matches!(refused, SessionError::Gone), "{name}: {refused}");
        }
        let live = block_on(scene.elsewhere.sessions.devices("ada")).unwrap();
        assert_eq!(live.len(), usize::from(name == "a sign-in"), "{name}");
    }
}

#[test]
fn a_socket_can_log_out_and_begins_no_other_session() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let socket = socket(&scene, &mut browser);
    let mut watch = scene.watch_session(&reopen(&socket));
    let now = reopen(&socket);
    now.destroy().unwrap();
    block_on(now.save()).unwrap();
    scene.pass(&mut watch, Duration::from_millis(500));
    assert!(watch.is_over());
    for session in [&now, &reopen_before_the_end(&scene)] {
        session.destroy().unwrap();
        session.insert("k", 1).unwrap();
        let refused = block_on(session.save()).unwrap_err();
        assert!(matches!(refused, SessionError::Gone), "{refused}");
    }
    assert_eq!(block_on(scene.here.sessions.devices("ada")).unwrap(), []);
    scene.here.request(&mut browser, |it| assert!(!it.exists()));
}

fn reopen_before_the_end(scene: &Scene) -> RequestSession {
    let mut browser = scene.here.log_in("ada");
    reopen(&socket(scene, &mut browser))
}

#[test]
fn a_revocation_of_all_by_the_socket_ends_its_own_too() {
    let scene = Scene::new(|policy| policy);
    scene.here.log_in("ada");
    let mut browser = scene.here.log_in("ada");
    let now = reopen(&socket(&scene, &mut browser));
    assert_eq!(block_on(now.devices()).unwrap().len(), 2);
    assert_eq!(block_on(now.revoke(Revoke::All)).unwrap(), 2);
    now.insert("k", 1).unwrap();
    assert!(block_on(now.save()).is_err());
    assert_eq!(block_on(scene.here.sessions.devices("ada")).unwrap(), []);
}

#[test]
fn a_socket_outlives_its_secret_and_sees_no_later_moment_of_authentication() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    // A thief has the cookie, and opens a socket.
    let stolen = socket(&scene, &mut browser.clone());
    let admitted = reopen(&stolen).authenticated_at();
    assert!(admitted.is_some());
    scene.clock.advance(MINUTE);
    scene
        .here
        .request(&mut browser, |it| it.reauthenticate().unwrap());
    // By then the stolen secret is dead, and a rotation later it isn't the re-authentication's any more.
    for _ in 0..2 {
        scene.clock.advance(MINUTE);
        let now = reopen(&stolen);
        assert_eq!(now.authenticated_at(), None);
        assert_eq!(reopen(&now).authenticated_at(), None);
        now.insert("k", 1).unwrap();
        block_on(now.save()).unwrap();
        assert_eq!(now.authenticated_at(), None);
        scene.here.request(&mut browser, |it| it.cycle().unwrap());
    }
    scene.here.request(&mut browser, |session| {
        assert!(session.authenticated_at() > admitted);
        assert_eq!(session.get("k").unwrap(), Some(1));
    });
}

#[test]
fn a_socket_of_a_request_that_authenticates_sees_its_own_moment() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    scene.clock.advance(MINUTE);
    for act in [
        (|it| it.reauthenticate()) as fn(&RequestSession) -> Result<(), SessionError>,
        |it| it.sign_in("ada"),
    ] {
        let mut kept = None;
        let before = scene.here.record_of(&browser).unwrap();
        scene.here.request(&mut browser, |session| {
            act(session).unwrap();
            kept = Some(session.clone());
        });
        let moment = reopen(&kept.unwrap()).authenticated_at().unwrap();
        assert!(moment > before.created);
        scene.clock.advance(MINUTE);
    }
}

#[test]
fn what_is_not_stored_can_not_be_reopened() {
    type Act = fn(&RequestSession);
    let rows: [(Act, bool); 3] = [
        (|_| {}, false),
        (|it| it.insert("k", 1).unwrap(), true),
        (|it| it.sign_in("ada").unwrap(), true),
    ];
    for (act, is_unsaved) in rows {
        let scene = Scene::new(|policy| policy);
        let request = scene.here.open(&Browser::default());
        let session = block_on(request.handle().load()).unwrap();
        act(&session);
        let refused = block_on(session.reopen()).unwrap_err();
        assert_eq!(matches!(refused, SessionError::Unsaved), is_unsaved);
        assert_eq!(matches!(refused, SessionError::NoSession), !is_unsaved);
    }
}

#[test]
fn an_outage_is_an_error_and_the_socket_can_try_again() {
    let scene = Scene::new(|policy| policy);
    let mut browser = scene.here.log_in("ada");
    let socket = socket(&scene, &mut browser);
    let now = reopen(&socket);
    now.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .unwrap();
    scene.faulty.go_down();
    assert_eq!(block_on(socket.reopen()).unwrap_err().status(), 503);
    assert_eq!(block_on(now.save()).unwrap_err().status(), 503);
    scene.faulty.come_up();
    scene.faulty.lose_answer(scene.faulty.calls() + 1);
    assert_eq!(block_on(now.save()).unwrap_err().status(), 503);
    block_on(now.save()).unwrap();
    assert_eq!(reopen(&socket).get("n").unwrap(), Some(1));
}

#[test]
fn a_credential_that_has_changed_ends_the_session_of_a_socket_that_asks() {
    let key = StampKey::new(&[7; 32]).unwrap();
    let stamp = |password: &[u8]| key.stamp("ada", password);
    let scene = Scene::new(|policy| policy);
    let mut browser = Browser::default();
    scene.here.request(&mut browser, |it| {
        it.sign_in(SignIn::of("ada").credential(stamp(b"old")))
            .unwrap();
    });
    let socket = socket(&scene, &mut browser);
    let now = reopen(&socket);
    assert!(now.check_credential(&[stamp(b"old")]));
    assert!(!now.check_credential(&[stamp(b"new")]));
    block_on(now.save()).unwrap();
    assert!(scene.stored(&browser).is_none());
    now.insert("k", 1).unwrap();
    assert!(block_on(now.save()).is_err());
}
