use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::driver::contention::Backing;
use crate::http::cookie::Candidates;
use crate::protocol::exchange::Exchange;
use crate::protocol::session::Session;
use crate::protocol::step::Step;
use crate::{Device, Policy, Reply, Revoke, SessionError, Store, StoreError};

/// A policy and a store: what an application has one of.
///
/// Clones are cheap and the same. Adapters take it; applications also list and end an owner's
/// sessions with it.
#[derive(Debug, Clone)]
pub struct Sessions {
    policy: Arc<Policy>,
    backing: Arc<Backing>,
}

impl Sessions {
    /// Joins a policy and a store.
    pub fn new(policy: Policy, store: impl Store) -> Self {
        Self::shared(policy, Arc::new(store))
    }

    /// Joins a policy and a store that is used elsewhere too.
    pub fn shared(policy: Policy, store: Arc<dyn Store>) -> Self {
        Self {
            policy: Arc::new(policy),
            backing: Backing::new(store),
        }
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.backing.store
    }

    /// Begins a request: looks for our cookie in the `Cookie` headers' values, and asks nobody.
    ///
    /// It reads no clock and makes one allocation.
    pub fn open<'a>(&self, cookies: impl IntoIterator<Item = &'a [u8]>) -> Handle {
        let candidates = Candidates::scan(self.policy.cookie_name(), cookies);
        Handle(Arc::new(Shared {
            sessions: self.clone(),
            slot: Mutex::new(Slot::Unread(candidates)),
            gate: async_lock::Mutex::new(()),
        }))
    }

    /// Returns an owner's live sessions, the most recently seen first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn devices(&self, owner: &str) -> Result<Vec<Device>, StoreError> {
        self.store().devices(owner, self.policy.now()).await
    }

    /// Ends sessions of one owner and returns how many it ended.
    ///
    /// Another owner's handle is as good as an unknown one. (ASVS 5.0, 7.4.3 and 7.5.2.)
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, owner: &str, which: Revoke<'_>) -> Result<usize, StoreError> {
        self.store().revoke(owner, which, self.policy.now()).await
    }
}

/// One request's session, before anybody has asked for it; clones are the same.
///
/// An adapter makes one with [`Sessions::open`], puts it where extractors look and finishes it
/// when the response's head is ready. A request that never loads it costs nothing.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    slot: Mutex<Slot>,
    /// One load at a time.
    gate: async_lock::Mutex<()>,
}

enum Slot {
    Unread(Candidates),
    Open(Session),
    Closed { was_open: bool },
}

impl Handle {
    /// Returns the session, which is loaded once however often this is called.
    ///
    /// # Errors
    ///
    /// The store failed (the next call tries again), or the response has begun.
    pub async fn load(&self) -> Result<Session, SessionError> {
        if let Some(session) = self.peek() {
            return Ok(session);
        }
        let _gate = self.0.gate.lock().await;
        let candidates = match &*self.slot() {
            Slot::Unread(candidates) => *candidates,
            Slot::Open(session) => return Ok(session.clone()),
            Slot::Closed { .. } => return Err(SessionError::Closed),
        };
        let Sessions { policy, backing } = &self.0.sessions;
        let mut exchange =
            Exchange::begin(Arc::clone(policy), Some(Arc::clone(backing)), candidates);
        let session = loop {
            match exchange {
                Exchange::Open(session) => break session,
                Exchange::Unread(question) => {
                    let now = policy.now();
                    let found = backing.store.load(question.key(), now).await?;
                    exchange = question.answer(found, now);
                }
            }
        };
        let mut slot = self.slot();
        match &*slot {
            // Destroyed without a load, or finished, while we were asking.
            Slot::Open(other) => Ok(other.clone()),
            Slot::Closed { .. } => Err(SessionError::Closed),
            Slot::Unread(_) => {
                *slot = Slot::Open(session.clone());
                Ok(session)
            }
        }
    }

    /// Returns the session if it is loaded already; for code that cannot wait.
    #[must_use]
    pub fn peek(&self) -> Option<Session> {
        match &*self.slot() {
            Slot::Open(session) => Some(session.clone()),
            Slot::Unread(_) | Slot::Closed { .. } => None,
        }
    }

