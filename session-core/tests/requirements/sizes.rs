//! The limit of a single value.

use session_core::{Field, Session, SessionError, ValueError};

use crate::util::World;

/// Checks that a value was refused for its size, by name.
fn is_too_large<T: std::fmt::Debug>(outcome: Result<T, SessionError>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.status(), 413);
    assert!(error.public_json().contains("a value of the session"));
    assert!(!error.public_json().contains("draft") && error.to_string().contains("\"draft\""));
    let SessionError::Value(ValueError::TooLarge { key, bytes, limit }) = error else {
        panic!("{error}");
    };
    assert_eq!((&*key, bytes, limit), ("draft", 9, 8));
}

type Act = fn(&Session, &'static str) -> Result<(), SessionError>;

#[test]
fn r44_a_value_over_its_limit_is_refused_by_name_and_the_old_one_stays() {
    const DRAFT: Field<String> = Field::new("draft");
    // As JSON they have 8 and 9 bytes.
    let (fits, larger) = ("123456", "1234567");
    let acts: [(&str, Act); 4] = [
        ("insert", |s, text| s.insert("draft", text)),
        ("extend", |s, text| s.extend([("draft", text)])),
        ("update", |s, text| {
            s.update("draft", move |_: Option<String>| text.to_owned())
                .map(drop)
        }),
        ("field", |s, text| DRAFT.insert(s, text.to_owned())),
    ];
    for (name, act) in acts {
        let world = World::new(|policy| policy.max_value_bytes(8));
        let cookie = world.begin();
        world.request(&cookie, 200, |session| act(session, fits).unwrap());
        world.request(&cookie, 200, |session| {
            session.insert("others", 1).unwrap();
            is_too_large(act(session, larger));
            assert_eq!(
                session.get::<String>("draft").unwrap().as_deref(),
                Some(fits)
            );
        });
        let stored = world.record(&cookie).unwrap().data.to_string();
        assert_eq!(
            stored, r#"{"base":1,"draft":"123456","others":1}"#,
            "{name}"
        );
    }
    let world = World::new(|policy| policy.max_value_bytes(8));
    let session = world.open("");
    is_too_large(session.get_or_insert_with("draft", || larger.to_owned()));
    assert!(session.is_empty());
}

#[test]
fn r44_an_update_that_outgrows_its_limit_on_what_others_wrote_fails_its_commit() {
    let world = World::new(|policy| policy.max_value_bytes(8));
    let cookie = world.begin();
    let append = |session: &Session| {
        let longer = |old: Option<String>| old.unwrap_or_default() + "1234";
        session.update("draft", longer)
    };
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    for session in [&one, &two] {
        append(session).unwrap();
    }
    world.finish(one, 200);
    let before = world.record(&cookie).unwrap();
    let failed = world
        .try_drive(two.finish(200, world.now()).unwrap())
        .unwrap_err();
    assert_eq!(failed.error().status(), 413);
    assert_eq!(world.record(&cookie).unwrap(), before);
}

#[test]
fn r44_a_value_from_before_the_limit_is_read_goes_along_and_can_be_removed() {
    let generous = World::new(|policy| policy);
    let cookie = generous.begin();
    generous.request(&cookie, 200, |s| s.insert("draft", "1234567").unwrap());
    let strict = World::new(|policy| policy.max_value_bytes(8));
    strict.put(&cookie, generous.record(&cookie).unwrap());
    let signed = strict.request(&cookie, 200, |session| {
        session.insert("others", 1).unwrap();
        session.sign_in("ada").unwrap();
    });
    strict.request(&signed.id().unwrap(), 200, |session| {
        assert_eq!(
            session.take::<String>("draft").unwrap().as_deref(),
            Some("1234567")
        );
    });
}
