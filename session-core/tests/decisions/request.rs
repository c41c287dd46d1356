//! What a request presents, and what it does with its session.

use std::time::Duration;

use session_core::{Expiry, Session};

use crate::util::World;

/// What the browser presents.
#[derive(Debug, Clone, Copy)]
pub enum Sends {
    Nothing,
    Garbage,
    Unknown,
    Expired,
    /// Expired longer ago than clocks differ.
    LongOver,
    /// A session's key, and a secret that was never its own.
    WrongSecret,
    Valid,
    /// Valid, and somebody is signed in.
    SignedIn,
}

pub const UNKNOWN: &str = "unknown-unknown-unknown-unknown-unknown-unknown-";

fn wrong_secret(cookie: &str) -> String {
    let last = if cookie.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &cookie[..47])
}

pub fn present(world: &World, sends: Sends) -> String {
    match sends {
        Sends::Nothing => String::new(),
        Sends::Garbage => "\"><script>".into(),
        Sends::Unknown => UNKNOWN.into(),
        Sends::Expired => {
            let cookie = world.begin();
            world.advance(Duration::from_hours(24 * 14));
            cookie
        }
        Sends::LongOver => {
            let cookie = world.begin();
            world.advance(Duration::from_hours(24 * 14) + world.policy.clock_skew());
            cookie
        }
        Sends::WrongSecret => wrong_secret(&world.begin()),
        Sends::Valid => world.begin(),
        Sends::SignedIn => {
            let signed = world.request("", 200, |session| {
                session.insert("base", 1).unwrap();
                session.sign_in("ada").unwrap();
            });
            signed.id().unwrap()
        }
    }
}

pub type Act = fn(&Session);

pub fn nothing(_: &Session) {}
pub fn write(s: &Session) {
    s.insert("k", "v").unwrap();
}
pub fn rewrite(s: &Session) {
    s.insert("base", 1).unwrap();
}
pub fn update(s: &Session) {
    s.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
}
pub fn remove(s: &Session) {
    s.remove("base").unwrap();
}
pub fn clear(s: &Session) {
    s.clear().unwrap();
}
pub fn cycle(s: &Session) {
    s.cycle().unwrap();
}
pub fn destroy(s: &Session) {
    s.destroy().unwrap();
}
pub fn sign_in(s: &Session) {
    s.sign_in("ada").unwrap();
}
pub fn lifetime(s: &Session) {
    s.set_expiry(Expiry::After(Duration::from_hours(1)))
        .unwrap();
}
