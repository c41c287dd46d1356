//! What becomes of the values.

use session_core::Expiry;

use crate::request::{lifetime, sign_in, write};
use crate::util::World;

#[test]
fn untouched_values_are_written_back_byte_for_byte() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let text = r#"{"base":1.50e+3,"z":[1, 2],"a":"\ud83d\ude00\/"}"#;
    let mut record = world.record(&cookie).unwrap();
    record.data = text.into();
    world.put(&cookie, record);
    world.request(&cookie, 200, |session| session.insert("new", true).unwrap());
    let expected = r#"{"base":1.50e+3,"z":[1, 2],"a":"\ud83d\ude00\/","new":true}"#;
    assert_eq!(&*world.record(&cookie).unwrap().data, expected);
}

#[test]
fn corrupt_data_is_an_empty_session_that_stays_as_it_is_until_a_write() {
    for corrupt in ["", "[]", "{", "\0\0", "{\"a\":1}}"] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let mut record = world.record(&cookie).unwrap();
        record.data = corrupt.into();
        world.put(&cookie, record);
        let seen = world.request(&cookie, 200, |session| {
            assert!(session.exists());
            assert!(session.is_empty());
        });
        assert_eq!(seen.calls, ["load"]);
        assert_eq!(&*world.record(&cookie).unwrap().data, corrupt);
        world.request(&cookie, 200, write);
        assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"k":"v"}"#);
    }
}

#[test]
fn an_anonymous_visitors_data_stays_at_sign_in() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let signed = world.request(&cookie, 200, sign_in).id().unwrap();
    let record = world.record(&signed).unwrap();
    assert_eq!(&*record.data, r#"{"base":1}"#);
    assert_eq!(record.owner.as_deref(), Some("ada"));
    assert_eq!(record.authenticated, Some(world.now()));
}

#[test]
fn another_owners_data_and_lifetime_are_dropped_at_sign_in() {
    let world = World::new(|policy| policy);
    let ada = world.request("", 200, |session| {
        session.insert("secret", 1).unwrap();
        session.sign_in("ada").unwrap();
        lifetime(session);
    });
    let bob = world.request(&ada.id().unwrap(), 200, |session| {
        session.insert("early", 1).unwrap();
        session.sign_in("bob").unwrap();
        session.insert("late", 1).unwrap();
    });
    world.request(&bob.id().unwrap(), 200, |session| {
        assert_eq!(session.owner().as_deref(), Some("bob"));
        assert_eq!(session.keys(), ["late"]);
        assert_eq!(session.expiry(), Expiry::Policy);
    });
}
