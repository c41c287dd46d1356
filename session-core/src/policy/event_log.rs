use super::event::{Event, EventKind};
use super::observer::Observer;

/// The observer that writes events to `tracing`; the default.
///
/// What clients cause is at level `debug`, what needs an operator's eye is a warning, and failures of the system are errors. The
/// target is `session_core::events`, so `RUST_LOG=session_core::events=debug` shows all of them and nothing else.
///
/// Names and fields are those of OpenTelemetry's [conventions for sessions][conventions] (they are in development there):
///
/// - An event after which a session is there that was not (`created`, `signed_in`, a new id where ids are plain) has the name
///   `session.start`, with `session.id` and, where it goes on from another one, `session.previous_id`. That one has ended: there is
///   no event of its own.
/// - An event with which a session has ended (`logged_out`, `revoked`, `capped`, `expired`) has the name `session.end`.
/// - Any other has the name `session.` and its kind.
/// - `session.id` is the [public handle](crate::PublicId) and never what a browser sends.
///
/// Beside them stand `session.event`, which is the [kind](EventKind::as_str), `reason`, `count` if it is not one, and `left_out` if
/// there are any. An owner is often an e-mail address, so it is left out unless it is [asked for](Self::with_owners); then it is
/// OpenTelemetry's `enduser.id`.
///
/// [conventions]: https://opentelemetry.io/docs/specs/semconv/general/session/
///
/// ```
/// use session_core::{Policy, Tracing};
///
/// let policy = Policy::builder().observer(Tracing::default().with_owners()).build()?;
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Tracing {
    shows_owners: bool,
}

impl Tracing {
    /// Writes owners too, to a log that may have them.
    #[must_use]
    pub fn with_owners(self) -> Self {
        Self { shows_owners: true }
    }
}

/// A call of `tracing` for each kind; its name and its level have to be constants.
macro_rules! write_event {
    ($log:ident, $event:ident; $($kind:ident $(if $guard:expr)? => $level:ident, $name:literal, $text:literal;)*) => {
        match $event.kind {
            $(EventKind::$kind $(if $guard)? => tracing::event!(
                name: $name,
                target: "session_core::events",
                tracing::Level::$level,
                session.event = $event.kind.as_str(),
                session.id = $event.session.map(tracing::field::display),
                session.previous_id = $event.previous.map(tracing::field::display),
                enduser.id = $event.owner.filter(|_| $log.shows_owners),
                reason = $event.reason.map(tracing::field::display),
                count = ($event.count != 1).then_some($event.count),
                left_out = ($event.left_out > 0).then_some($event.left_out),
                $text
            ),)*
        }
    };
}

impl Observer for Tracing {
    fn on(&self, event: &Event<'_>) {
        let is_new = event.previous.is_some();
        write_event! { self, event;
            Capped if event.session.is_none() => DEBUG, "session.capped", "one device too many";
            Capped => DEBUG, "session.end", "ended for a newer device";
            ChangesDropped => DEBUG, "session.changes_dropped", "a request's changes were dropped";
            Contended => ERROR, "session.contended", "a commit was refused each time";
            Corrupt => WARN, "session.corrupt", "session data corrupted; its values are ignored";
            Created => DEBUG, "session.start", "a session has begun";
            Expired => DEBUG, "session.end", "a session is over";
            Failed => ERROR, "session.failed", "session failed";
            LoggedOut => DEBUG, "session.end", "logged out";
            OldSecret => WARN, "session.old_secret", "a secret was presented that was rotated before";
            OverLimit => DEBUG, "session.over_limit", "more than the policy allows";
            Reauthenticated if is_new => DEBUG, "session.start", "an owner has authenticated again";
            Reauthenticated => DEBUG, "session.reauthenticated", "an owner has authenticated again";
            Refused => DEBUG, "session.refused", "a request was refused";
            Revoked => DEBUG, "session.end", "sessions were revoked";
            Rotated if is_new => DEBUG, "session.start", "an id was rotated";
            Rotated => DEBUG, "session.rotated", "an id was rotated";
            SignedIn => DEBUG, "session.start", "an owner has signed in";
            StoreFailed => ERROR, "session.store_failed", "the session store failed";
            Tampered => WARN, "session.tampered", "an id was presented that does not open its session";
            UnknownId => DEBUG, "session.unknown_id", "an id was presented that the store does not know";
            UpkeepFailed => WARN, "session.upkeep_failed", "session upkeep failed; the response goes out without it";
        }
    }
}
