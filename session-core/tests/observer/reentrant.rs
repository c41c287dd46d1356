//! Observers are foreign: one may use the session that an event is about.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use session_core::{Event, EventKind as Kind, Observer, Opened, Revoke, Session};

use crate::util::World;

type Told = Vec<(Kind, Option<Arc<str>>)>;

/// Says what was told, and whose the session is that it was told of.
#[derive(Debug, Default, Clone)]
struct Curious {
    session: Arc<Mutex<Option<Session>>>,
    told: Arc<Mutex<Told>>,
}

impl Observer for Curious {
    fn on(&self, event: &Event<'_>) {
        let session = self.session.lock().unwrap().clone();
        if let Some(session) = session {
            let owner = session.owner();
            self.told.lock().unwrap().push((event.kind, owner));
        }
    }
}

/// Opens a corrupt session of Ada's, acts and commits; returns what was told.
fn told(act: fn(&Opened)) -> Told {
    let curious = Curious::default();
    let observer = curious.clone();
    let world = World::new(|policy| policy.observer(observer).max_bytes(100));
    let seen = world.request("", 200, |session| session.sign_in("ada").unwrap());
    let id = seen.id().unwrap();
    let mut record = world.record(&id).unwrap();
    record.data = "{oops".into();
    world.put(&id, record);
    let opened = world.open(&id);
    *curious.session.lock().unwrap() = Some(Session::clone(&opened));
    act(&opened);
    world.finish(opened, 200);
    // The session has the policy, and the policy the observer.
    curious.session.lock().unwrap().take();
    std::mem::take(&mut curious.told.lock().unwrap())
}

/// The same, unless it waits for itself.
#[allow(
    clippy::disallowed_methods,
    reason = "a scope's threads would be waited for"
)]
fn told_in_time(act: fn(&Opened)) -> Option<Told> {
    let (sender, told_there): (Sender<_>, _) = mpsc::channel();
    thread::spawn(move || sender.send(told(act)));
    told_there.recv_timeout(Duration::from_secs(20)).ok()
}

#[test]
fn an_observer_that_uses_the_session_is_told_at_every_look_at_corrupt_values() {
    type Act = fn(&Opened);
    let looks: [(&str, Act); 15] = [
        ("get", |it| assert_eq!(it.get::<u32>("k").unwrap(), None)),
        ("contains", |it| assert!(!it.contains("k"))),
        ("iter", |it| assert_eq!(it.iter().count(), 0)),
        ("keys", |it| assert!(it.keys().is_empty())),
        ("len", |it| assert_eq!(it.len(), 0)),
        ("is_empty", |it| assert!(it.is_empty())),
        ("insert", |it| it.insert("k", 1).unwrap()),
        ("update", |it| {
            it.update("k", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
        }),
        ("get_or_insert_with", |it| {
            it.get_or_insert_with("k", || 1).unwrap();
        }),
        ("take", |it| assert_eq!(it.take::<u32>("k").unwrap(), None)),
        ("remove", |it| assert!(!it.remove("k").unwrap())),
        ("clear", |it| it.clear().unwrap()),
        ("test_cookie_worked", |it| {
            assert!(!it.test_cookie_worked());
        }),
        ("cycle", |it| {
            it.cycle().unwrap();
            it.insert("k", 1).unwrap();
        }),
        ("twice", |it| assert!(it.is_empty() && it.keys().is_empty())),
    ];
    for (name, act) in looks {
        let told = told_in_time(act).unwrap_or_else(|| panic!("{name}: it hangs"));
        let corrupt: Vec<_> = told
            .iter()
            .filter(|(kind, _)| *kind == Kind::Corrupt)
            .collect();
        assert_eq!(corrupt.len(), 1, "{name}: {told:?}");
        assert!(
            told.iter()
                .all(|(_, owner)| owner.as_deref() == Some("ada"))
        );
    }
}

#[test]
fn it_is_told_too_if_the_look_drops_the_values() {
    let told = told_in_time(|it| {
        it.sign_in("ada").unwrap();
        let revocation = it.revoke(Revoke::All).unwrap();
        revocation.answer(Ok(1)).unwrap();
    });
    let told = told.expect("it hangs");
    let kinds: Vec<_> = told.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Kind::Revoked, Kind::Corrupt, Kind::SignedIn]);
}
