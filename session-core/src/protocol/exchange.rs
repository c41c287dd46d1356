use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use time::OffsetDateTime;

use super::data::Data;
use super::pending::{Condition, PendingDelete};
use super::revocation::Revocation;
use super::session::Session;
use super::shared::Shared;
use super::standing::{Found, Standing, Stored};
use super::step::{self, Step};
use crate::http::cookie::Presented;
use crate::http::reply::CookieChange;
use crate::port::moment::utc;
use crate::{CommitError, Digest, Event, Id, Key, Policy, Record, Reply, Revoke, SessionError};

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

/// A question to the store, consumed by its answer.
pub struct Unread {
    policy: Arc<Policy>,
    presented: Presented,
    key: Key,
    secret: Digest,
    /// The number of sessions that were loaded before.
    loaded: usize,
    /// The best record so far, if another key is asked for.
    best: Option<Arc<Stored>>,
    /// Ids of sessions that they do not open any more, and still end.
    dead: Vec<Id>,
    is_stale: bool,
    over: Vec<PendingDelete>,
}

/// A session that handlers use until the response begins.
///
/// It dereferences to the [`Session`], which handlers get; the commit belongs to its holder.
pub struct Opened(Session);

impl Exchange {
    /// Looks for our cookie in the values of the request's `Cookie` headers; never fails.
    pub fn open<'a>(policy: &Arc<Policy>, cookies: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let presented = Presented::scan(&policy.name, policy.id_form, cookies);
        Self::begin(Arc::clone(policy), presented)
    }

    pub(crate) fn begin(policy: Arc<Policy>, presented: Presented) -> Self {
        let Some(id) = presented.of_next_key(0) else {
            return Self::Open(Opened::empty(policy));
        };
        Self::Unread(Unread {
            key: id.key(),
            secret: policy.domain.digest(id),
            policy,
            presented,
            loaded: 0,
            best: None,
            dead: Vec::new(),
            is_stale: false,
            over: Vec::new(),
        })
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
                    state.delete(id.key(), Condition::Opened(digest));
                }
                state.cookie = Some(CookieChange::Remove);
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
    pub fn finish(self, status: u16, now: OffsetDateTime) -> Result<Step, CommitError> {
        match self {
            unread @ Self::Unread(_) => Ok(Step::Done(unread.abandon(now))),
            Self::Open(opened) => opened.finish(status, now),
        }
    }

    /// Closes the exchange and commits nothing, because the handler has panicked; the reply belongs
    /// on the response that goes out all the same.
    pub fn abandon(self, now: OffsetDateTime) -> Reply {
        match self {
            Self::Unread(unread) => Reply::new(&unread.policy, None, None, now),
            Self::Open(opened) => opened.abandon(now),
        }
    }
}

impl Unread {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the digest of the secret that the browser presented with it.
    #[must_use]
    pub fn secret(&self) -> &Digest {
        &self.secret
    }

    /// Takes what the store has under the key.
    ///
    /// Nothing, something that is over, and a record that the presented secret does not open are no
    /// session, and their id is never adopted. If the browser presented another id, that one is
    /// asked for next; a present secret counts for more than one that was rotated. A record whose data
    /// is corrupt is a session without values, and stays as it is until something is written.
    #[must_use]
    pub fn answer(mut self, found: Option<Record>, now: OffsetDateTime) -> Exchange {
        match self.take(found, now) {
            Some(opened) => Exchange::Open(opened),
            None => Exchange::Unread(self),
        }
    }

    /// The same in place: a session, or another question.
    pub(crate) fn take(
        &mut self,
        mut found: Option<Record>,
        now: OffsetDateTime,
    ) -> Option<Opened> {
        let now = utc(now);
        let found = self.opened(&mut found, now);
        self.loaded += 1;
        let best = match (found, self.best.take()) {
            (Some(found), Some(best)) if best.standing >= found.standing => Some(best),
            (Some(found), _) => Some(found),
            (None, best) => best,
        };
        let is_settled = best
            .as_ref()
            .is_some_and(|best| best.standing == Standing::Present);
        if !is_settled && let Some(id) = self.presented.of_next_key(self.loaded) {
            self.best = best;
            self.key = id.key();
            self.secret = self.policy.domain.digest(id);
            return None;
        }
        Some(self.open(best))
    }

