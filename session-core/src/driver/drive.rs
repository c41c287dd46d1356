use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::contention::Turn;
use super::request_state::RequestState;
use super::sessions::Sessions;
use crate::protocol::shared::Shared;
use crate::protocol::step::{self, Step};
use crate::{CommitError, Device, Moment, Reply, Revocation, Revoke, Session, SessionError, Whose};

/// The [`Session`] of a request to an async server, which can also be saved early.
///
/// It dereferences to the session that framework-free code is written against.
///
/// ```
/// use session_core::{RequestSession, Session, SessionError};
///
/// fn add_to_cart(session: &Session, item: u32) -> Result<(), SessionError> {
///     let add = move |cart: Option<Vec<u32>>| [cart.unwrap_or_default(), vec![item]].concat();
///     session.update("cart", add).map(|_| ())
/// }
///
/// async fn handler(session: RequestSession) -> Result<(), SessionError> {
///     add_to_cart(&session, 7)?;
///     session.save().await
/// }
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let request = sessions.open([]);
/// # pollster::block_on(async { handler(request.handle().load().await?).await })?;
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Clone)]
pub struct RequestSession {
    session: Session,
    request: Arc<RequestState>,
}

impl RequestSession {
    pub(super) fn new(session: Session, request: Arc<RequestState>) -> Self {
        Self { session, request }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.session.0
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.request.sessions
    }

    pub(super) fn is_bearers(&self) -> bool {
        self.request.is_bearers
    }

    /// Commits now, so that later reads see the stored state, and leaves the session open.
    ///
    /// Call it before a body is streamed, or to answer with an exact [`update`](Session::update).
    /// Saved changes stay saved, also if the response turns out to be an error. The cookie
    /// still travels with the response. Where a session [needs consent](crate::PolicyBuilder::only_with_consent) that nobody has
    /// given, it is `Ok` and stores nothing.
    ///
    /// # Errors
    ///
    /// The store failed; the changes are kept, and saving again is safe, also if the write that
    /// failed was applied, unless another request has written in between: then an
    /// [`update`](Session::update) counts twice. [`SessionError::Gone`] if the session was ended
    /// elsewhere, [`SessionError::Superseded`] if the request came with an id from before a sign-in.
    pub async fn save(&self) -> Result<(), SessionError> {
        let _gate = self.request.commits.enter().await;
        let shared = self.shared();
        drop(shared.writable()?);
        let now = shared.policy.now();
        let step = step::commit(shared, now)?;
        let outcome = self.request.drive(step, Some(now)).await;
        let reply = self.request.carried(outcome)?;
        if reply.is_gone() {
            return Err(SessionError::Gone);
        }
        if reply.is_superseded() {
            return Err(SessionError::Superseded);
        }
        Ok(())
    }

    /// Returns the live sessions of this session's owner, as [`Sessions::devices`](crate::Sessions::devices): those of
    /// everybody with that name in the store, whatever the cookie.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, or the store failed.
    pub async fn devices(&self) -> Result<Vec<Device>, SessionError> {
        let owner = self.owner().ok_or(SessionError::NotSignedIn)?;
        Ok(self.request.sessions.devices(&owner).await?)
    }

    /// Ends sessions of this session's owner at once, and returns how many live ones it ended.
    ///
    /// If this session is among them, the request is logged out, as by [`destroy`](Session::destroy),
    /// and may sign in anew. A [sign-in](Session::sign_in) of this request, before or after, is not
    /// revoked by [`Revoke::All`]: its session begins after all those. So a browser that changes its
    /// password, ends every session and signs in is the one that stays.
    ///
    /// What [`Sessions::revoke`](crate::Sessions::revoke) ends has ended elsewhere: if it ends the
    /// session of a request that signs in, that sign-in is a [`SessionError::Gone`], because it may
    /// have used the old password. (ASVS 5.0, 7.4.3 and 7.5.2.)
    ///
    /// The owner's name is all that counts: with two kinds of owners in one store, [prefix](crate::SignIn::of) those of one, or a visitor
    /// ends the sessions of the administrator of that name.
    ///
    /// ```
    /// use session_core::{RequestSession, Revoke, SessionError};
    ///
    /// async fn change_password(session: RequestSession) -> Result<(), SessionError> {
    ///     session.revoke(Revoke::All).await?;
    ///     session.sign_in("ada")
    /// }
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// # let login = sessions.open([]);
    /// # login.handle().load().await?.sign_in("ada")?;
    /// # let cookie = login.commit(200).await?.set_cookie().unwrap().to_owned();
    /// let request = sessions.open([cookie.as_bytes()]);
    /// change_password(request.handle().load().await?).await?;
    /// assert!(request.commit(200).await?.set_cookie().is_some());
    /// assert_eq!(sessions.devices("ada").await?.len(), 1);
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Nobody is signed in, the response has begun, or the store failed; then some sessions may have
    /// ended, and asking again is safe.
    pub async fn revoke(&self, which: Revoke<'_>) -> Result<usize, SessionError> {
        let _gate = self.request.commits.enter().await;
        self.ask(self.session.revocation(which)?).await
    }

