//! Two nodes with a cache each over one store see each other's writes within the bound.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, ManualClock, Moment, Outcome, Policy, PublicId, Record, Reply,
    Request, RequestSession, Revoke, Session, Sessions, Store, StoreError, SystemClock, Whose,
};
use session_store::{CachedOptions, CachedStore, Invalidator};
use session_testkit::{ModelStore, moment_at};

const BOUND: Duration = Duration::from_secs(1);

/// The nodes of an application, and the cookie of a browser.
struct Setting {
    clock: Arc<ManualClock>,
    nodes: [Sessions; 2],
    cookie: String,
}

impl Setting {
    /// Signs ada in on the first node, and has both nodes cache her session.
    async fn new(stores: [CachedStore; 2]) -> Self {
        let clock = Arc::new(ManualClock::new(moment_at(0)));
        let nodes = stores.map(|store| {
            let policy = Policy::builder().clock(Arc::clone(&clock));
            Sessions::new(policy.build().unwrap(), store)
        });
        let mut setting = Self {
            clock,
            nodes,
            cookie: String::new(),
        };
        let reply = setting.reply(0, |session| session.sign_in("ada").unwrap());
        let reply = reply.await;
        setting.take_cookie_of(&reply);
        for node in 0..2 {
            assert!(setting.knows_her(node).await);
        }
        setting
    }

    /// Takes the cookie of a reply for later requests, and returns the former one.
    fn take_cookie_of(&mut self, reply: &Reply) -> String {
        let set_cookie = reply.set_cookie().unwrap();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        std::mem::replace(&mut self.cookie, cookie)
    }

    fn open(&self, node: usize) -> Request {
        self.nodes[node].open([self.cookie.as_bytes()])
    }

    async fn load(&self, node: usize) -> RequestSession {
        self.open(node).handle().load().await.unwrap()
    }

    async fn reply(&self, node: usize, act: impl Fn(&Session)) -> Reply {
        let request = self.open(node);
        act(&request.handle().load().await.unwrap());
        request.commit(200).await.unwrap()
    }

    async fn request(&self, node: usize, act: impl Fn(&Session)) {
        let _ = self.reply(node, act).await;
    }

    async fn logout(&self, node: usize) {
        self.request(node, |session| session.destroy().unwrap())
            .await;
    }

