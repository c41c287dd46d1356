//! Sessions that begin only with the visitor's consent.

use std::time::Duration;

use session_core::{Carrier, Expiry, PolicyBuilder, Session};

use crate::util::World;

#[test]
fn r63_a_session_of_nobody_begins_only_in_a_request_with_consent() {
    type Act = fn(&Session);
    const WRITE: Act = |session| session.insert("k", 1).unwrap();
    // Whether the visitor has a session, what the request does, what becomes of the cookie, rows.
    let rows: [(bool, &str, Act, &str, usize); 13] = [
        (false, "write", WRITE, "-", 0),
        (
            false,
            "a default",
            |s| assert_eq!(s.get_or_insert_with("k", || 1).unwrap(), 1),
            "-",
            0,
        ),
        (
            false,
            "a lifetime",
            |s| s.set_expiry(Expiry::BrowserClose).unwrap(),
            "-",
            0,
        ),
        (false, "consent", Session::consent, "-", 0),
        (
            false,
            "consent, write",
            |s| {
                s.consent();
                WRITE(s);
            },
            "new",
            1,
        ),
        (
            false,
            "write, consent",
            |s| {
                WRITE(s);
                s.consent();
            },
            "new",
            1,
        ),
        (false, "sign in", |s| s.sign_in("ada").unwrap(), "new", 1),
        (
            false,
            "write, sign in",
            |s| {
                WRITE(s);
                s.sign_in("ada").unwrap();
            },
            "new",
            1,
        ),
        (true, "write", WRITE, "-", 1),
        (true, "cycle", |s| s.cycle().unwrap(), "new", 1),
        (true, "destroy", |s| s.destroy().unwrap(), "remove", 0),
        (
            true,
            "destroy, write",
            |s| {
                s.destroy().unwrap();
                WRITE(s);
            },
            "remove",
            0,
        ),
        (
            true,
            "destroy, consent, write",
            |s| {
                s.destroy().unwrap();
                s.consent();
                WRITE(s);
            },
            "new",
            1,
        ),
    ];
    for (has_session, name, act, effect, expected) in rows {
        let world = World::new(PolicyBuilder::only_with_consent);
        let mut cookie = String::new();
        if has_session {
            cookie = world
                .request("", 200, |s| {
                    s.consent();
                    WRITE(s);
                })
                .id()
                .unwrap();
        }
        let seen = world.request(&cookie, 200, act);
        assert_eq!(seen.effect(&cookie), effect, "{has_session}, {name}");
        assert_eq!(world.rows(), expected, "{has_session}, {name}");
    }
}

#[test]
fn r63_what_has_no_consent_yet_is_there_for_its_request_and_kept_once_it_has() {
    let world = World::new(PolicyBuilder::only_with_consent);
    let session = world.open("");
    session.insert("k", 1).unwrap();
    assert_eq!(world.save(&session).set_cookie(), None);
    assert_eq!(session.get("k").unwrap(), Some(1));
    assert!(!session.exists() && world.rows() == 0);
    session.consent();
    let cookie = world.finish(session, 200).id().unwrap();
    world.request(&cookie, 200, |session| {
        assert_eq!(session.get("k").unwrap(), Some(1));
    });

    // One that has expired began with a consent that has ended with it.
    world.advance(Duration::from_hours(24 * 15));
    let seen = world.request(&cookie, 200, |session| session.insert("k", 2).unwrap());
    assert_eq!(seen.id(), None);
}

/// There is no cookie to consent to.
#[test]
fn r63_a_session_that_travels_as_a_bearer_begins_without_consent() {
    let world = World::new(|policy| policy.only_with_consent().carrier(Carrier::Bearer));
    let seen = world.request("", 200, |session| session.insert("k", 1).unwrap());
    let token = seen.reply.session_token().unwrap().to_owned();
    world.request(&token, 200, |session| {
        assert_eq!(session.get("k").unwrap(), Some(1));
    });
}
