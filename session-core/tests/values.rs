//! What the session's methods return, after Django's own tests of its session.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use session_core::{Field, Session, SessionError};
use util::World;

fn with_base(test: impl Fn(&Session)) {
    // Everything holds for a new session and for a stored one.
    let world = World::new(|policy| policy.max_bytes(2_000));
    let session = world.open("");
    session.insert("base", 1).unwrap();
    test(&session);
    let cookie = world.begin();
    test(&world.open(&cookie));
}

#[test]
fn a_new_session_is_empty_unmodified_and_does_not_exist() {
    let session = World::new(|policy| policy).open("");
    assert!(session.is_empty() && !session.is_modified() && !session.exists());
    assert!(session.owner().is_none() && session.public_id().is_none());
    assert!(session.expires_at().is_none() && session.authenticated_at().is_none());
    assert_eq!(session.get::<u8>("absent").unwrap(), None);
}

#[test]
fn reading_modifies_nothing() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let session = world.open(&cookie);
    assert!(session.contains("base") && !session.contains("absent"));
    assert_eq!(session.keys(), ["base"]);
    assert_eq!(
        session.iter().collect::<Vec<_>>(),
        [("base".into(), "1".into())]
    );
    assert_eq!(session.len(), 1);
    assert!(!session.remove("absent").unwrap());
    assert_eq!(session.take::<u8>("absent").unwrap(), None);
    assert_eq!(session.get_or_insert_with("base", || 9).unwrap(), 1);
    session.insert("base", 1).unwrap();
    assert!(!session.is_modified());
}

#[test]
fn values_are_set_taken_and_defaulted() {
    with_base(|session| {
        assert_eq!(
            session
                .get_or_insert_with("foo", || "bar".to_owned())
                .unwrap(),
            "bar"
        );
        assert_eq!(
            session
                .get_or_insert_with("foo", || "baz".to_owned())
                .unwrap(),
            "bar"
        );
        session.extend([("a", 1), ("b", 2)]).unwrap();
        session
            .extend(HashMap::from([("c".to_owned(), 3)]))
            .unwrap();
        assert_eq!(session.keys(), ["base", "foo", "a", "b", "c"]);
        assert_eq!(
            session.take::<String>("foo").unwrap().as_deref(),
            Some("bar")
        );
        assert_eq!(session.take::<String>("foo").unwrap(), None);
        assert!(session.remove("a").unwrap());
        assert!(!session.remove("a").unwrap());
        assert_eq!(session.keys(), ["base", "b", "c"]);
        session.clear().unwrap();
        assert!(session.is_empty());
        session.insert("base", 5).unwrap();
        assert_eq!(
            session.iter().collect::<Vec<_>>(),
            [("base".into(), "5".into())]
        );
    });
}

