//! Sessions that the application ends, whoever they belong to.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use pollster::block_on;
use session_core::{Carrier, Device, Key, Policy, Revoke, Sessions, SignIn, Tag, Whose};
use session_testkit::{ModelStore, key_of, record_of};

/// Signs in and returns the answer's cookie.
fn login(sessions: &Sessions, sign_in: SignIn) -> String {
    let request = sessions.open([]);
    let session = block_on(request.handle().load()).unwrap();
    session.sign_in(sign_in).unwrap();
    let reply = block_on(request.commit(200)).unwrap();
    reply
        .set_cookie()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn devices(sessions: &Sessions, owner: &str) -> Vec<Device> {
    block_on(sessions.devices(owner)).unwrap()
}

#[test]
fn a_tag_ends_the_sessions_that_have_it_and_everybody_is_everybody() {
    let sessions = Sessions::new(Policy::default(), ModelStore::new());
    let tag = |sid| Tag::of("https://issuer.example", sid).unwrap();
    login(&sessions, SignIn::of("ada").tag(&tag("1")));
    login(&sessions, SignIn::of("ada").tag(&tag("2")));
    login(&sessions, SignIn::of("bob").tag(&tag("1")));
    login(&sessions, Arc::<str>::from("carl").into());
    let revoked = |sid| block_on(sessions.revoke_tagged(&tag(sid))).unwrap();
    assert_eq!((revoked("1"), revoked("1"), revoked("3")), (2, 0, 0));
    assert_eq!(devices(&sessions, "ada").len(), 1);
    assert_eq!(devices(&sessions, "bob"), []);
    assert_eq!(block_on(sessions.revoke_everybody()).unwrap(), 2);
    assert_eq!(devices(&sessions, "carl"), []);
    assert!(!sessions.are_in_cookies());
}

#[test]
fn a_handle_knows_its_carrier_before_the_session_is_loaded() {
    let both = Policy::builder().carrier(Carrier::Both).build().unwrap();
    let sessions = Sessions::new(both, ModelStore::new());
    let token = || [&b"Bearer new"[..]];
    let bearer = sessions.open_named::<(), _>(None, [], token);
    assert_eq!(bearer.handle().carrier(), Carrier::Bearer);
    assert_eq!(sessions.open([]).handle().carrier(), Carrier::Cookie);
}

#[test]
fn a_choice_of_sessions_includes_those_it_names_and_shows_nobody() {
    let (own, other) = (key_of(1).public_id(), key_of(2).public_id());
    let mut record = record_of(1);
    record.owner = Some("ada".into());
    record.tag = Some("t".into());
    let rows = [
        (Whose::Owner("ada", Revoke::All), true, "Owner(…, All)"),
        (Whose::Owner("bob", Revoke::All), false, "Owner(…, All)"),
        (Whose::Owner("ada", Revoke::One(&own)), true, "Owner(…, One"),
        (
            Whose::Owner("ada", Revoke::One(&other)),
            false,
            "Owner(…, One",
        ),
        (
            Whose::Owner("ada", Revoke::AllBut(&own)),
            false,
            "Owner(…, AllBut",
        ),
        (
            Whose::Owner("ada", Revoke::AllBut(&other)),
            true,
            "Owner(…, AllBut",
        ),
        (Whose::Tag("t"), true, "Tag(…)"),
        (Whose::Tag("u"), false, "Tag(…)"),
        (Whose::Everybody, true, "Everybody"),
    ];
    let key: Key = key_of(1);
    for (whose, is_included, shown) in rows {
        assert_eq!(whose.includes(&key, &record), is_included, "{whose:?}");
        assert!(format!("{whose:?}").starts_with(shown), "{whose:?}");
    }
    let sign_in = SignIn::of("ada-the-owner").label("a-label");
    let shown = format!("{sign_in:?} {:?}", Tag::of("issuer", "sid"));
    for name in ["ada", "label", "issuer", "sid"] {
        assert!(!shown.contains(name), "{shown}");
    }
}
