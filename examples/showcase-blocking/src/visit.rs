use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use session_core::{
    CommitError, Device, Exchange, Policy, Reply, Revoke, Session, SessionError, Sessions, Step,
};
use session_store::BlockingStore;
use showcase::Visit;

use crate::head::Head;

/// One request's session, driven by hand.
///
/// The core decides and never asks; so its driver does three things. It **opens**: the exchange is
/// a question until the store has answered it. It **finishes**, once the response's status is known
/// and before its head is sent. And in both it runs a loop that knows nothing of sessions: ask the
/// store this, tell the core what it said.
///
/// An exchange that is dropped or abandoned before it is finished commits nothing. That is the
/// whole treatment of a handler that panics.
pub(crate) struct ByHand<'a> {
    policy: &'a Arc<Policy>,
    store: &'a BlockingStore,
    head: &'a Head,
    /// `None` until the handler asks for the session; so a request that never does costs nothing.
    exchange: Mutex<Option<Exchange>>,
}

impl<'a> ByHand<'a> {
    /// Begins a request; asks nobody, and looks at nothing.
    pub(crate) fn new(sessions: &'a Sessions, store: &'a BlockingStore, head: &'a Head) -> Self {
        Self {
            policy: sessions.policy(),
            store,
            head,
            exchange: Mutex::new(None),
        }
    }

    /// Ends the request's part in the session; only then may the head be sent, with the reply.
    ///
    /// An exchange is to be finished only if the handler has asked for it, because its reply says
    /// that the response depends on the session.
    pub(crate) fn finish(self, status: u16) -> Result<Reply, CommitError> {
        match self.exchange().take() {
            None => Ok(Reply::default()),
            Some(exchange) => self.drive(exchange.finish(status, self.policy.now())?),
        }
    }

    /// Commits nothing, because the handler has panicked; the reply belongs on the 500.
    pub(crate) fn abandon(self) -> Reply {
        let exchange = self.exchange().take();
        exchange.map_or_else(Reply::default, |exchange| {
            exchange.abandon(self.policy.now())
        })
    }

    /// Answers the exchange's questions until it is open.
    ///
    /// There may be several, because a browser can present several cookies of one name, and none,
    /// if it presented nothing that could be an id.
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
                    // The moment that the store sees is the one that the answer is judged by.
                    let now = self.policy.now();
                    match self.store.load(question.key(), question.secret(), now) {
                        Ok(found) => exchange = question.answer(found, now),
                        Err(error) => {
                            // An outage is no "logged out": the question stays open.
                            *slot = Some(Exchange::Unread(question));
                            return Err(error.into());
                        }
                    }
                }
            }
        }
    }

    /// Hands the bytes of all `Cookie` headers to the core, which finds what is ours.
    fn begin(&self) -> Exchange {
        Exchange::open(self.policy, self.head.cookies())
    }

    /// Does what the steps of a commit ask for, until one is done.
    ///
    /// A refused write leads to a load, and that to another write, in which the request's changes
    /// are replayed on what others have written. A failure of the store is an answer too. All of
    /// that is in the core.
    fn drive(&self, mut step: Step) -> Result<Reply, CommitError> {
        loop {
            let now = self.policy.now();
            step = match step {
                Step::Done(reply) => return Ok(reply),
                Step::Load(load) => {
                    let found = self.store.load(load.key(), load.secret(), now);
                    load.answer(found, now)?
                }
                Step::Write(write) => {
                    let outcome = self.store.write(write.command(), now);
                    write.answer(outcome, now)?
                }
            };
        }
    }

    /// Commits before the response, for `increment`, which answers with what is stored.
    ///
    /// `RequestSession::save` does so on an async server. It is the same loop with another
    /// beginning. Only one commit of a session may be under way, and a request has only one thread
    /// here.
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

    fn exchange(&self) -> MutexGuard<'_, Option<Exchange>> {
        // While the application's code runs, in `save`, nothing is taken out; so a panic leaves it whole.
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The showcase is written for async servers too, so it asks for futures. Here they are ready
/// when they are made: the work is done, on this thread, before there is a future.
impl Visit for ByHand<'_> {
    fn open(&self) -> impl Future<Output = Result<Session, SessionError>> + Send {
        ready(self.load())
    }

    /// A logout: every session ends that the browser presented an id of, without a load.
    fn destroy(&self) -> Result<(), SessionError> {
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
    ) -> impl Future<Output = Result<Vec<Device>, SessionError>> + Send {
        let devices = self.store.devices(owner, self.policy.now());
        ready(devices.map_err(SessionError::from))
    }

    fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
    ) -> impl Future<Output = Result<usize, SessionError>> + Send {
        let revoked = self.store.revoke(owner, which, self.policy.now());
        ready(revoked.map_err(SessionError::from))
    }

    fn check(&self) -> impl Future<Output = Result<(), SessionError>> + Send {
        ready(self.store.check().map_err(SessionError::from))
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
    fn a_failed_commit_after_an_early_save_tells_the_cookie_of_what_is_saved() {
        let faulty = FaultyStore::new(ModelStore::new());
        let sessions = Sessions::new(Policy::default(), ModelStore::new());
        let store = BlockingStore::new(Arc::new(faulty.clone())).unwrap();
        let head = Head::read(&mut &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..]).unwrap();

        let visit = ByHand::new(&sessions, &store, &head);
        let session = block_on(visit.open()).unwrap();
        session.sign_in("ada").unwrap();
        visit.save().unwrap();
        session.insert("late", true).unwrap();
        faulty.go_down();
        let (error, reply) = visit.finish(200).unwrap_err().into_parts();
        assert_eq!(error.status(), 503);
        assert!(reply.is_opened());
        let cookie = reply.set_cookie().unwrap().split(';').next().unwrap();

        faulty.come_up();
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        let head = Head::read(&mut request.as_bytes()).unwrap();
        let visit = ByHand::new(&sessions, &store, &head);
        let session = block_on(visit.open()).unwrap();
        assert_eq!(session.owner().as_deref(), Some("ada"));
        assert!(session.is_empty());
    }
}