#[test]
fn a_value_of_another_type_is_an_error_and_stays() {
    with_base(|session| {
        session.insert("text", "secret").unwrap();
        let errors = [
            session.get::<u32>("text").map(|_| ()),
            session.take::<u32>("text").map(|_| ()),
            session
                .update("text", |n: Option<u32>| n.unwrap_or(0))
                .map(|_| ()),
            session.get_or_insert_with("text", || 1_u32).map(|_| ()),
        ];
        for error in errors {
            let Err(SessionError::Value(error)) = error else {
                panic!("{error:?}");
            };
            assert!(error.to_string().contains("\"text\""), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert_eq!(
            session.get::<String>("text").unwrap().as_deref(),
            Some("secret")
        );
    });
}

#[test]
fn a_value_without_a_json_form_is_an_error_and_changes_nothing() {
    with_base(|session| {
        let bad = BTreeMap::from([((1, 2), 3)]);
        assert!(matches!(
            session.insert("base", bad),
            Err(SessionError::Value(_))
        ));
        assert_eq!(session.get::<u8>("base").unwrap(), Some(1));
    });
}

#[test]
fn updates_build_on_whatever_is_there_now() {
    with_base(|session| {
        let add = |n: Option<u32>| n.unwrap_or(0) + 1;
        assert_eq!(session.update("base", add).unwrap(), 2);
        assert_eq!(session.update("base", add).unwrap(), 3);
        session.insert("base", 10).unwrap();
        assert_eq!(session.update("base", add).unwrap(), 11);
        session.remove("base").unwrap();
        assert_eq!(session.update("base", add).unwrap(), 1);
        session.clear().unwrap();
        assert_eq!(session.update("base", add).unwrap(), 1);
    });
}

#[test]
fn an_updates_closure_runs_again_only_where_another_request_has_written() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = |session: &Session| {
        let runs = Arc::clone(&runs);
        let add = move |n: Option<u32>| {
            runs.fetch_add(1, Relaxed);
            n.unwrap_or(0) + 1
        };
        session.update("n", add).unwrap()
    };
    for (is_crossed, expected_runs, expected) in [(false, 1, "1"), (true, 2, "2"), (false, 1, "3")]
    {
        runs.store(0, Relaxed);
        let opened = world.open(&cookie);
        counted(&opened);
        if is_crossed {
            world.request(&cookie, 200, |session| session.insert("other", 1).unwrap());
        }
        world.finish(opened, 200);
        assert_eq!(runs.load(Relaxed), expected_runs, "{is_crossed}");
        let stored: serde_json::Value =
            serde_json::from_str(&world.record(&cookie).unwrap().data).unwrap();
        assert_eq!(stored["n"].to_string(), expected, "{is_crossed}");
    }
    // A session that begins, too.
    runs.store(0, Relaxed);
    world.request("", 200, |session| assert_eq!(counted(session), 1));
    assert_eq!(runs.load(Relaxed), 1);
}

#[test]
fn an_updates_closure_may_use_the_session_itself() {
    with_base(|session| {
        let inner = session.clone();
        let mark = move |n: Option<u32>| {
            // Twice is fine too: the closure runs again when the session changed under it.
            inner.insert("seen", true).unwrap();
            n.unwrap_or(0) + u32::try_from(inner.len()).unwrap()
        };
        assert_eq!(session.update("n", mark).unwrap(), 2);
        assert!(session.contains("seen"));
    });
}

#[test]
fn a_session_that_would_be_too_large_is_refused_and_the_old_data_stays() {
    with_base(|session| {
        session.insert("big", "x".repeat(1_500)).unwrap();
        let error = session.insert("more", "x".repeat(1_500)).unwrap_err();
        assert!(
            matches!(error, SessionError::TooLarge { limit: 2_000, .. }),
            "{error}"
        );
        assert!(!session.contains("more"));
        // In place of the old value it fits.
        session.insert("big", "y".repeat(1_600)).unwrap();
        let grow = |text: Option<String>| text.unwrap_or_default().repeat(2);
        assert!(session.update("big", grow).is_err());
        assert_eq!(session.get::<String>("big").unwrap().unwrap().len(), 1_600);
    });
}

#[test]
fn an_owner_is_1_to_255_bytes() {
    with_base(|session| {
        for bad in [String::new(), "é".repeat(128)] {
            assert!(matches!(
                session.sign_in(&bad),
                Err(SessionError::Owner { .. })
            ));
        }
        assert!(session.owner().is_none());
        session.sign_in("x".repeat(255)).unwrap();
        assert_eq!(session.owner().unwrap().len(), 255);
    });
}

#[test]
fn a_browser_that_takes_cookies_is_recognised() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        assert!(!session.test_cookie_worked());
        session.set_test_cookie().unwrap();
    });
    let cookie = seen.id().unwrap();
    world.request(&cookie, 200, |session| {
        assert!(session.test_cookie_worked());
        session.delete_test_cookie().unwrap();
    });
    world.request(&cookie, 200, |session| {
        assert!(!session.test_cookie_worked());
    });
}

#[test]
fn a_field_is_a_name_and_a_type() {
    const CART: Field<Vec<String>> = Field::new("cart");
    with_base(|session| {
        assert_eq!(CART.key(), "cart");
        CART.insert(session, vec!["tea".into()]).unwrap();
        CART.update(session, |cart| {
            [cart.unwrap_or_default(), vec!["milk".into()]].concat()
        })
        .unwrap();
        assert_eq!(CART.get(session).unwrap().unwrap(), ["tea", "milk"]);
        assert_eq!(CART.take(session).unwrap().unwrap().len(), 2);
        assert_eq!(CART.get(session).unwrap(), None);
        let kept = vec!["rice".to_owned()];
        CART.insert(session, &kept).unwrap();
        assert_eq!(CART.get(session).unwrap(), Some(kept));
        assert_eq!(format!("{CART:?}"), "Field(\"cart\")");
    });
}

#[test]
fn the_limit_is_on_what_is_stored() {
    // The length of a name, the bytes that it takes in JSON.
    for (name, stored) in [
        ("plain".to_owned(), 5),
        ("\u{1}".repeat(900), 5_400),
        ("\"\\\n\r\t\u{8}\u{c}".to_owned(), 14),
        ("\u{7f}é/\u{2028}".to_owned(), 7),
    ] {
        for value in ["", "\u{1}\"é"] {
            let text = serde_json::to_string(value).unwrap();
            let exact = stored + text.len() + 5;
            for (limit, fits) in [(exact, true), (exact - 1, false)] {
                let world = World::new(|policy| policy.max_bytes(limit));
                let set = |session: &Session| session.insert(&name, value).is_ok();
                let opened = world.open("");
                assert_eq!(set(&opened), fits, "{} {limit}", name.len());
                // The same again, on top of a value that goes.
                let opened = world.open("");
                opened.insert("a", 1).unwrap();
                opened.clear().unwrap();
                assert_eq!(set(&opened), fits, "{} {limit}", name.len());
                let reply = world.drive(opened.finish(200, world.now()).unwrap());
                if let Some(cookie) = util::id_of(&reply) {
                    assert_eq!(world.record(&cookie).unwrap().data.len(), exact);
                }
            }
        }
    }
}
