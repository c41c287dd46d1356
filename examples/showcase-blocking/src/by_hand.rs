use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use session_core::{
    CalmSession, CommitError, Device, Exchange, Page, Policy, Reply, Revoke, Session, SessionError,
    Sessions, Step, Whose,
};
use session_store::BlockingStore;
use showcase::{Access, Watching};

use crate::head::Head;
use crate::site::End;

/// One request's session, driven by hand.
///
/// The core decides and does no I/O; so its driver does three things. It **opens**: the exchange is
/// a question until the store has answered it. It **finishes**, once the response's status is known
/// and before its head is sent. Both run a loop that knows nothing of sessions: send the core's
/// question to the store, and the answer to the core.
///
/// An exchange that is dropped or abandoned commits nothing. No more is needed for a handler that
/// panics.
pub(crate) struct ByHand<'a> {
    policy: &'a Arc<Policy>,
    store: &'a BlockingStore,
    head: &'a Head,
    /// `None` until the handler asks for the session; without that, a request costs nothing.
    exchange: Mutex<Option<Exchange>>,
    /// Whether the handler has asked for more than to read.
    is_used: AtomicBool,
    /// What it has got to read, so that a store that is down is asked once.
    calm: OnceLock<CalmSession>,
}

impl<'a> ByHand<'a> {
    /// Begins a request, without I/O and without parsing.
    pub(crate) fn new(sessions: &'a Sessions, store: &'a BlockingStore, head: &'a Head) -> Self {
        Self {
            policy: sessions.policy(),
            store,
            head,
            exchange: Mutex::new(None),
            is_used: AtomicBool::new(false),
            calm: OnceLock::new(),
        }
    }

    /// Answers a page that may be seen while the store is down; the core tells the log of the outage.
    fn calm(&self) -> Result<CalmSession, SessionError> {
        if let Some(calm) = self.calm.get() {
            return Ok(calm.clone());
        }
        let calm = CalmSession::of(self.policy, self.load())?;
        Ok(self.calm.get_or_init(|| calm).clone())
    }

    /// Answers the exchange's questions until it is open.
    ///
    /// There are several if the browser presents several cookies of one name, and none if it presents
    /// no possible id.
    fn load(&self) -> Result<Session, SessionError> {
        let mut slot = self.exchange();
        let mut exchange = slot.take().unwrap_or_else(|| self.begin());
        loop {
            match exchange {
                Exchange::Open(opened) => {
                    let session = opened.session().clone();
                    *slot = Some(Exchange::Open(opened));
                    return Ok(session);
                }
                Exchange::Unread(question) => {
                    // The store and the answer get the same moment.
                    let now = self.policy.now();
                    match self.store.load(question.key(), question.secret(), now) {
                        Ok(found) => exchange = question.answer(found, now),
                        Err(error) => {
                            // An outage does not mean "logged out": the question stays open.
                            *slot = Some(Exchange::Unread(question));
                            return Err(error.into());
                        }
                    }
                }
            }
        }
    }

    /// Passes the bytes of all `Cookie` and `Authorization` headers to the core, which finds our ids.
    fn begin(&self) -> Exchange {
        let (cookies, authorization) = (self.head.cookies(), self.head.authorization());
        Exchange::open_with(self.policy, cookies, authorization)
    }

    /// Runs the steps of a commit until it is done.
    ///
    /// A refused write leads to a load and another write, which replays the request's changes on the
    /// fresh record. A failure of the store is an answer too. The core decides all of that.
    fn drive(&self, mut step: Step) -> Result<Reply, CommitError> {
        loop {
            let now = self.policy.now();
            step = match step {
                Step::Done(reply) => return Ok(reply),
                Step::Load(load) => {
                    let found = self.store.load(load.key(), load.secret(), now);
                    load.answer(found, now)?
                }
                Step::List(list) => {
                    let found = self
                        .store
                        .devices(list.owner(), None, list.at(), list.limit());
                    list.answer(found, now)?
                }
                Step::Write(write) => {
                    let outcome = self.store.write(write.command(), now);
                    write.answer(outcome, now)?
                }
            };
        }
    }

    /// Commits before the response, for `increment`, whose answer is the stored value.
    ///
    /// It is the same loop, and does what `RequestSession::save` does on an async server. Only one
    /// commit of a session may be under way; here a request has only one thread.
    fn save(&self) -> Result<(), SessionError> {
        let step = match &*self.exchange() {
            Some(Exchange::Open(opened)) => opened.commit(self.policy.now())?,
            Some(Exchange::Unread(_)) | None => return Ok(()),
        };
        let reply = self.drive(step)?;
        if reply.is_gone() {
            return Err(SessionError::Gone);
        }
        if reply.is_superseded() {
            return Err(SessionError::Superseded);
        }
        Ok(())
    }

