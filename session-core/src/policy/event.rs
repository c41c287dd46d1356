use std::fmt;

use super::rates::Flood;
use crate::failure::Failure;
use crate::{Moment, PublicId, SessionError};

/// Something about a session that an operator may want to know.
///
/// It is told once, after the decision: what a write brings about, when the store has acknowledged the write. A session is
/// named by its [`PublicId`], which opens nothing; no event has an id or a value. `Debug` does not show the owner, which is
/// often an e-mail address.
///
/// Two things are not told: what happened although the store's answer was lost (it is a
/// [`StoreFailed`](EventKind::StoreFailed), unless a later save of the same request finds its own write), and the end of a
/// request whose client has gone away in the middle of its commit. Of two more there is only a line in the log, and they try
/// again: a [watcher](crate::RequestSession::ended) whose look at the store fails, and a [sweep](crate::sweep_in_batches).
///
/// ```
/// use session_core::{Event, EventKind, Moment};
///
/// let mut event = Event::new(EventKind::SignedIn, Moment::UNIX_EPOCH);
/// event.owner = Some("ada@example.org");
/// assert_eq!(event.kind.as_str(), "signed_in");
/// assert!(!format!("{event:?}").contains("ada"));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What has happened.
    pub kind: EventKind,
    /// When, by the policy's clock.
    pub at: Moment,
    /// The session's handle, if it is known. In [`UnknownId`](EventKind::UnknownId) it is whatever the client has sent.
    pub session: Option<PublicId>,
    /// The handle of the session that this one goes on from, which has ended with it: after a sign-in, and after a new id
    /// where ids are [plain](crate::IdForm::Plain).
    pub previous: Option<PublicId>,
    /// The session's owner, as the application names it.
    pub owner: Option<&'a str>,
    /// Why, or by whom.
    pub reason: Option<Reason<'a>>,
    /// The number of sessions that it is about: one, but for a revocation of several.
    pub count: u64,
    /// The number of events of this kind that were left out before this one; see [`EventKind::is_limited`]. What the last
    /// second of a flood leaves out is told with the next event, and never if there is none.
    pub left_out: u64,
}

/// What has happened.
///
/// | kind | told when |
/// |---|---|
/// | `created` | a visitor's first value is stored |
/// | `signed_in` | an owner has signed in: a session begins, also where there was none before |
/// | `rotated`, `reauthenticated` | a session has a new secret |
/// | `logged_out`, `revoked`, `capped` | a session is ended |
/// | `expired` | an id is presented whose session is over and still stored, once a process. A sweep, and Redis, remove sessions without a word |
/// | `unknown_id` | an id is presented of which the store has nothing |
/// | `tampered`, `old_secret` | an id is presented whose session is there and is not opened by it |
/// | `changes_dropped`, `corrupt`, `over_limit` | a request goes on without some of its values |
/// | `contended`, `store_failed`, `upkeep_failed` | a commit or another call of the store was given up |
/// | `refused`, `failed` | a request is answered with an error |
///
/// **An `unknown_id` is no attack.** Browsers send an id until its cookie is over: after a logout elsewhere, a revocation, or the
/// removal of an expired session each visitor who comes back causes one. Only a change of its rate says something. `tampered`
/// is rarer, and still has harmless causes: a cookie from a restored backup, of two rotations ago or more; an id that travels as a
/// cookie and as a bearer's token; of [sealed](crate::Sessions::in_cookies) ones, all cookies of a key that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventKind {
    /// An owner had as many sessions as the policy allows: this one was ended for a new one, or the new one was refused
    /// (then there is a [`Reason::Error`]). Of two logins that race, each may tell of the same one.
    Capped,
    /// A request's changes were dropped, because its session was ended elsewhere or its id is from before a sign-in or an old
    /// rotation. The reason is [`SessionError::Gone`] or [`SessionError::Superseded`].
    ChangesDropped,
    /// A commit was refused each time, or an update's closure changed its own value; see [`SessionError::Contended`].
    Contended,
    /// A stored session's data can't be read; the session goes on without them. It is noticed when the first value is asked
    /// for.
    Corrupt,
    /// A visitor's session was stored for the first time. Where sessions are in their cookies, one that turns out to be too
    /// large for a cookie is [`OverLimit`](Self::OverLimit) after that.
    Created,
    /// An id was presented whose session is over. The reason says which of its limits that was.
    Expired,
    /// A request was answered with an error of the system (5xx) that no other event has told.
    Failed,
    /// A session was ended by its visitor. A logout without a load ([`Handle::destroy`](crate::Handle::destroy)) does not learn
    /// whether there was a session, nor whose: its reason is [`Reason::Unseen`]. Of two logouts that race, each may tell of the
    /// same session.
    LoggedOut,
    /// A secret was presented that was rotated before: by a stale tab, or by a thief.
    OldSecret,
    /// A session or a value would be larger than the policy allows, or more ids were presented than are looked for.
    OverLimit,
    /// A session's owner has authenticated again.
    Reauthenticated,
    /// A request was answered with an error that a client can cause (4xx); what led to it may have been told before.
    Refused,
    /// Sessions were ended by somebody else's request, or from outside of all requests; see [`Revoker`]. One that was signed in
    /// and ended in one request is not told.
    Revoked,
    /// A session's secret was rotated: the reason is [`Reason::Asked`] or [`Reason::Age`].
    Rotated,
    /// An owner has signed in.
    SignedIn,
    /// The store has failed a call.
    StoreFailed,
    /// An id was presented whose session is there, and whose secret is none that it remembers; or a cookie that holds a session
    /// was changed, or sealed with a key that is not known.
    Tampered,
    /// An id was presented of which the store has nothing: forged, or of a session that was ended or removed.
    UnknownId,
    /// Work failed that the response can do without, such as an extension of the session's life.
    UpkeepFailed,
}