    /// Says whether the request has used its session, so that its response depends on the cookie; Django's `accessed`.
    ///
    /// True once the session was loaded or destroyed, and also after the response.
    ///
    /// ```
    /// # use session_core::{Handle, SessionError};
    /// # async fn example(handle: Handle) -> Result<(), SessionError> {
    /// assert!(!handle.is_loaded());
    /// handle.load().await?.get::<u32>("hits")?;
    /// assert!(handle.is_loaded());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.slot().is_open_or_was()
    }

    /// Destroys the session without loading it: a logout costs one delete.
    ///
    /// # Errors
    ///
    /// The response has begun.
    pub fn destroy(&self) -> Result<(), SessionError> {
        let mut slot = self.slot();
        let candidates = match &*slot {
            Slot::Open(session) => return session.destroy(),
            Slot::Closed { .. } => return Err(SessionError::Closed),
            Slot::Unread(candidates) => *candidates,
        };
        let Sessions { policy, backing } = &self.0.sessions;
        let exchange = Exchange::begin(Arc::clone(policy), Some(Arc::clone(backing)), candidates);
        *slot = Slot::Open(exchange.destroy());
        Ok(())
    }

    /// Returns the sessions that this request belongs to.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Closes the session, now that the response's head is ready.
    ///
    /// # Errors
    ///
    /// The commit could not be decided; answer 503 without a cookie.
    pub fn finish(&self, status: u16) -> Result<Finish, SessionError> {
        let Some(session) = self.close() else {
            return Ok(Finish::Done(Reply::untouched()));
        };
        let Some(gate) = session.0.gate.try_lock() else {
            // An early save is under way in another task.
            return Ok(Finish::Pending(Pending {
                session,
                next: Next::Decide(status),
            }));
        };
        let step = session.finish(status, self.0.sessions.policy.now())?;
        drop(gate);
        Ok(match step {
            Step::Done(reply) => Finish::Done(reply),
            step => Finish::Pending(Pending {
                session,
                next: Next::Drive(step),
            }),
        })
    }

    /// Closes the session and commits it at once: [`finish`](Self::finish), and what that leaves.
    ///
    /// # Errors
    ///
    /// The store failed, or the commit could not be decided; answer 503 without a cookie.
    pub async fn commit(&self, status: u16) -> Result<Reply, SessionError> {
        match self.finish(status)? {
            Finish::Done(reply) => Ok(reply),
            Finish::Pending(pending) => pending.run().await,
        }
    }

    /// Closes the session and commits nothing, because the handler has panicked.
    pub fn abandon(&self) {
        if let Some(session) = self.close() {
            session.state().is_closed = true;
        }
    }

    /// Lets nobody open or use the session any more, and returns it if it is open.
    fn close(&self) -> Option<Session> {
        let mut slot = self.slot();
        let was_open = slot.is_open_or_was();
        match std::mem::replace(&mut *slot, Slot::Closed { was_open }) {
            Slot::Open(session) => Some(session),
            Slot::Unread(_) | Slot::Closed { .. } => None,
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn is_open_or_was(&self) -> bool {
        match self {
            Self::Unread(_) => false,
            Self::Open(_) => true,
            Self::Closed { was_open } => *was_open,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.slot() {
            Slot::Unread(_) => "unread",
            Slot::Open(_) => "open",
            Slot::Closed { .. } => "closed",
        };
        write!(f, "Handle({state})")
    }
}

/// What [`Handle::finish`] leaves to do.
#[derive(Debug)]
#[must_use = "a commit is finished only when it has run"]
pub enum Finish {
    /// Nothing; put the reply on the response.
    Done(Reply),
    /// A commit, which asks the store.
    Pending(Pending),
}

/// A commit that has still to run.
#[derive(Debug)]
#[must_use = "a commit is finished only when it has run"]
pub struct Pending {
    session: Session,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Decide(u16),
    Drive(Step),
}

impl Pending {
    /// Commits.
    ///
    /// # Errors
    ///
    /// The store failed, or the commit could not be decided; answer 503 without a cookie.
    pub async fn run(self) -> Result<Reply, SessionError> {
        let _gate = self.session.0.gate.lock().await;
        let step = match self.next {
            Next::Decide(status) => {
                let now = self.session.0.policy.now();
                self.session.finish(status, now)?
            }
            Next::Drive(step) => step,
        };
        drive(&self.session, step).await
    }
}

impl Session {
    /// Commits now, so that later reads see what is stored, and the session stays open.
    ///
    /// Call it before a body is streamed, or to answer with an exact [`update`](Self::update).
    /// What is saved stays saved, also if the response turns out to be an error. The cookie
    /// still travels with the response.
    ///
    /// # Errors
    ///
    /// The store failed; the changes are kept, and saving again is safe, also if the write that
    /// failed was applied, unless another request has written in between: then an
    /// [`update`](Self::update) counts twice. [`SessionError::Gone`] if the session was ended
    /// elsewhere.
    pub async fn save(&self) -> Result<(), SessionError> {
        let _gate = self.0.gate.lock().await;
        drop(self.writable()?);
        let step = self.commit(self.0.policy.now())?;
        if drive(self, step).await?.is_gone() {
            return Err(SessionError::Gone);
        }
        Ok(())
    }
}

async fn drive(session: &Session, mut step: Step) -> Result<Reply, SessionError> {
    let policy = &session.0.policy;
    let backing = session.0.backing.as_ref().ok_or(SessionError::NoStore)?;
    let store = &backing.store;
    let mut turn = None;
    loop {
        step = match step {
            Step::Done(reply) => return Ok(reply),
            Step::Load(load) => {
                // Others are writing too; from here on one after the other.
                let turn = match &mut turn {
                    Some(turn) => turn,
                    none => {
                        let place = backing.place(load.key());
                        none.insert(place.enter(place.wait().await))
                    }
                };
                let now = policy.now();
                let found = store.load(load.key(), now).await;
                turn.note(found.is_ok());
                load.answer(found?, now)?
            }
            Step::Write(write) => {
                let now = policy.now();
                let outcome = store.write(write.command(), now).await?;
                write.answer(outcome, now)?
            }
        };
    }
}
