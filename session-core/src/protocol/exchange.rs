use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::driver::contention::Backing;
use crate::http::cookie::Candidates;
use crate::protocol::data::Data;
use crate::protocol::session::Session;
use crate::protocol::state::Stored;
use crate::protocol::step::Step;
use crate::{CommitError, Found, Key, Policy, Record};

/// One request's dealings with its session, without I/O.
///
/// While it is a question, ask the store and answer it; when it is open, the handler works on
/// the [`Session`]; when the response's status is known, [`finish`](Self::finish) says what to
/// write. [`Handle`](crate::Handle) does all this for an async server.
///
/// ```
/// use std::sync::Arc;
/// use session_core::{Command, Exchange, Outcome, Policy, Step};
///
/// let policy = Arc::new(Policy::default());
/// let mut exchange = Exchange::open(&policy, [&b"theme=dark; lang=en"[..]]);
/// while let Exchange::Unread(question) = exchange {
///     let found = None; // what your store has under question.key()
///     exchange = question.answer(found, policy.now());
/// }
/// let Exchange::Open(session) = exchange else { unreachable!() };
/// session.insert("visits", 1)?;
///
/// let mut step = session.finish(200, policy.now())?;
/// let reply = loop {
///     step = match step {
///         Step::Done(reply) => break reply,
///         Step::Load(load) => load.answer(None, policy.now())?,
///         Step::Write(write) => {
///             assert!(matches!(write.command(), Command::Insert { .. }));
///             write.answer(Outcome::Applied, policy.now())?
///         }
///     };
/// };
/// assert!(reply.set_cookie().unwrap().starts_with("__Host-session="));
/// # Ok::<(), session_core::SessionError>(())
/// ```
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one request"
)]
pub enum Exchange {
    /// The browser presented an id; ask the store for it.
    Unread(Unread),
    /// The session can be used.
    Open(Session),
}

/// A question to the store, consumed by its answer.
pub struct Unread {
    policy: Arc<Policy>,
    backing: Option<Arc<Backing>>,
    key: Key,
    rest: Candidates,
    /// What an id before this one led to; it counts only if no other leads to a session.
    renewed: Option<Box<Stored>>,
}

impl Exchange {
    /// Looks for our cookie in the values of the request's `Cookie` headers; never fails.
    pub fn open<'a>(policy: &Arc<Policy>, cookies: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let candidates = Candidates::scan(&policy.name, cookies);
        Self::begin(Arc::clone(policy), None, candidates)
    }

    pub(crate) fn begin(
        policy: Arc<Policy>,
        backing: Option<Arc<Backing>>,
        mut candidates: Candidates,
    ) -> Self {
        match candidates.take_next() {
            Some(id) => Self::Unread(Unread {
                policy,
                backing,
                key: Key::of(id),
                rest: candidates,
                renewed: None,
            }),
            None => Self::Open(Session::fresh(policy, backing, Vec::new())),
        }
    }

    /// Destroys the session without asking the store whether there is one; the logout.
    ///
    /// Every id that the browser presented dies.
    #[must_use]
    pub fn destroy(self) -> Session {
        match self {
            Self::Open(session) => {
                // A session that is closed already has nothing to lose.
                let _ = session.destroy();
                session
            }
            Self::Unread(unread) => {
                let mut doomed = vec![unread.key];
                doomed.extend(unread.rest.iter().map(Key::of));
                doomed.extend(unread.renewed.map(|stored| stored.key));
                Session::fresh(unread.policy, unread.backing, doomed)
            }
        }
    }

    /// Closes the exchange and says what is to be done.
    ///
    /// Finish only what the handler has asked for: an exchange without a cookie is open from the
    /// beginning, and its reply says that the response depends on the session. For a request that
    /// never asked, [`Reply::default`](crate::Reply) is right.
    ///
    /// # Errors
    ///
    /// As [`Session::finish`].
    pub fn finish(self, status: u16, now: OffsetDateTime) -> Result<Step, CommitError> {
        match self {
            Self::Unread(_) => Ok(Step::Done(crate::Reply::untouched())),
            Self::Open(session) => session.finish(status, now),
        }
    }
}

impl Unread {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Takes what the store has under the key.
    ///
    /// Nothing, or something that has ended, is no session and its id is never adopted; if the
    /// browser presented another id, that one is asked for next. What was moved from the id a moment
    /// ago can be read at most ([`crate::PolicyBuilder::renewal_grace`]). A record whose data is corrupt
    /// is a session without values, and stays as it is until something is written.
    #[must_use]
    pub fn answer(mut self, found: Option<Found>, now: OffsetDateTime) -> Exchange {
        let lifetime = &self.policy.lifetime;
        match found.filter(|found| !lifetime.is_over(found.record(), now)) {
            Some(Found::Here(record)) => {
                let data = understand(&record);
                let key = self.key;
                let stored = Stored { key, record };
                let session = Session::with(self.policy, self.backing, Some(stored), data);
                let mut others: Vec<Key> = self.rest.iter().map(Key::of).collect();
                others.extend(self.renewed.map(|stored| stored.key));
                session.state().others = others;
                return Exchange::Open(session);
            }
            Some(Found::Moved { to: key, record }) => {
                self.renewed = Some(Box::new(Stored { key, record }));
            }
            None => {}
        }
        if let Some(id) = self.rest.take_next() {
            self.key = Key::of(id);
            return Exchange::Unread(self);
        }
        Exchange::Open(match self.renewed {
            Some(renewed) => Session::renewed(self.policy, self.backing, *renewed, now),
            None => Session::fresh(self.policy, self.backing, Vec::new()),
        })
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").finish_non_exhaustive()
    }
}

/// Reads a record's values; what cannot be read is an event, not an error.
pub(crate) fn understand(record: &Record) -> Data {
    Data::parse(Arc::clone(&record.data)).unwrap_or_else(|| {
        tracing::warn!(session = %record.public_id, "session data corrupted; its values are ignored");
        Data::empty()
    })
}