/// Why something has happened, or by whom.
///
/// `Display` is for logs: it tells no id, owner or value.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Reason<'a> {
    /// The session's whole life was over.
    Absolute,
    /// A secret was as old as the policy [allows](crate::PolicyBuilder::rotate_every).
    Age,
    /// A handler has asked for it.
    Asked,
    /// The session's own lifetime was over, as [`set_expiry`](crate::Session::set_expiry) has it.
    Expiry,
    /// An error.
    Error(&'a SessionError),
    /// What the client was told, and the causes.
    Failure(&'a Failure),
    /// Nobody has used the session for too long.
    Idle,
    /// Somebody has ended it.
    By(Revoker),
    /// More ids were presented than are looked for.
    TooManyIds,
    /// The session was not looked at before, so that perhaps there was none.
    Unseen,
}

/// Who has ended sessions that were not their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revoker {
    /// The application, for one owner ([`Sessions::revoke`](crate::Sessions::revoke)).
    Application,
    /// A new credential ([`check_credential`](crate::Session::check_credential)).
    Credential,
    /// An owner's [epoch](crate::Epochs), where sessions are in their cookies; told when such a cookie is presented.
    Epoch,
    /// The application, for all owners ([`Sessions::revoke_everybody`](crate::Sessions::revoke_everybody)).
    Everybody,
    /// Their owner, in a request ([`RequestSession::revoke`](crate::RequestSession::revoke)).
    Owner,
    /// An identity provider ([`Sessions::revoke_tagged`](crate::Sessions::revoke_tagged)).
    Tag,
}

impl<'a> Event<'a> {
    /// Creates an event about one session that is not named; for observers that pass events on, and their tests.
    #[must_use]
    pub fn new(kind: EventKind, at: Moment) -> Self {
        Self {
            kind,
            at,
            session: None,
            previous: None,
            owner: None,
            reason: None,
            count: 1,
            left_out: 0,
        }
    }

    pub(crate) fn of(mut self, session: impl Into<Option<PublicId>>) -> Self {
        self.session = session.into();
        self
    }

    pub(crate) fn owned_by(mut self, owner: Option<&'a str>) -> Self {
        self.owner = owner;
        self
    }

    pub(crate) fn because(mut self, reason: Reason<'a>) -> Self {
        self.reason = Some(reason);
        self
    }
}

impl EventKind {
    /// Every kind, in the order of their names.
    pub const ALL: &'static [Self] = &[
        Self::Capped,
        Self::ChangesDropped,
        Self::Contended,
        Self::Corrupt,
        Self::Created,
        Self::Expired,
        Self::Failed,
        Self::LoggedOut,
        Self::OldSecret,
        Self::OverLimit,
        Self::Reauthenticated,
        Self::Refused,
        Self::Revoked,
        Self::Rotated,
        Self::SignedIn,
        Self::StoreFailed,
        Self::Tampered,
        Self::UnknownId,
        Self::UpkeepFailed,
    ];

    /// Returns the kind's name, which stays the same from version to version; for logs and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capped => "capped",
            Self::ChangesDropped => "changes_dropped",
            Self::Contended => "contended",
            Self::Corrupt => "corrupt",
            Self::Created => "created",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::LoggedOut => "logged_out",
            Self::OldSecret => "old_secret",
            Self::OverLimit => "over_limit",
            Self::Reauthenticated => "reauthenticated",
            Self::Refused => "refused",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
            Self::SignedIn => "signed_in",
            Self::StoreFailed => "store_failed",
            Self::Tampered => "tampered",
            Self::UnknownId => "unknown_id",
            Self::UpkeepFailed => "upkeep_failed",
        }
    }

    /// Says whether a stranger can cause it at will. Of such events a policy tells ten a second of each kind; those that were
    /// left out are counted in the [next one](Event::left_out). [Too many ids](Reason::TooManyIds) count apart from sessions
    /// that are too large.
    ///
    /// **So a flood hides others of its kind**: whoever presents wrong secrets of their own session ten times a second hides the
    /// [`Tampered`](Self::Tampered) and [`OldSecret`](Self::OldSecret) of other people's. Watch the number that was left out
    /// too, and limit the rate of requests before they come here. What goes with a write of the store is never left out: it
    /// costs more than a word about it. Where sessions are in their cookies, a logout writes nothing and is told all the same. A
    /// clock that is set back by less than half a minute counts as standing still.
    #[must_use]
    pub fn is_limited(self) -> bool {
        Flood::of(self, None).is_some()
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "its whole life was over",
            Self::Age => "the secret was old",
            Self::Asked => "a handler has asked for it",
            Self::Expiry => "its own lifetime was over",
            Self::Error(error) => return error.chain().fmt(f),
            Self::Failure(failure) => return failure.fmt(f),
            Self::Idle => "nobody has used it",
            Self::By(revoker) => return write!(f, "by {revoker}"),
            Self::TooManyIds => "too many ids",
            Self::Unseen => "without a look whether it was there",
        })
    }
}

impl fmt::Display for Revoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "the application",
            Self::Credential => "a new credential",
            Self::Epoch => "the owner's epoch",
            Self::Everybody => "the application, for everybody",
            Self::Owner => "the owner",
            Self::Tag => "a tag",
        })
    }
}

/// Does not show the owner.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("session", &self.session)
            .field("previous", &self.previous)
            .field("owner", &self.owner.map(|_| "…"))
            .field("reason", &self.reason)
            .field("count", &self.count)
            .field("left_out", &self.left_out)
            .finish()
    }
}
