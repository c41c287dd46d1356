//! Sessions that are only read: what such a request asks of the store, and what it makes of an outage.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    CalmSession, Event, EventKind, Exchange, Field, Handle, ManualClock, Observer, Policy,
    PolicyBuilder, Reason, Request, SessionError, Sessions, Store, StoreError,
};
use session_testkit::HeaderList;

use crate::request::{begin, finish, is_finished, load, open, read};
use crate::util::shelf::Shelf;
use crate::util::{START, id_of};

/// Errors that were told, without their number being asked for.
#[derive(Debug, Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Observer for Told {
    fn on(&self, event: &Event<'_>) {
        match (event.kind, event.reason) {
            (EventKind::UpkeepFailed, Some(Reason::Error(error))) => {
                self.0.lock().unwrap().push(error.to_string());
            }
            (EventKind::Failed | EventKind::StoreFailed, reason) => {
                panic!("a request failed: {reason:?}")
            }
            _ => {}
        }
    }
}

struct Scene {
    sessions: Sessions,
    shelf: Arc<Shelf>,
    clock: Arc<ManualClock>,
    told: Told,
}

impl Scene {
    fn new(set: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        let (clock, told) = (Arc::new(ManualClock::new(START)), Told::default());
        let builder = Policy::builder().clock(Arc::clone(&clock));
        let policy = set(builder.observer(told.clone())).build().unwrap();
        let shelf = Arc::new(Shelf::default());
        let store: Arc<dyn Store> = Arc::<Shelf>::clone(&shelf);
        Self {
            sessions: Sessions::shared(policy, store),
            shelf,
            clock,
            told,
        }
    }

    /// Sends a request, and returns its id if it was told one, and the calls to the store.
    fn send(&self, cookie: &str, act: impl FnOnce(&Handle)) -> (Option<String>, String) {
        self.shelf.take_calls();
        let request = open(&self.sessions, cookie);
        act(request.handle());
        let reply = finish(&request, 200).unwrap();
        assert!(reply.is_opened());
        (id_of(&reply), self.shelf.take_calls())
    }
}