    /// Ends all sessions of the owner but this one, whatever their cookie; see [`revoke`](Self::revoke).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn revoke_others(&self) -> Result<usize, SessionError> {
        let _gate = self.request.commits.enter().await;
        self.ask(self.session.revocation_of_others()?).await
    }

    async fn ask(&self, revocation: Revocation) -> Result<usize, SessionError> {
        let sessions = &self.request.sessions;
        let whose = Whose::Owner(revocation.owner(), revocation.which());
        let ended = sessions.end(whose).await;
        revocation.answer(ended)
    }

    /// Closes the session and decides. A commit that needs the store is left to run.
    pub(super) fn finish(
        session: Session,
        request: &Arc<RequestState>,
        status: u16,
    ) -> Result<Finish, CommitError> {
        let next = if let Some(_gate) = request.commits.try_enter() {
            let now = session.0.policy.now();
            match step::finish(session.0, status, now) {
                Ok(Step::Done(reply)) => return request.carried(Ok(reply)).map(Finish::Done),
                Ok(step) => Next::Drive(step, now),
                Err(failed) => return request.carried(Err(failed)).map(Finish::Done),
            }
        } else {
            // An early save is under way in another task. Later writes would miss the response.
            session.0.close();
            Next::Decide(session, status)
        };
        let request = Arc::clone(request);
        Ok(Finish::Pending(Pending { request, next }))
    }

    pub(super) fn abandon_request(&self) {
        self.request.abandon();
    }

    pub(super) fn abandon(self) -> Reply {
        let shared = self.shared();
        shared.close();
        let reply = shared.reply(shared.policy.now());
        let carried = self.request.carried(Ok(reply));
        carried.unwrap_or_else(|failed| failed.into_parts().1)
    }
}

impl Deref for RequestSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl fmt::Debug for RequestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The outcome of [`Request::finish`](crate::Request::finish): a reply, or a commit to run.
#[derive(Debug)]
#[must_use = "a commit is finished only when it has run"]
#[allow(clippy::exhaustive_enums, reason = "an adapter handles each case")]
pub enum Finish {
    /// Nothing; put the reply on the response.
    Done(Reply),
    /// A commit, which asks the store.
    Pending(Pending),
}

/// A commit that has still to run.
#[must_use = "a commit is finished only when it has run"]
pub struct Pending {
    request: Arc<RequestState>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Decide(Session, u16),
    /// Steps that were decided at this moment.
    Drive(Step, Moment),
}

impl Next {
    /// Returns the first step, and the moment that it was decided at unless something was waited for since.
    #[inline]
    fn decided(self, waited: bool) -> Result<(Step, Option<Moment>), CommitError> {
        match self {
            Self::Drive(step, now) => Ok((step, (!waited).then_some(now))),
            Self::Decide(session, status) => {
                let now = session.0.policy.now();
                Ok((step::finish(session.0, status, now)?, Some(now)))
            }
        }
    }
}

impl Pending {
    /// Commits.
    ///
    /// # Errors
    ///
    /// The store failed, or the commit could not be decided; answer with the error's status and
    /// its reply.
    pub async fn run(self) -> Result<Reply, CommitError> {
        let request = &*self.request;
        let (gate, waited) = match request.commits.try_enter() {
            Some(gate) => (gate, false),
            None => (request.commits.enter().await, true),
        };
        let (step, now) = match self.next.decided(waited) {
            Ok(decided) => decided,
            Err(failed) => return request.gathered(request.carried(Err(failed))),
        };
        let outcome = request.drive(step, now).await;
        drop(gate);
        request.gathered(request.carried(outcome))
    }
}

impl RequestState {
    /// `decided` is the moment of the first step, if nothing was waited for since.
    ///
    /// Most commits are one write. The rest is large, so it gets memory of its own when it is needed.
    async fn drive(&self, step: Step, decided: Option<Moment>) -> Result<Reply, CommitError> {
        let step = match step {
            Step::Write(write) => {
                let now = decided.unwrap_or_else(|| self.sessions.policy().now());
                let outcome = self.store().write(write.command(), now).await;
                write.answer(outcome, now)?
            }
            other => other,
        };
        match step {
            Step::Done(reply) => Ok(reply),
            step => Box::pin(self.go_on(step)).await,
        }
    }

    async fn go_on(&self, mut step: Step) -> Result<Reply, CommitError> {
        let policy = self.sessions.policy();
        let backing = &self.sessions.backing;
        let store = self.store();
        let mut turn: Option<Turn<'_>> = None;
        loop {
            step = match step {
                Step::Done(reply) => return Ok(reply),
                Step::Load(load) => {
                    // Others are writing too; from here on one after the other.
                    let turn = match &mut turn {
                        Some(turn) => turn,
                        none => {
                            let queue = backing.queue(load.key());
                            none.insert(queue.enter(queue.wait().await))
                        }
                    };
                    let now = policy.now();
                    let found = store.load(load.key(), load.secret(), now).await;
                    turn.note(found.is_ok());
                    load.answer(found, now)?
                }
                Step::List(list) => {
                    let found = store.devices(list.owner(), None, list.at(), list.limit());
                    let found = found.await;
                    list.answer(found, policy.now())?
                }
                Step::Write(write) => {
                    let now = policy.now();
                    let outcome = store.write(write.command(), now).await;
                    if let Some(turn) = &mut turn {
                        turn.note(outcome.is_ok());
                    }
                    write.answer(outcome, now)?
                }
            };
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({:?})", self.next)
    }
}
