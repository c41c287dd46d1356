//! Each event, by hand: what causes it, and what it says. A row that expects nothing shows what is not told, or not again.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{
    Event, EventKind as Kind, Observer, PolicyBuilder, PublicId, Session, Stamp, StampKey,
};

use crate::notes::{Line, Notes};
use crate::util::{World, key_of};
use crate::{begins, ends, failures, presented};

pub struct Scene {
    pub world: World,
    pub notes: Notes,
}

pub type Setting = fn(PolicyBuilder) -> PolicyBuilder;

/// A sentence, a setting, and the cause, which returns what is to be told.
pub struct Row(pub &'static str, pub Setting, pub fn(&Scene) -> Vec<Line>);

pub const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";
pub const GONE: &str = "the session was ended elsewhere";
pub const ASKED: &str = "a handler has asked for it";
pub const MINUTE: Duration = Duration::from_secs(60);

impl Scene {
    /// Forgets what the preparation has told.
    pub fn ready(&self) {
        self.notes.take();
    }

    pub fn visitor(&self) -> String {
        self.world.begin()
    }

    pub fn ada(&self) -> String {
        let seen = self.world.request("", 200, sign_in);
        seen.id().unwrap()
    }

    pub fn act(&self, cookie: &str, act: impl FnOnce(&Session)) -> Option<String> {
        self.world.request(cookie, 200, act).id()
    }
}

pub fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}

pub fn handle(cookie: &str) -> PublicId {
    key_of(cookie).public_id()
}

pub fn stamp(version: u8) -> Stamp {
    StampKey::new(&[7; 32]).unwrap().stamp("ada", &[version])
}

/// Another secret of the same session.
pub fn tampered(cookie: &str) -> String {
    let last = if cookie.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &cookie[..cookie.len() - 1])
}

pub fn usual(policy: PolicyBuilder) -> PolicyBuilder {
    policy
}

pub fn plain(policy: PolicyBuilder) -> PolicyBuilder {
    policy.plain_ids()
}

#[test]
fn each_event_is_told_once_with_what_is_known() {
    let rows = [begins::ROWS, ends::ROWS, failures::ROWS, presented::ROWS];
    for Row(name, setting, run) in rows.into_iter().flatten() {
        let notes = Notes::default();
        let observer = notes.clone();
        let world = World::new(|policy| setting(policy).observer(observer));
        let scene = Scene { world, notes };
        let expected = run(&scene);
        let told = scene.notes.take_timed();
        for (at, _) in &told {
            assert_eq!(*at, scene.world.now(), "{name}");
        }
        let told: Vec<_> = told.into_iter().map(|(_, line)| line).collect();
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn an_observer_that_panics_changes_no_answer() {
    let mut notes = Notes::default();
    notes.panics = true;
    let (observer, after) = (notes.clone(), Notes::default());
    let observers = (observer, after.clone());
    let world = World::new(|policy| policy.observer(observers));
    let id = world.request("", 200, sign_in).id().unwrap();
    world.request(&id, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(notes.kinds(), [Kind::SignedIn]);
    // Nor does it keep the event from another one.
    assert_eq!(after.kinds(), [Kind::SignedIn]);
}

#[test]
fn no_event_shows_an_id_or_an_owner() {
    #[derive(Debug, Clone, Default)]
    struct Shown(Arc<Mutex<String>>);

    impl Observer for Shown {
        fn on(&self, event: &Event<'_>) {
            write!(self.0.lock().unwrap(), "{event:?} {event:#?} ").unwrap();
        }
    }

    let shown = Shown::default();
    let observer = shown.clone();
    let world = World::new(|policy| policy.observer(observer));
    let first = world.request("", 200, sign_in).id().unwrap();
    let second = world.request(&first, 200, |session| session.cycle().unwrap());
    world.request(&tampered(&first), 200, |_| {});
    let text = shown.0.lock().unwrap();
    for kind in [Kind::SignedIn, Kind::Rotated, Kind::Tampered] {
        assert!(
            text.contains(&format!("{kind:?}")),
            "{kind} is not in {text}"
        );
    }
    for id in [first, second.id().unwrap()] {
        // The key is the session's public name; the rest is the secret.
        assert!(!text.contains(&id[22..]), "{text}");
    }
    assert!(!text.contains("ada"), "{text}");
}
