//! What an observer is told, and that neither it nor a renderer can break an answer.
#![allow(clippy::unwrap_used)]

#[path = "util/mod.rs"]
mod util;

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{
    ErrorPage, Event, Headers, Observer, Policy, PolicyBuilder, Session, SessionError, StoreError,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id as Span, Record as Values};
use tracing::{Level, Metadata, Subscriber};
use util::{World, outage};

/// Writes the names of events down, and panics if it is told to.
#[derive(Debug, Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>, bool);

impl Observer for Notes {
    fn on(&self, event: &Event<'_>) {
        let shown = format!("{event:?}");
        let name = shown.split([' ', '{']).next().unwrap().to_owned();
        self.0.lock().unwrap().push(name);
        assert!(!self.1, "the observer panics");
    }
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn world(notes: &Notes) -> World {
    let notes = notes.clone();
    World::new(|policy: PolicyBuilder| policy.observer(notes).touch_every(Duration::ZERO))
}

fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}

#[test]
fn every_event_is_told_once() {
    let notes = Notes::default();
    let world = world(&notes);
    let old = world.begin();
    assert_eq!(notes.take(), [""; 0]);
    let first = world.request(&old, 200, sign_in).id().unwrap();
    assert_eq!(notes.take(), ["SignedIn"]);
    // A write with the id from before.
    world.request(&old, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(notes.take(), ["ChangesDropped"]);
    let second = world.request(&first, 200, |session| session.cycle().unwrap());
    assert_eq!(notes.take(), ["Rotated"]);
    let second = second.id().unwrap();
    world.request(&second, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(notes.take(), [""; 0]);
    world.advance(Duration::from_secs(20));
    world.request(&first, 200, |_| {});
    assert_eq!(notes.take(), ["OldSecret"]);
    // A session that is ended while a request changes it.
    let opened = world.open(&second);
    opened.insert("k", 2).unwrap();
    world.request(&second, 200, |session| session.destroy().unwrap());
    world.finish(opened, 200);
    assert_eq!(notes.take(), ["ChangesDropped"]);
    // A touch that fails.
    let reader = world.begin();
    world.advance(Duration::from_secs(1));
    let step = world.open(&reader).finish(200, world.now()).unwrap();
    let session_core::Step::Write(write) = step else {
        panic!("a touch was due");
    };
    assert!(write.answer(Err(outage()), world.now()).is_ok());
    assert_eq!(notes.take(), ["UpkeepFailed"]);
    let mut corrupt = world.record(&reader).unwrap();
    corrupt.data = "{oops".into();
    world.put(&reader, corrupt);
    let opened = world.open(&reader);
    assert!(opened.is_empty() && opened.get::<u32>("k").unwrap().is_none());
    assert_eq!(notes.take(), ["Corrupt"]);
}

#[test]
fn no_event_shows_an_id_or_an_owner() {
    #[derive(Debug, Default)]
    struct Shown(Arc<Mutex<String>>);

    impl Observer for Shown {
        fn on(&self, event: &Event<'_>) {
            write!(self.0.lock().unwrap(), "{event:?} ").unwrap();
        }
    }

    let text = Arc::default();
    let shown = Shown(Arc::clone(&text));
    let world = World::new(|policy| policy.observer(shown));
    let first = world.request("", 200, sign_in).id().unwrap();
    let second = world.request(&first, 200, |session| session.cycle().unwrap());
    let text = text.lock().unwrap();
    assert!(text.contains("SignedIn") && text.contains("Rotated"));
    for id in [first, second.id().unwrap()] {
        // The key is the session's public name; the rest is the secret.
        assert!(!text.contains(&id[22..]), "{text}");
    }
    assert!(!text.contains("ada"));
}

#[test]
fn an_observer_that_panics_changes_no_answer() {
    let notes = Notes(Arc::default(), true);
    let world = world(&notes);
    let id = world.request("", 200, sign_in).id().unwrap();
    world.request(&id, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(notes.take(), ["SignedIn"]);
    let failure = SessionError::Gone.failure();
    assert_eq!(
        world.policy.refuse(&failure, "").into_body(),
        failure.json()
    );
    assert_eq!(notes.take(), ["Failed"]);
}

#[test]
fn what_clients_cause_is_told_from_what_is_ours() {
    for (error, ours) in [
        (SessionError::NotSignedIn, false),
        (SessionError::Gone, false),
        (SessionError::Superseded, false),
        (SessionError::TooLarge { bytes: 2, limit: 1 }, false),
        (SessionError::Finished, true),
        (StoreError::new("down").into(), true),
    ] {
        assert_eq!(error.failure().is_ours(), ours, "{error}");
    }
}

#[test]
fn a_renderer_chooses_the_body_and_a_panic_or_a_bad_type_leaves_the_json() {
    let policy = Policy::builder()
        .error_page(|failure, accept| match accept {
            "text/html" => ErrorPage::html(failure.reason()),
            "bad" => ErrorPage::new("text/plain\r\nset-cookie: a=b", ""),
            _ => panic!("as asked"),
        })
        .build()
        .unwrap();
    let failure = SessionError::Gone.failure();
    let page = policy.refuse(&failure, "text/html");
    assert_eq!(page, ErrorPage::html("the session was ended elsewhere"));
    for accept in ["bad", ""] {
        let json = policy.refuse(&failure, accept);
        let mut headers = List::default();
        json.apply(&mut headers);
        assert_eq!(headers.values("content-type"), ["application/json"]);
        assert!(headers.values("vary").is_empty());
        assert_eq!(json.into_body(), failure.json());
    }

    let mut headers = List::default();
    headers.append("content-length", "7".into());
    headers.append("etag", "x".into());
    headers.append("vary", "Origin".into());
    headers.append("x-other", "kept".into());
    page.apply(&mut headers);
    assert_eq!(headers.values("vary"), ["Origin, Accept"]);
    assert_eq!(headers.values("cache-control"), ["no-store"]);
    assert_eq!(headers.values("content-type"), ["text/html; charset=utf-8"]);
    assert_eq!(headers.values("x-other"), ["kept"]);
    for gone in ["content-length", "etag"] {
        assert!(headers.values(gone).is_empty(), "{gone}");
    }
}

/// Headers as a list.
#[derive(Default)]
struct List(Vec<(String, String)>);

impl List {
    fn values(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter();
        let named = named.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value).collect()
    }
}

impl Headers for List {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        self.0
            .iter()
            .for_each(|(name, value)| show(name, value.as_bytes()));
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.0.push((name.into(), value.into()));
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }
}

/// A log that keeps levels and messages.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = (*event.metadata().level(), text.0);
        self.0.lock().unwrap().push(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Span {
        Span::from_u64(1)
    }

    fn record(&self, _: &Span, _: &Values<'_>) {}
    fn record_follows_from(&self, _: &Span, _: &Span) {}
    fn enter(&self, _: &Span) {}
    fn exit(&self, _: &Span) {}
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

#[test]
fn the_log_calls_an_error_what_is_ours_and_nothing_that_clients_cause() {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        let policy = Policy::default();
        for (error, level) in [
            (SessionError::NotSignedIn, Level::DEBUG),
            (SessionError::Gone, Level::DEBUG),
            (SessionError::Superseded, Level::DEBUG),
            (SessionError::TooLarge { bytes: 2, limit: 1 }, Level::DEBUG),
            (SessionError::Conflict { key: "k".into() }, Level::DEBUG),
            (SessionError::Contended { attempts: 9 }, Level::ERROR),
            (SessionError::Finished, Level::ERROR),
            (outage().into(), Level::ERROR),
        ] {
            let _ = policy.refuse(&error.failure(), "");
            let mut lines = log.0.lock().unwrap();
            let [(told, text)] = &lines[..] else {
                panic!("{error}: {lines:?}");
            };
            assert_eq!(*told, level, "{error}: {text}");
            lines.clear();
        }
    });
}