    /// Returns the session if a presented secret opens it. The record is large, and moved only here.
    fn opened(&mut self, found: &mut Option<Record>, now: OffsetDateTime) -> Option<Arc<Stored>> {
        let (standing, id, digest) = self.weigh(found.as_ref()?, now)?;
        Some(Arc::new(Stored {
            id,
            key: id.key(),
            digest,
            standing,
            cookie: None,
            record: found.take()?,
        }))
    }

    /// Returns the best of the presented secrets that open the session, if one does.
    fn weigh(&mut self, record: &Record, now: OffsetDateTime) -> Option<(Standing, Id, Digest)> {
        let policy = &self.policy;
        let mut best: Option<(Standing, Id, Digest)> = None;
        for (place, id) in self.presented.of_key(self.key).enumerate() {
            let digest = match place {
                0 => self.secret,
                _ => policy.domain.digest(id),
            };
            match Found::of(record, &digest, now) {
                Found::Open(standing) if best.is_none_or(|(best, ..)| best < standing) => {
                    best = Some((standing, *id, digest));
                }
                Found::Dead(since) => {
                    // Never an end: a stale tab must not log everybody out.
                    let session = self.key.public_id();
                    policy.tell(&Event::OldSecret { session });
                    self.is_stale |= now < since.saturating_add(policy.clock_skew);
                    self.dead.push(*id);
                }
                Found::Open(_) | Found::Unknown => {}
            }
        }
        let (_, id, _) = best?;
        if policy.lifetime.is_over(record, now) {
            // A logout ends it all the same, since other clocks may differ.
            self.dead.push(id);
            policy.ended.note(self.key, now);
            let agreed = now.saturating_sub(policy.clock_skew);
            if policy.lifetime.end(record, now) <= agreed {
                self.over.push(PendingDelete {
                    key: self.key,
                    condition: Condition::Over(agreed),
                });
            }
            return None;
        }
        if policy.ended.has(self.key, now) {
            self.dead.push(id);
            return None;
        }
        best
    }

    fn open(&mut self, best: Option<Arc<Stored>>) -> Opened {
        let key = best.as_ref().map(|stored| stored.key);
        let data = match &best {
            Some(stored) if !stored.is_hidden() => {
                Data::of_record(&self.policy, stored.key, &stored.record)
            }
            _ => Data::default(),
        };
        let opened = Opened::new(Arc::clone(&self.policy), best, data);
        let mut state = opened.shared().state();
        if let Some(key) = key {
            state.others = self.presented.of_other_keys(key);
        } else {
            state.others = std::mem::take(&mut self.dead);
            let known = state.others.len();
            state.others.extend(self.presented.not_loaded(self.loaded));
            // Its session may be among those that were not looked for. A new one would not be found
            // the next time either, and each write would begin another.
            let is_cut_off = state.others.len() > known;
            state.is_stale = self.is_stale || is_cut_off;
        }
        state.pending_deletes = std::mem::take(&mut self.over);
        drop(state);
        opened
    }
}

impl Opened {
    fn new(policy: Arc<Policy>, base: Option<Arc<Stored>>, data: Data) -> Self {
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
    pub fn finish(self, status: u16, now: OffsetDateTime) -> Result<Step, CommitError> {
        step::finish(self.shared(), status, now)
    }

    /// Decides what to write now, and leaves the session open.
    ///
    /// Only one commit of a session may be under way.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish), or the session is finished.
    pub fn commit(&self, now: OffsetDateTime) -> Result<Step, CommitError> {
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
    pub fn abandon(self, now: OffsetDateTime) -> Reply {
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

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").finish_non_exhaustive()
    }
}