fn calm(handle: &Handle) -> CalmSession {
    block_on(handle.calm()).unwrap()
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_calm_request_writes_nothing_and_leaves_it_to_the_next_one() {
    type Set = fn(PolicyBuilder) -> PolicyBuilder;
    let rows: [(&str, Set, Duration, bool, &str); 4] = [
        ("fresh", |policy| policy, Duration::ZERO, true, "load"),
        ("a touch", |policy| policy, 2 * DAY, true, "load touch"),
        (
            "a renewal",
            |policy| policy.rotate_every(DAY),
            2 * DAY,
            true,
            "load replace",
        ),
        ("an end", |policy| policy, 30 * DAY, false, "load delete"),
    ];
    for (what, set, later, exists, usually) in rows {
        let scene = Scene::new(set);
        let cookie = begin(&scene.sessions);
        scene.clock.advance(later);
        for _ in 0..2 {
            let (id, calls) = scene.send(&cookie, |handle| {
                let calm = calm(handle);
                assert_eq!((calm.exists(), calm.is_outage()), (exists, false), "{what}");
                assert!(handle.is_loaded() && format!("{handle:?}").contains("calm"));
            });
            assert_eq!((id, &*calls), (None, "load"), "{what}");
        }
        let (_, calls) = scene.send(&cookie, |handle| drop(load(handle)));
        assert_eq!(calls, usually, "{what}");
        assert_eq!(*scene.told.0.lock().unwrap(), [""; 0], "{what}");
    }
}

#[test]
fn a_calm_request_presents_no_new_secret() {
    let scene = Scene::new(|policy| policy);
    let cookie = begin(&scene.sessions);
    let (new, _) = scene.send(&cookie, |handle| load(handle).cycle().unwrap());
    let new = new.unwrap();
    let (_, calls) = scene.send(&new, |handle| assert!(calm(handle).exists()));
    assert_eq!(calls, "load");
    // So the answer counts as lost, and the old id is told the new one again.
    scene.clock.advance(DAY / 24);
    let (again, _) = scene.send(&cookie, |handle| assert!(load(handle).exists()));
    assert_eq!(again, Some(new));
}

#[test]
fn a_request_that_asks_for_the_session_too_is_a_usual_one() {
    type Act = fn(&Handle);
    let rows: [(&str, Act, &str); 6] = [
        (
            "calm, then the session",
            |handle| {
                let calm = calm(handle);
                load(handle).insert("n", 7).unwrap();
                assert_eq!(calm.get("n").unwrap(), Some(7));
            },
            "load replace",
        ),
        (
            "the session, then calm",
            |handle| {
                load(handle).remove("n").unwrap();
                assert!(calm(handle).is_empty());
            },
            "load replace",
        ),
        (
            "both only read",
            |handle| assert!(calm(handle).exists() && load(handle).exists()),
            "load touch",
        ),
        (
            "code that can't wait",
            |handle| {
                assert!(calm(handle).exists() && handle.peek().is_some());
            },
            "load touch",
        ),
        (
            "calm, then a logout",
            |handle| {
                assert!(calm(handle).exists());
                handle.destroy().unwrap();
            },
            "load delete",
        ),
        (
            "a logout, then calm",
            |handle| {
                handle.destroy().unwrap();
                assert!(!calm(handle).exists());
            },
            "delete",
        ),
    ];
    for (what, act, calls) in rows {
        let scene = Scene::new(|policy| policy);
        let cookie = begin(&scene.sessions);
        scene.clock.advance(2 * DAY);
        assert_eq!(scene.send(&cookie, act).1, calls, "{what}");
    }
}

#[test]
fn an_outage_is_a_session_of_nobody_and_told_once() {
    let scene = Scene::new(|policy| policy);
    let (id, _) = scene.send("", |handle| {
        let session = load(handle);
        session.insert("n", 1).unwrap();
        session.sign_in("ada").unwrap();
    });
    let cookie = id.unwrap();
    scene.shelf.take_calls();
    scene.shelf.is_down.store(true, Relaxed);
    let request = open(&scene.sessions, &cookie);
    let seen = calm(request.handle());
    let again = calm(request.handle());
    for seen in [&seen, &again] {
        assert!(seen.is_outage() && !seen.exists() && seen.is_empty());
        assert_eq!(seen.owner(), None);
        assert_eq!(seen.get::<u32>("n").unwrap(), None);
        assert_eq!(seen.get_field(&Field::<u32>::new("n")).unwrap(), None);
        assert!(!seen.contains("n") && seen.iter().next().is_none());
    }
    assert_eq!(scene.shelf.take_calls(), "load");
    assert_eq!(*scene.told.0.lock().unwrap(), ["session store unavailable"]);
    // The session itself is still an error.
    let loaded = block_on(request.handle().load());
    assert!(matches!(loaded, Err(SessionError::Store(_))));
    let reply = finish(&request, 200).unwrap();
    assert_eq!(reply.set_cookie(), None);
    let mut headers = HeaderList::default();
    reply.apply(&mut headers);
    assert_eq!(headers.values("cache-control"), ["no-store"]);
    assert_eq!(headers.values("vary"), ["Cookie"]);
    // Back again, also in the middle of a request.
    let request = open(&scene.sessions, &cookie);
    assert!(calm(request.handle()).is_outage());
    scene.shelf.is_down.store(false, Relaxed);
    assert_eq!(load(request.handle()).owner().as_deref(), Some("ada"));
    let seen = calm(request.handle());
    assert_eq!(seen.owner().as_deref(), Some("ada"));
    assert_eq!(seen.get_field(&Field::<u32>::new("n")).unwrap(), Some(1));
    assert!(seen.contains("n") && seen.iter().eq([("n".into(), "1".into())]));
    assert!(finish(&request, 200).unwrap().set_cookie().is_none());
    assert!(read(&scene.sessions, &cookie).exists());
}

#[test]
fn no_cache_keeps_a_page_that_an_outage_was_seen_on_whatever_came_after_it() {
    type Act = fn(&Request);
    let rows: [(&str, Act); 5] = [
        ("nothing", |_| {}),
        ("a load", |request| drop(load(request.handle()))),
        ("a write", |request| {
            load(request.handle()).insert("n", 7).unwrap();
        }),
        ("a logout", |request| request.handle().destroy().unwrap()),
        ("a panic", |request| {
            drop(load(request.handle()));
            request.abandon();
        }),
    ];
    for (what, act) in rows {
        let scene = Scene::new(|policy| policy);
        let cookie = begin(&scene.sessions);
        let request = open(&scene.sessions, &cookie);
        scene.shelf.is_down.store(true, Relaxed);
        assert!(calm(request.handle()).is_outage(), "{what}");
        scene.shelf.is_down.store(false, Relaxed);
        act(&request);
        let mut headers = HeaderList::default();
        finish(&request, 200).unwrap().apply(&mut headers);
        let caching = headers.values("cache-control").concat();
        assert!(caching.starts_with("no-store"), "{what}: {caching:?}");
    }
}

#[test]
fn a_visitor_without_a_cookie_is_served_without_the_store() {
    let scene = Scene::new(|policy| policy);
    scene.shelf.is_down.store(true, Relaxed);
    let (id, calls) = scene.send("", |handle| {
        let calm = calm(handle);
        assert!(!calm.is_outage() && !calm.exists());
    });
    assert_eq!((id, &*calls), (None, ""));
}

#[test]
fn it_can_be_read_after_the_response_but_not_opened() {
    let scene = Scene::new(|policy| policy);
    let cookie = begin(&scene.sessions);
    let request = open(&scene.sessions, &cookie);
    let seen = calm(request.handle());
    drop(finish(&request, 200).unwrap());
    assert_eq!(seen.get::<u32>("n").unwrap(), Some(0));
    assert!(is_finished(&block_on(request.handle().calm())));
    assert!(request.handle().is_loaded());
    let shown = format!("{seen:?}");
    assert!(
        shown.contains("exists: true") && !shown.contains(&cookie[22..]),
        "{shown}"
    );
}

/// A server that drives the protocol by hand closes such a request itself.
#[test]
fn an_exchange_that_was_only_read_is_closed_without_a_write() {
    let policy = Arc::new(Policy::default());
    let now = policy.now();
    let exchange = Exchange::open(&policy, []);
    let Exchange::Open(opened) = &exchange else {
        panic!("nobody is asked about a request without an id")
    };
    let session = CalmSession::of(&policy, Ok(opened.session().clone())).unwrap();
    assert!(!session.exists() && !session.is_outage());
    assert_eq!(exchange.finish_calm(now).set_cookie(), None);

    // The store does not answer.
    let id = begin(&Scene::new(|policy| policy).sessions);
    let cookie = format!("{}={id}", policy.cookie_name());
    let asking = Exchange::open(&policy, [cookie.as_bytes()]);
    assert!(matches!(asking, Exchange::Unread(_)));
    let reply = asking.finish_calm(now);
    assert_eq!(reply.set_cookie(), None);
    let mut headers = HeaderList::default();
    reply.apply(&mut headers);
    assert_eq!(headers.values("cache-control"), ["no-store"]);
}

/// Who tells of the outage first by hand has told of it.
#[test]
fn an_outage_that_was_told_is_not_told_again() {
    #[derive(Debug, Default)]
    struct Kinds(Mutex<Vec<EventKind>>);

    impl Observer for Kinds {
        fn on(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(event.kind);
        }
    }

    let kinds = Arc::new(Kinds::default());
    let policy = Policy::builder().observer(Arc::clone(&kinds)).build();
    let policy = policy.unwrap();
    let outage = || SessionError::from(StoreError::new("the store is down"));
    let told = policy.store_failed(outage(), None);
    assert!(CalmSession::of(&policy, Err(told)).unwrap().is_outage());
    assert_eq!(*kinds.0.lock().unwrap(), [EventKind::StoreFailed]);
    assert!(CalmSession::of(&policy, Err(outage())).unwrap().is_outage());
    assert_eq!(kinds.0.lock().unwrap()[1..], [EventKind::UpkeepFailed]);
}