    /// Ends sessions of the session's owner.
    ///
    /// The core says which, and learns by the answer whether this request's own was one of them.
    fn revoke(&self, which: Revoke<'_>) -> Result<usize, SessionError> {
        let Some(Exchange::Open(opened)) = &*self.exchange() else {
            return Err(SessionError::NotSignedIn);
        };
        let revocation = opened.revoke(which)?;
        let (owner, which) = (revocation.owner(), revocation.which());
        let ended = self
            .store
            .revoke(Whose::Owner(owner, which), self.policy.now());
        revocation.answer(ended)
    }

    fn exchange(&self) -> MutexGuard<'_, Option<Exchange>> {
        // `save` runs the application's code without taking the exchange out, so a panic leaves it intact.
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End for ByHand<'_> {
    /// One that was only read is closed without a commit. An exchange is finished only if the handler asked for it, because its reply says that the
    /// response depends on the session.
    fn finish(self, status: u16) -> Result<Reply, CommitError> {
        match self.exchange().take() {
            None => Ok(Reply::default()),
            Some(exchange) if !self.is_used.load(Relaxed) => {
                Ok(exchange.finish_calm(self.policy.now()))
            }
            Some(exchange) => self.drive(exchange.finish(status, self.policy.now())?),
        }
    }

    fn abandon(self) -> Reply {
        let exchange = self.exchange().take();
        exchange.map_or_else(Reply::default, |exchange| {
            exchange.abandon(self.policy.now())
        })
    }
}

/// The showcase needs futures for async servers. Here they are ready when they are created: the
/// work was done before, on this thread.
impl Access for ByHand<'_> {
    fn open(&self) -> impl Future<Output = Result<Session, SessionError>> + Send {
        self.is_used.store(true, Relaxed);
        // The core tells of a commit that has failed; of a load only we know.
        let failed = |error| self.policy.store_failed(error, None);
        ready(self.load().map_err(failed))
    }

    fn calm(&self) -> impl Future<Output = Result<CalmSession, SessionError>> + Send {
        ready(self.calm())
    }

    fn policy(&self) -> &Policy {
        self.policy
    }

    /// Ends every session whose id the browser presented, without a load.
    fn destroy(&self) -> Result<(), SessionError> {
        self.is_used.store(true, Relaxed);
        let mut slot = self.exchange();
        let exchange = slot.take().unwrap_or_else(|| self.begin());
        *slot = Some(Exchange::Open(exchange.destroy()));
        Ok(())
    }

    fn save(&self) -> impl Future<Output = Result<(), SessionError>> + Send {
        ready(self.save())
    }

    fn devices(
        &self,
        owner: &str,
        page: &Page,
    ) -> impl Future<Output = Result<Option<Vec<Device>>, SessionError>> + Send {
        let now = self.policy.now();
        let found = self.store.devices(owner, page.from(), now, page.limit());
        ready(
            found
                .map_err(|error| self.policy.store_failed(error.into(), Some(owner)))
                .map(|found| page.answer(found)),
        )
    }

    fn revoke(
        &self,
        which: Revoke<'_>,
    ) -> impl Future<Output = Result<usize, SessionError>> + Send {
        ready(self.revoke(which))
    }

    fn check(&self) -> impl Future<Output = Result<(), SessionError>> + Send {
        ready(self.store.check().map_err(SessionError::from))
    }

    /// The core says which record to look at, and whether it is the end; see `ending.rs` for who asks.
    fn watch(&self) -> impl Future<Output = Result<Watching, SessionError>> + Send {
        ready(match &*self.exchange() {
            Some(Exchange::Open(opened)) => opened.watch().map(Box::new).map(Watching::Asks),
            Some(Exchange::Unread(_)) | None => Err(SessionError::NoSession),
        })
    }

    fn wait(&self, time: Duration) -> impl Future<Output = ()> + Send {
        thread::sleep(time);
        ready(())
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use session_testkit::{FaultyStore, ModelStore};

    use super::*;

    #[test]
    fn a_failed_commit_after_an_early_save_sets_the_cookie_of_the_saved_session() {
        let faulty = FaultyStore::new(ModelStore::new());
        let sessions = Sessions::new(Policy::default(), ModelStore::new());
        let store = BlockingStore::new(Arc::new(faulty.clone())).unwrap();
        let head = Head::read(&mut &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..]).unwrap();

        let by_hand = ByHand::new(&sessions, &store, &head);
        let session = block_on(by_hand.open()).unwrap();
        session.sign_in("ada").unwrap();
        by_hand.save().unwrap();
        session.insert("late", true).unwrap();
        faulty.go_down();
        let (error, reply) = by_hand.finish(200).unwrap_err().into_parts();
        assert_eq!(error.status(), 503);
        assert!(reply.is_opened());
        let cookie = reply.set_cookie().unwrap().split(';').next().unwrap();

        faulty.come_up();
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        let head = Head::read(&mut request.as_bytes()).unwrap();
        let by_hand = ByHand::new(&sessions, &store, &head);
        let session = block_on(by_hand.open()).unwrap();
        assert_eq!(session.owner().as_deref(), Some("ada"));
        assert!(session.is_empty());
    }
}
