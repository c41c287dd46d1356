use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::data::Data;
use super::pending::{Condition, Ends};
use super::revocation::Revocation;
use super::session::Session;
use super::shared::Shared;
use super::standing::Stored;
use super::step::{self, Step};
use super::unread::Unread;
use crate::http::bearer::present;
use crate::http::cookie::Presented;
use crate::http::reply::CookieChange;
use crate::{CommitError, Moment, Policy, Reply, Revoke, SessionError};

/// One request's dealings with its session, without I/O.
///
/// While it is a question, ask the store and answer it; when it is open, the handler works on
/// the [`Session`]; when the response's status is known, [`Opened::finish`] says what to write.
/// `Sessions` does all this for an async server.
///
/// ```
/// use std::sync::Arc;
/// use session_core::{Command, CommitError, Exchange, Outcome, Policy, Step};
///
/// let policy = Arc::new(Policy::default());
/// let mut exchange = Exchange::open(&policy, [&b"theme=dark; lang=en"[..]]);
/// while let Exchange::Unread(question) = exchange {
///     let found = None; // what your store has under question.key()
///     exchange = question.answer(found, policy.now());
/// }
/// let Exchange::Open(opened) = exchange else { unreachable!() };
/// opened.session().insert("visits", 1).unwrap();
///
/// let mut step = opened.finish(200, policy.now())?;
/// let reply = loop {
///     step = match step {
///         Step::Done(reply) => break reply,
///         Step::Load(load) => load.answer(Ok(None), policy.now())?,
///         Step::List(list) => list.answer(Ok(vec![]), policy.now())?,
///         Step::Write(write) => {
///             assert!(matches!(write.command(), Command::Insert { .. }));
///             write.answer(Ok(Outcome::Applied), policy.now())?
///         }
///     };
/// };
/// assert!(reply.set_cookie().unwrap().starts_with("__Host-session="));
/// # Ok::<(), CommitError>(())
/// ```
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one request"
)]
#[allow(clippy::exhaustive_enums, reason = "a server handles each case")]
pub enum Exchange {
    /// The browser presented an id; ask the store for it.
    Unread(Unread),
    /// The session can be used.
    Open(Opened),
}

/// A session that handlers use until the response begins.
///
/// It dereferences to the [`Session`], which handlers get; the commit belongs to its holder.
pub struct Opened(Session);

impl Exchange {
    /// Looks for our cookie in the values of the request's `Cookie` headers; never fails.
    pub fn open<'a>(policy: &Arc<Policy>, cookies: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::open_with(policy, cookies, [])
    }

    /// The same, also for a [bearer's](crate::Carrier) request, with the values of its `Authorization`
    /// headers.
    pub fn open_with<'c, 'a>(
        policy: &Arc<Policy>,
        cookies: impl IntoIterator<Item = &'c [u8]>,
        authorization: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let (policy, presented) = present(policy, cookies, || authorization);
        Self::begin(Arc::clone(policy), presented)
    }

    pub(crate) fn begin(policy: Arc<Policy>, presented: Presented) -> Self {
        let Some(id) = presented.of_next_key(0) else {
            return Self::Open(Opened::empty(policy));
        };
        let id = *id;
        Self::Unread(Unread::new(policy, presented, id))
    }

    /// Destroys the session without asking the store whether there is one; the logout.
    ///
    /// Every session ends that the browser presented an id of, as long as that opens it.
    #[must_use]
    pub fn destroy(self) -> Opened {
        match self {
            Self::Open(opened) => {
                // A session that is finished already has nothing to lose.
                let _ = opened.destroy();
                opened
            }
            Self::Unread(unread) => {
                let opened = Opened::empty(Arc::clone(&unread.policy));
                let mut state = opened.shared().state();
                for id in unread.presented.iter() {
                    let digest = unread.policy.domain.digest(id);
                    state.end(id.key(), Condition::Opened(digest), Ends::Unseen);
                }
                state.cookie = Some(CookieChange::Remove);
                state.has_logged_out = true;
                drop(state);
                opened
            }
        }
    }

    /// Closes the exchange and says what is to be done.
    ///
    /// Finish only what the handler has asked for, also if the store has failed to answer: the reply
    /// says that the response depends on the cookie. For a request that never asked,
    /// [`Reply::default`](crate::Reply) is right.
    ///
    /// # Errors
    ///
    /// As [`Opened::finish`].
    pub fn finish(self, status: u16, now: Moment) -> Result<Step, CommitError> {
        match self {
            unread @ Self::Unread(_) => Ok(Step::Done(unread.abandon(now))),
            Self::Open(opened) => opened.finish(status, now),
        }
    }

    /// Closes the exchange and commits nothing, because the handler has panicked; the reply belongs
    /// on the response that goes out all the same.
    pub fn abandon(self, now: Moment) -> Reply {
        match self {
            Self::Unread(unread) => Reply::new(&unread.policy, None, None, now),
            Self::Open(opened) => opened.abandon(now),
        }
    }
}

impl Opened {
    pub(crate) fn new(policy: Arc<Policy>, base: Option<Arc<Stored>>, data: Data) -> Self {
        Self(Session(Shared::new(policy, base, data)))
    }

    /// A session of which nothing is stored.
    fn empty(policy: Arc<Policy>) -> Self {
        Self::new(policy, None, Data::default())
    }

    /// Returns the session that handlers get.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0
    }

    /// Closes the session and decides what to write, now that the response's status is known.
    ///
    /// A status of 500 or more, 408 and 499 (a time-out, a client that has gone away) drop all changes, but
    /// a destroyed session is deleted all the same.
    ///
    /// # Errors
    ///
    /// No random bytes, an update that does not understand the present value, more values than
    /// the policy allows, together with those that others wrote meanwhile; or a sign-in whose
    /// session was ended meanwhile. Answer with the [status](crate::SessionError::status) of the
    /// error, and with the error's reply.
    pub fn finish(self, status: u16, now: Moment) -> Result<Step, CommitError> {
        step::finish(self.0.0, status, now)
    }

    /// Decides what to write now, and leaves the session open.
    ///
    /// Only one commit of a session may be under way.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish), or the session is finished.
    pub fn commit(&self, now: Moment) -> Result<Step, CommitError> {
        step::commit(self.shared(), now)
    }

    /// Decides which sessions of its owner this request ends; ask the store, and answer.
    ///
    /// An async server's handlers have `RequestSession::revoke`, which describes it.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, or the session is finished.
    pub fn revoke(&self, which: Revoke<'_>) -> Result<Revocation, SessionError> {
        self.session().revocation(which)
    }

    /// Closes the session and commits nothing; see [`Exchange::abandon`].
    pub fn abandon(self, now: Moment) -> Reply {
        self.shared().close();
        self.shared().reply(now)
    }

    #[cfg(feature = "driver")]
    pub(crate) fn into_session(self) -> Session {
        self.0
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl Deref for Opened {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
