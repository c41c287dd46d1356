//! The default observer: levels, names and fields, and that owners are left out.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use session_core::{
    Event, EventKind as Kind, Moment, Observer, Policy, PublicId, SessionError, Tracing,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id as Span, Record as Values};
use tracing::{Level, Metadata, Subscriber};

use crate::util::outage;

/// A log that keeps levels and messages.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<Shown>>>);

/// Level, name, fields.
type Shown = (Level, &'static str, String);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = (*event.metadata().level(), event.metadata().name(), text.0);
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
            (SessionError::Finished, Level::ERROR),
            (outage().into(), Level::ERROR),
        ] {
            let _ = policy.refuse(&error.failure(), "");
            let mut lines = log.0.lock().unwrap();
            let [(told, _, text)] = &lines[..] else {
                panic!("{error}: {lines:?}");
            };
            assert_eq!(*told, level, "{error}: {text}");
            lines.clear();
        }
    });
}

#[test]
fn names_and_fields_are_those_of_opentelemetry_and_owners_are_asked_for() {
    let [id, before] = [7, 8].map(|byte| PublicId::from_bytes([byte; 16]));
    let shown = |observer: Tracing, event: Event<'_>| {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || observer.on(&event));
        let mut lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 1, "{event:?}");
        lines.remove(0)
    };
    let event = |kind| {
        let mut event = Event::new(kind, Moment::UNIX_EPOCH);
        event.session = Some(id);
        event.owner = Some("ada@example.org");
        event
    };
    let mut signed_in = event(Kind::SignedIn);
    signed_in.previous = Some(before);
    let (level, name, text) = shown(Tracing::default(), signed_in);
    assert_eq!((level, name), (Level::DEBUG, "session.start"));
    for field in [
        format!("session.id={id} "),
        format!("session.previous_id={before} "),
        r#"session.event="signed_in" "#.to_owned(),
    ] {
        assert!(text.contains(&field), "{field} in {text}");
    }
    for field in ["enduser", "ada", "count", "left_out", "reason"] {
        assert!(!text.contains(field), "{field} in {text}");
    }
    let (_, _, text) = shown(Tracing::default().with_owners(), signed_in);
    assert!(text.contains(r#"enduser.id="ada@example.org""#), "{text}");

    for (kind, name) in [
        (Kind::Created, "session.start"),
        (Kind::LoggedOut, "session.end"),
        (Kind::Revoked, "session.end"),
        (Kind::Capped, "session.end"),
        (Kind::Expired, "session.end"),
        (Kind::Rotated, "session.rotated"),
        (Kind::UnknownId, "session.unknown_id"),
    ] {
        assert_eq!(shown(Tracing::default(), event(kind)).1, name, "{kind}");
    }
    for kind in Kind::ALL {
        let (_, name, text) = shown(Tracing::default(), event(*kind));
        assert!(name.starts_with("session."), "{name}");
        assert!(
            text.contains(&format!("session.event=\"{kind}\"")),
            "{text}"
        );
    }
    let mut several = event(Kind::Revoked);
    (several.count, several.left_out) = (3, 2);
    let (_, _, text) = shown(Tracing::default(), several);
    assert!(
        text.contains("count=3 ") && text.contains("left_out=2 "),
        "{text}"
    );
    let mut moved = event(Kind::Rotated);
    moved.previous = Some(before);
    assert_eq!(shown(Tracing::default(), moved).1, "session.start");
}

#[test]
fn a_report_logs_a_warning_for_each_cross() {
    let log = Log::default();
    let report = Policy::development().report();
    tracing::subscriber::with_default(log.clone(), || report.log());
    let told = log.0.lock().unwrap();
    let wrong: Vec<_> = report.iter().filter(|finding| !finding.is_ok()).collect();
    assert!(!wrong.is_empty());
    assert_eq!(told.len(), wrong.len(), "{told:?}");
    for ((level, _, text), finding) in told.iter().zip(wrong) {
        assert_eq!(*level, Level::WARN);
        let remedy = finding.remedy.as_deref().unwrap();
        assert!(
            text.contains(finding.name) && text.contains(remedy),
            "{text}"
        );
    }
}