    async fn knows_her(&self, node: usize) -> bool {
        let session = self.load(node).await;
        session.owner().as_deref() == Some("ada")
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

fn over(store: impl Store) -> [CachedStore; 2] {
    let store: Arc<dyn Store> = Arc::new(store);
    let options = CachedOptions::new().stale_for(BOUND);
    [(); 2].map(|()| CachedStore::with(Arc::clone(&store), &options).unwrap())
}

#[tokio::test]
async fn a_logout_on_one_node_is_seen_on_the_other_within_the_bound() {
    let setting = Setting::new(over(ModelStore::new())).await;
    setting.logout(0).await;
    assert!(!setting.knows_her(0).await);
    setting.advance(BOUND);
    assert!(!setting.knows_her(1).await);
}

#[tokio::test]
async fn a_revocation_on_one_node_is_seen_on_the_other_within_the_bound() {
    let setting = Setting::new(over(ModelStore::new())).await;
    let revoked = setting.nodes[0].revoke("ada", Revoke::All).await;
    assert_eq!(revoked.unwrap(), 1);
    assert!(!setting.knows_her(0).await);
    setting.advance(BOUND);
    assert!(!setting.knows_her(1).await);
}

#[tokio::test]
async fn a_logout_by_an_id_that_another_node_has_rotated_is_seen_within_the_bound() {
    let mut setting = Setting::new(over(ModelStore::new())).await;
    let rotated = setting.reply(1, |session| session.cycle().unwrap()).await;
    let old = setting.take_cookie_of(&rotated);
    assert!(setting.knows_her(0).await);
    let new = std::mem::replace(&mut setting.cookie, old);
    let request = setting.open(0);
    request.handle().destroy().unwrap();
    let _ = request.commit(200).await.unwrap();
    setting.cookie = new;
    assert!(!setting.knows_her(0).await);
    setting.advance(BOUND);
    for node in 0..2 {
        assert!(!setting.knows_her(node).await);
    }
}

#[tokio::test]
async fn a_node_that_is_behind_can_neither_revive_a_session_nor_undo_a_write() {
    let setting = Setting::new(over(ModelStore::new())).await;
    let write = setting.request(0, |session| session.insert("a", 1).unwrap());
    write.await;
    // The other node reads the old state, and its write applies to the new one.
    let write = setting.request(1, |session| {
        assert_eq!(session.get::<u32>("a").unwrap(), None);
        session.insert("b", 2).unwrap();
    });
    write.await;
    for node in 0..2 {
        setting.advance(BOUND);
        let session = setting.load(node).await;
        assert_eq!(session.get("a").unwrap(), Some(1));
        assert_eq!(session.get("b").unwrap(), Some(2));
    }
    setting.logout(0).await;
    let late = setting.reply(1, |session| session.insert("c", 3).unwrap());
    let reply = late.await;
    assert!(reply.is_gone());
    assert_eq!(reply.set_cookie(), None);
    assert!(!setting.knows_her(1).await);
}

#[tokio::test]
async fn counts_are_exact_on_both_nodes_at_once() {
    const ROUNDS: u32 = 50;
    let setting = Setting::new(over(ModelStore::new())).await;
    let count = async |node| {
        for _ in 0..ROUNDS {
            let request = setting.request(node, |session| {
                let more = |old: Option<u32>| old.unwrap_or(0) + 1;
                session.update("hits", more).unwrap();
            });
            request.await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(count(0), count(1), count(0), count(1));
    setting.advance(BOUND);
    let session = setting.load(1).await;
    assert_eq!(session.get("hits").unwrap(), Some(4 * ROUNDS));
}

#[tokio::test]
async fn in_real_time_a_logout_is_seen_within_the_bound_too() {
    const SHORT: Duration = Duration::from_millis(100);
    let store: Arc<dyn Store> = Arc::new(ModelStore::new());
    let options = CachedOptions::new().stale_for(SHORT);
    let node = || CachedStore::with(Arc::clone(&store), &options).unwrap();
    let mut setting = Setting::new([node(), node()]).await;
    // The time is real from here on.
    let policy = || Policy::builder().clock(SystemClock).build().unwrap();
    setting.nodes = [node(), node()].map(|store| Sessions::new(policy(), store));
    assert!(setting.knows_her(1).await);
    setting.logout(0).await;
    let ended = Instant::now();
    let mut asked = Instant::now();
    while setting.knows_her(1).await {
        assert!(asked < ended + SHORT);
        tokio::task::yield_now().await;
        asked = Instant::now();
    }
}

/// A store that notifies every node of each write.
#[derive(Debug, Default)]
struct NotifyingStore {
    model: ModelStore,
    nodes: Mutex<Vec<Invalidator>>,
}

impl NotifyingStore {
    fn tell(&self, what: impl Fn(&Invalidator)) {
        self.nodes.lock().unwrap().iter().for_each(what);
    }
}

#[async_trait]
impl Store for NotifyingStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.model.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let outcome = self.model.write(command, now).await;
        self.tell(|node| node.invalidate(command.key()));
        outcome
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.model.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.model.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let revoked = self.model.revoke(whose, now).await;
        self.tell(|node| match whose {
            Whose::Owner(owner, _) => node.invalidate_owner(owner),
            Whose::Tag(tag) => node.invalidate_tag(tag),
            Whose::Everybody => node.invalidate_all(),
        });
        revoked
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.model.check().await
    }
}

async fn notified() -> (Arc<NotifyingStore>, Setting) {
    let store = Arc::new(NotifyingStore::default());
    let node = || CachedStore::new(Arc::clone(&store) as Arc<dyn Store>);
    let nodes = [node(), node()];
    let invalidators = nodes.iter().map(CachedStore::invalidator);
    store.nodes.lock().unwrap().extend(invalidators);
    (store, Setting::new(nodes).await)
}

#[tokio::test]
async fn with_notifications_everything_is_seen_at_once() {
    let (_, setting) = notified().await;
    setting
        .request(0, |session| session.insert("a", 1).unwrap())
        .await;
    let session = setting.load(1).await;
    assert_eq!(session.get("a").unwrap(), Some(1));
    setting.logout(0).await;
    assert!(!setting.knows_her(1).await);

    let (_, setting) = notified().await;
    let revoked = setting.nodes[1].revoke("ada", Revoke::All).await;
    assert_eq!(revoked.unwrap(), 1);
    assert!(!setting.knows_her(0).await);
}

#[tokio::test]
async fn after_missed_notifications_all_is_forgotten_at_once() {
    let (store, setting) = notified().await;
    let [first, second] = <[_; 2]>::try_from(store.nodes.lock().unwrap().split_off(0)).unwrap();
    setting.logout(0).await;
    assert!(setting.knows_her(1).await);
    first.invalidate_all();
    assert!(setting.knows_her(1).await);
    second.invalidate_all();
    assert!(!setting.knows_her(1).await);
}
