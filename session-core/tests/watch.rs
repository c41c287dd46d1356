//! Whether a session has ended, asked without I/O by a server that is driven by hand.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::SessionError;
use util::World;

#[test]
fn a_server_without_async_asks_what_it_has_loaded_itself() {
    let world = World::new(|policy| policy);
    let nobody = world.open("").watch();
    assert!(matches!(nobody, Err(SessionError::NoSession)));
    let begun = world.request("", 200, |session| session.insert("k", 1).unwrap());
    let cookie = begun.id().unwrap();
    let mut watch = world.open(&cookie).watch().unwrap();
    assert_eq!(format!("{watch:?}"), "Watch { .. }");
    let found = world.load(watch.key());
    assert_eq!(found.as_ref().unwrap().secrets.present, *watch.secret());
    assert!(!watch.has_ended(found, world.now()));

    // A new secret is no end, and the next look is for it.
    let renewed = world.request(&cookie, 200, |session| session.cycle().unwrap());
    let before = *watch.secret();
    let found = world.load(watch.key());
    assert!(!watch.has_ended(found, world.now()));
    assert_ne!(*watch.secret(), before);

    world.request(&renewed.id().unwrap(), 200, |it| it.destroy().unwrap());
    let found = world.load(watch.key());
    assert!(watch.has_ended(found, world.now()));
}
