//! What a request does with a session, and what becomes of both.

use std::time::Duration;

use session_core::Session;

use crate::util::{World, key_of};

pub const GRACE: Duration = Duration::from_secs(10);

/// A millisecond less.
pub const NEARLY_THE_GRACE: Duration = Duration::from_millis(9_999);

pub type Act = fn(&Session);

pub fn nothing(_: &Session) {}
pub fn write(session: &Session) {
    session.insert("k", 1).unwrap();
}
pub fn cycle(session: &Session) {
    session.cycle().unwrap();
}
pub fn reauthenticate(session: &Session) {
    session.reauthenticate().unwrap();
}
pub fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}
pub fn destroy(session: &Session) {
    session.destroy().unwrap();
}

/// A session of ada's that began a minute ago; returns its id.
pub fn signed_in(world: &World) -> String {
    let begun = world.request("", 200, |session| {
        session.insert("base", 1).unwrap();
        sign_in(session);
    });
    world.advance(Duration::from_mins(1));
    begun.id().unwrap()
}

/// Its id before and after a rotation.
pub fn rotated(world: &World, by: Act) -> (String, String) {
    let old = signed_in(world);
    let new = world.request(&old, 200, by).id().unwrap();
    assert_ne!(old, new);
    assert_eq!(key_of(&old), key_of(&new));
    (old, new)
}

/// What the session is to a request, and what the request's answer does.
#[derive(Debug, PartialEq, Eq)]
pub struct Fate {
    pub exists: bool,
    pub sees_the_moment: bool,
    pub calls: String,
    /// `-`, `old`, `new` or `other`.
    pub cookie: &'static str,
    pub is_superseded: bool,
}

pub fn fate(world: &World, sends: &str, [old, new]: [&str; 2], act: Act) -> Fate {
    let mut exists = false;
    let mut sees_the_moment = false;
    let seen = world.request(sends, 200, |session| {
        exists = session.exists();
        sees_the_moment = session.authenticated_at().is_some();
        act(session);
    });
    Fate {
        exists,
        sees_the_moment,
        calls: seen.calls.join(" "),
        cookie: match seen.id() {
            None => "-",
            Some(id) if id == old => "old",
            Some(id) if id == new => "new",
            Some(_) => "other",
        },
        is_superseded: seen.reply.is_superseded(),
    }
}
