use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::drive::{Finish, RequestSession};
use super::handle::Handle;
use super::legacy::Adopting;
use super::placed::Placed;
use super::request_state::{OwnStore, Remainder, RequestState};
use super::sessions::Sessions;
use crate::http::bearer::present;
use crate::{Carrier, CommitError, ErrorPage, Failure, Reply};

/// A request guard, which an adapter holds for as long as the request runs.
///
/// Dropped before it is finished, because the handler panicked or the client went away, it closes
/// the session and commits nothing.
///
/// ```
/// use session_core::{Policy, SessionError, Sessions};
/// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
///
/// let request = sessions.open([]);
/// let session = pollster::block_on(request.handle().load())?;
/// drop(request);
/// assert!(matches!(session.insert("late", 1), Err(SessionError::Finished)));
/// # Ok::<(), SessionError>(())
/// ```
/// A handler's [`Handle`] cannot end the request, nor can its session:
///
/// ```compile_fail,E0599
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let request = sessions.open([]);
/// let _ = request.handle().finish(200);
/// ```
///
/// ```compile_fail,E0624
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let request = sessions.open([]);
/// let session = pollster::block_on(request.handle().load()).unwrap();
/// let _ = session.finish(200);
/// ```
#[derive(Debug)]
#[must_use = "a request that is not kept is abandoned"]
pub struct Request {
    handle: Handle,
    /// Whether it was closed, and not only given up; so most ends ask nothing of the state.
    is_finished: AtomicBool,
    /// The request's `Accept` header, if errors are rendered.
    accept: Option<Box<str>>,
}

impl Sessions {
    /// Begins a request: looks for our cookie in the values of the `Cookie` headers. It does no I/O,
    /// reads no clock and makes one allocation.
    pub fn open<'a>(&self, cookies: impl IntoIterator<Item = &'a [u8]>) -> Request {
        self.open_named::<(), _>(None, cookies, || [])
    }

    /// The same for one of several sessions of a request; `M` is its name, and `outer` the handle of the
    /// session around it.
    ///
    /// An inner session is finished first. Its reply goes with the outer one's too: if the outer
    /// commit fails, the answer in place of the response carries both cookies.
    ///
    /// `authorization` returns the values of the `Authorization` headers; it is called only if the policy has
    /// [bearers](crate::Carrier).
    pub fn open_named<'c, 'a, M: 'static, A>(
        &self,
        outer: Option<Handle>,
        cookies: impl IntoIterator<Item = &'c [u8]>,
        authorization: impl FnOnce() -> A,
    ) -> Request
    where
        A: IntoIterator<Item = &'a [u8]>,
    {
        let policy = self.policy();
        let (policy, own, presented) = match (&self.backing.envelope, &self.backing.legacy) {
            (None, None) => {
                let (policy, presented) = present(policy, cookies, authorization);
                (policy, OwnStore::None, presented)
            }
            (None, Some(legacy)) => {
                // A browser with HTTP/2 may send each cookie in a header of its own (RFC 9113, 8.2.3).
                let cookies: SmallVec<[&[u8]; 16]> = cookies.into_iter().collect();
                let (policy, mut presented) =
                    present(policy, cookies.iter().copied(), authorization);
                let own = match policy.carrier {
                    Carrier::Bearer => None,
                    _ => Adopting::scan(&self.backing, legacy, &cookies, &mut presented),
                };
                (policy, own.into(), presented)
            }
            (Some(envelope), _) => {
                let (placed, presented) = Placed::scan(Arc::clone(envelope), policy, cookies);
                (policy, OwnStore::Placed(Box::new(placed)), presented)
            }
        };
        let is_bearers = policy.carrier == Carrier::Bearer;
        let name = TypeId::of::<M>();
        let state = RequestState::new(self.clone(), (presented, own), name, outer, is_bearers);
        Request {
            handle: Handle(Arc::new(state)),
            is_finished: AtomicBool::new(false),
            accept: None,
        }
    }
}

impl Request {
    /// Returns the handle that handlers get.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Keeps the request's `Accept` header for [`refuse`](Self::refuse), if the policy renders errors;
    /// otherwise the header is not looked for.
    pub fn accepting<'a>(mut self, accept: impl FnOnce() -> Option<&'a [u8]>) -> Self {
        let policy = self.handle.sessions().policy();
        if policy.error_page.is_some() {
            let accept = accept().map(String::from_utf8_lossy);
            self.accept = accept.map(Into::into);
        }
        self
    }

    /// Tells the policy's observer of a failure that the client is answered with, and returns the body
    /// for it: the application's page, or the failure's JSON.
    #[must_use]
    pub fn refuse(&self, failure: &Failure) -> ErrorPage {
        let policy = self.handle.sessions().policy();
        policy.refuse(failure, self.accept.as_deref().unwrap_or_default())
    }

    /// Closes the session, now that the response's head is ready, and decides what to write.
    ///
    /// For most requests nothing is left to do. Called again, it has nothing to say.
    ///
    /// # Errors
    ///
    /// The commit could not be decided; answer with the error's status and its reply.
    pub fn finish(&self, status: u16) -> Result<Finish, CommitError> {
        let state = &self.handle.0;
        self.is_finished.store(true, Ordering::Relaxed);
        let outcome = match state.close() {
            Remainder::Nothing => return Ok(Finish::Done(Reply::default())),
            Remainder::Open(session) => match RequestSession::finish(session, state, status) {
                Ok(Finish::Done(reply)) => Ok(reply),
                Ok(pending @ Finish::Pending(_)) => return Ok(pending),
                Err(failed) => Err(failed),
            },
            Remainder::Reply(reply) => Ok(reply),
        };
        state.gathered(outcome).map(Finish::Done)
    }

    /// Closes the session and commits it at once: [`finish`](Self::finish), then the pending commit.
    ///
    /// # Errors
    ///
    /// The store failed, or the commit could not be decided; answer with the error's status and
    /// its reply.
    pub async fn commit(&self, status: u16) -> Result<Reply, CommitError> {
        let pending = match self.finish(status)? {
            Finish::Done(reply) => return Ok(reply),
            Finish::Pending(pending) => pending,
        };
        pending.run().await
    }

    /// Closes the session and commits nothing, because the handler has panicked.
    ///
    /// If a response goes out all the same, put on it what [`finish`](Self::finish) says afterwards:
    /// it carries the cookie of what an early save has stored, and `Vary`.
    pub fn abandon(&self) {
        self.handle.0.abandon();
    }
}

impl RequestState {
    pub(super) fn abandon(self: &Arc<Self>) {
        let reply = match self.close() {
            Remainder::Nothing => Reply::default(),
            Remainder::Open(session) => RequestSession::new(session, Arc::clone(self)).abandon(),
            Remainder::Reply(reply) => reply,
        };
        // Also if this session was not used: an inner one may have been committed.
        let reply = self.gather(reply);
        if reply.has_headers() {
            self.leave(reply);
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let state = &self.handle.0;
        let is_finished = *self.is_finished.get_mut() && state.inner.is_unused();
        if !is_finished && !state.is_settled() {
            self.abandon();
        }
    }
}
