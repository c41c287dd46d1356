//! What a sign-in says of the device and the login.

use session_core::{Record, Session, SignIn, StampKey, Tag};

use crate::util::World;

fn all() -> SignIn {
    let stamp = StampKey::new(&[7; 32]).unwrap().stamp("ada", b"hash");
    SignIn::of("ada")
        .label(" Ada's\n phone\u{202e} ")
        .address("2001:db8:1:2::3".parse().unwrap())
        .tag(&Tag::of("https://login.example", "sid").unwrap())
        .credential(stamp)
}

/// The label, the address, and whether there are a tag and a stamp.
fn facts(record: &Record) -> (Option<&str>, Option<&str>, bool, bool) {
    let (tag, credential) = (record.tag.is_some(), record.credential.is_some());
    (
        record.label.as_deref(),
        record.address.as_deref(),
        tag,
        credential,
    )
}

const ALL: (Option<&str>, Option<&str>, bool, bool) =
    (Some("Ada's phone"), Some("2001:db8:1::/48"), true, true);
const NONE: (Option<&str>, Option<&str>, bool, bool) = (None, None, false, false);

#[test]
fn what_a_sign_in_says_stays_until_the_next_one() {
    type Act = fn(&Session);
    let rows: [(&str, Act, _); 7] = [
        ("a read", |_| (), ALL),
        ("a write", |session| session.insert("k", 1).unwrap(), ALL),
        ("cycle", |session| session.cycle().unwrap(), ALL),
        (
            "reauthenticate",
            |session| session.reauthenticate().unwrap(),
            ALL,
        ),
        (
            "the same owner",
            |session| session.sign_in("ada").unwrap(),
            NONE,
        ),
        (
            "another owner",
            |session| session.sign_in("bob".to_owned()).unwrap(),
            NONE,
        ),
        ("all again", |session| session.sign_in(all()).unwrap(), ALL),
    ];
    for plain in [false, true] {
        for (name, act, expected) in &rows {
            let world = World::new(|policy| if plain { policy.plain_ids() } else { policy });
            let begun = world.request("", 200, |session| session.sign_in(all()).unwrap());
            let id = begun.id().unwrap();
            assert_eq!(facts(&world.record(&id).unwrap()), ALL);
            let id = world.request(&id, 200, act).id().unwrap_or(id);
            let record = world.record(&id).unwrap();
            assert_eq!(facts(&record), *expected, "{name}, plain ids: {plain}");
        }
    }
}

#[test]
fn what_is_carried_along_brings_the_facts_of_the_new_session() {
    let world = World::new(|policy| policy);
    let id = world.begin();
    let login = world.open(&id);
    login.sign_in(all()).unwrap();
    let mut step = login.finish(200, world.now()).unwrap();
    step = world.step(step).unwrap();
    world.request(&id, 200, |session| session.insert("late", 1).unwrap());
    let reply = world.drive(step);
    let new = crate::util::id_of(&reply).unwrap();
    let record = world.record(&new).unwrap();
    assert!(record.data.contains("late"));
    assert_eq!(facts(&record), ALL);
}

#[test]
fn no_debug_output_shows_what_tells_of_a_person() {
    let world = World::new(|policy| policy);
    let id = world
        .request("", 200, |session| session.sign_in(all()).unwrap())
        .id()
        .unwrap();
    let record = world.record(&id).unwrap();
    let key = session_core::Key::from_bytes(&[7; 16]).unwrap();
    let shown = format!("{:?} {:?} {:?}", all(), record, record.device(&key));
    for hidden in ["ada", "Ada", "2001", record.tag.as_deref().unwrap()] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}
