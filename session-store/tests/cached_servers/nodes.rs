use std::sync::Arc;
use std::time::Duration;

use session_core::{
    CommitError, Policy, Request, RequestSession, Revoke, Session, SessionError, Sessions, Store,
};
use session_servers::{at_last, soon};
use session_store::{CachedOptions, CachedStore, Notifies};
use session_testkit::SpyStore;

use crate::watched::Watched;

/// Long enough that a node which sees a write sooner must have been notified.
pub(crate) const BOUND: Duration = Duration::from_mins(1);

/// A node that writes, one that listens, and one without notices.
pub(crate) struct Nodes {
    pub(crate) writer: Sessions,
    pub(crate) listener: Sessions,
    pub(crate) deaf: Sessions,
    pub(crate) cache: CachedStore,
    spy: SpyStore,
    pub(crate) cookie: String,
}

impl Nodes {
    /// Opens the nodes on stores of their own; the first two listen.
    pub(crate) async fn new(stores: [Arc<dyn Notifies>; 3]) -> Self {
        let options = CachedOptions::new().stale_for(BOUND);
        let [writer, listener, deaf] = stores;
        let writer = CachedStore::listening(writer, &options).await.unwrap();
        let listener = Watched::new(listener);
        let spy = listener.spy.clone();
        let cache = CachedStore::listening(Arc::new(listener), &options);
        let cache = cache.await.unwrap();
        assert!(cache.is_listening());
        let deaf = CachedStore::with(deaf as Arc<dyn Store>, &options).unwrap();
        let sessions = |store| Sessions::new(Policy::default(), store);
        Self {
            writer: sessions(writer),
            listener: sessions(cache.clone()),
            deaf: sessions(deaf),
            cache,
            spy,
            cookie: String::new(),
        }
    }

    /// Signs ada in, and has every node cache her session.
    pub(crate) async fn sign_in(&mut self) {
        self.cookie.clear();
        self.request(|session| session.sign_in("ada"))
            .await
            .unwrap();
        self.show().await;
    }

    /// Has every node cache the session.
    pub(crate) async fn show(&self) {
        assert!(self.knows_her(&self.deaf).await);
        // A notice that arrives late may invalidate the entry again.
        soon("it is cached", async || {
            let _ = self.spy.take();
            assert!(self.knows_her(&self.listener).await);
            self.spy.take().load == 0
        })
        .await;
    }

    /// Waits until every notice has arrived, and has the session cached.
    pub(crate) async fn catch_up(&mut self) {
        let cookie = self.cookie.clone();
        // A server sends notices in order, so the end of another session comes last.
        self.sign_in().await;
        self.log_out().await.unwrap();
        self.she_is_gone_soon().await;
        self.cookie = cookie;
        self.show().await;
    }

    /// Sends a request to the node that writes.
    pub(crate) async fn request(
        &mut self,
        act: impl Fn(&Session) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let request = self.open(&self.writer);
        let session = request.handle().load().await?;
        act(&session)?;
        let reply = request.commit(200).await?;
        if let Some(cookie) = reply.set_cookie() {
            let (pair, _) = cookie.split_once(';').unwrap();
            pair.clone_into(&mut self.cookie);
        }
        Ok(())
    }

    /// Logs the browser out on the node that writes.
    pub(crate) async fn log_out(&self) -> Result<(), CommitError> {
        let request = self.open(&self.writer);
        request.handle().destroy().unwrap();
        request.commit(200).await.map(drop)
    }

    pub(crate) async fn knows_her(&self, node: &Sessions) -> bool {
        self.load(node).await.owner().as_deref() == Some("ada")
    }

    pub(crate) async fn value(&self, node: &Sessions) -> Option<u32> {
        self.load(node).await.get("n").unwrap()
    }

    /// Waits until the listening node no longer knows her; the one without notices still does.
    pub(crate) async fn she_is_gone_soon(&self) {
        soon("she is gone", async || {
            !self.knows_her(&self.listener).await
        })
        .await;
        assert!(self.knows_her(&self.deaf).await);
    }

    /// Waits until no node has a broken connection left.
    pub(crate) async fn all_serve(&self) {
        for node in [&self.writer, &self.listener, &self.deaf] {
            at_last(async || node.store().check().await).await;
        }
    }

    /// Waits until the node listens, or has noticed that it does not.
    pub(crate) async fn listens(&self, is_listening: bool) {
        let what = if is_listening { "listens" } else { "is deaf" };
        soon(what, async || self.cache.is_listening() == is_listening).await;
    }

    /// Writes in every way, and sees each write at once.
    pub(crate) async fn see_everything_at_once(&mut self) {
        self.sign_in().await;
        self.request(|session| session.insert("n", 1))
            .await
            .unwrap();
        soon("a value is there", async || {
            self.value(&self.listener).await == Some(1)
        })
        .await;
        assert_eq!(self.value(&self.deaf).await, None);
        self.see_ends_at_once().await;
    }

    /// The same without changed values.
    pub(crate) async fn see_ends_at_once(&mut self) {
        self.sign_in().await;
        self.log_out().await.unwrap();
        self.she_is_gone_soon().await;

        self.sign_in().await;
        let revoked = self.writer.revoke("ada", Revoke::All).await;
        assert!(revoked.unwrap() > 0);
        self.she_is_gone_soon().await;

        self.sign_in().await;
        let old = self.cookie.clone();
        self.request(Session::cycle).await.unwrap();
        self.show().await;
        // A logout by the old id ends the session of the new one.
        let new = std::mem::replace(&mut self.cookie, old);
        self.log_out().await.unwrap();
        self.cookie = new;
        self.she_is_gone_soon().await;
    }

    fn open(&self, node: &Sessions) -> Request {
        node.open([self.cookie.as_bytes()])
    }

    async fn load(&self, node: &Sessions) -> RequestSession {
        self.open(node).handle().load().await.unwrap()
    }
}
