//! Checks of the showcase on every framework: each event is told once, by the request that causes it.
//!
//! A server's package includes this file with `#[path]` and calls [`are_told`] with what mounts the application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use session_core::EventKind::{
    Capped, ChangesDropped, Contended, Corrupt, Created, Expired, LoggedOut, OldSecret, OverLimit,
    Reauthenticated, Revoked, Rotated, SignedIn, StoreFailed, Tampered, UnknownId,
};
use session_core::{
    Command, Digest, Event, EventKind, Key, ManualClock, Moment, Observer, Outcome, Overflow,
    Policy, Record, Sessions, Store, StoreError,
};
use session_store::MemoryStore;
use session_testkit::http::{App, Client, Request};
use session_testkit::{Around, FaultyStore, Wrapped};

/// The kinds that were told.
#[derive(Debug, Clone, Default)]
struct Notes(Arc<Mutex<Vec<EventKind>>>);

impl Observer for Notes {
    fn on(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(event.kind);
    }
}

/// A store that refuses every replacement, or returns values that can't be read, while it is told to.
#[derive(Debug, Clone)]
struct Stubborn {
    store: Arc<dyn Store>,
    refuses: Arc<AtomicBool>,
    spoils: Arc<AtomicBool>,
}

#[async_trait]
impl Around for Stubborn {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let mut found = self.store.load(key, secret, now).await?;
        if let Some(record) = &mut found
            && self.spoils.load(Ordering::Relaxed)
        {
            record.data = "{oops".into();
        }
        Ok(found)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let is_replaced = matches!(command, Command::Replace { .. });
        if is_replaced && self.refuses.load(Ordering::Relaxed) {
            return Ok(Outcome::Refused);
        }
        self.store.write(command, now).await
    }
}

/// The same session with another secret.
fn tampered(cookie: &str) -> String {
    let last = if cookie.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &cookie[..cookie.len() - 1])
}

pub(crate) async fn are_told(mount: impl AsyncFnOnce(showcase::App) -> Arc<dyn App>) {
    let (notes, clock) = (Notes::default(), Arc::new(ManualClock::new(START)));
    let faulty = FaultyStore::new(MemoryStore::new());
    let store = Stubborn {
        store: Arc::new(faulty.clone()),
        refuses: Arc::default(),
        spoils: Arc::default(),
    };
    let policy = Policy::builder()
        .insecure()
        .clock(Arc::clone(&clock))
        .idle(HOUR)
        .max_bytes(1_000)
        .max_devices(2, Overflow::EndOldest)
        .observer(notes.clone())
        .build();
    let sessions = Sessions::new(policy.unwrap(), Wrapped(store.clone()));
    let app = showcase::prepare("events", &["--store", "memory", "--insecure"]).await;
    let app = mount(app.unwrap().on(sessions)).await;

    let told = |what: &str, expected: &[EventKind]| {
        let told = std::mem::take(&mut *notes.0.lock().unwrap());
        assert_eq!(told, expected, "{what}");
    };
    let show = async |cookie: &str| {
        let request = Request::new("GET", "/api/session").header("cookie", cookie);
        let client = Client::new(Arc::clone(&app));
        let answer = client.send_without_cookies(request).await;
        answer.unwrap().status()
    };
    let ada = Client::new(Arc::clone(&app));
    let post = async |client: &Client, target: &str, body: &str| {
        client.post(target, body).await.unwrap().status()
    };
    let login = r#"{"user":"ada"}"#;

    assert_eq!(ada.put("/api/data/k", "1").await.unwrap().status(), 204);
    told("a first value", &[Created]);
    let visitor = ada.copy();
    show(&format!("session={}", "A".repeat(48))).await;
    told("a made-up id", &[UnknownId]);
    post(&ada, "/api/login", login).await;
    told("a login", &[SignedIn]);
    visitor.put("/api/data/k", "2").await.unwrap();
    told("a write with the id from before", &[ChangesDropped]);
    let before = ada.cookie_header();
    post(&ada, "/api/cycle", "").await;
    told("a new id", &[Rotated]);
    show(&ada.cookie_header()).await;
    told("its first use", &[]);
    clock.advance(MINUTE);
    show(&before).await;
    told("the old one", &[OldSecret]);
    show(&tampered(&ada.cookie_header())).await;
    told("another secret", &[Tampered]);
    post(&ada, "/api/reauthenticate", "").await;
    told("a repeated authentication", &[Reauthenticated]);
    let large = format!("{:?}", "x".repeat(1_000));
    assert_eq!(ada.put("/api/data/k", &large).await.unwrap().status(), 413);
    told("a large value", &[OverLimit]);
    let (second, third) = (ada.stranger(), ada.stranger());
    post(&second, "/api/login", login).await;
    told("a second device", &[SignedIn]);
    clock.advance(MINUTE);
    show(&ada.cookie_header()).await;
    told("the first device is used", &[]);
    post(&third, "/api/login", login).await;
    told("a third device", &[Capped, SignedIn]);
    post(&ada, "/api/password", "").await;
    told("a new password", &[Reauthenticated, Revoked]);

    show(&ada.cookie_header()).await;
    told("its first use", &[]);
    store.spoils.store(true, Ordering::Relaxed);
    assert_eq!(show(&ada.cookie_header()).await, 200);
    store.spoils.store(false, Ordering::Relaxed);
    told("values that can't be read", &[Corrupt]);
    faulty.go_down();
    assert_eq!(show(&ada.cookie_header()).await, 503);
    faulty.come_up();
    told("an outage", &[StoreFailed]);
    store.refuses.store(true, Ordering::Relaxed);
    assert_eq!(ada.put("/api/data/k", "3").await.unwrap().status(), 503);
    store.refuses.store(false, Ordering::Relaxed);
    told("a store that refuses everything", &[Contended]);

    let left = ada.copy();
    post(&ada, "/api/logout", "").await;
    told("a logout", &[LoggedOut]);
    show(&left.cookie_header()).await;
    told("the id of what was logged out", &[UnknownId]);
    left.put("/api/data/k", "1").await.unwrap();
    told("a session after it", &[UnknownId, Created]);
    clock.advance(HOUR);
    show(&left.cookie_header()).await;
    told("a session that is over", &[Expired]);
}

const START: Moment = Moment::UNIX_EPOCH;

const HOUR: Duration = Duration::from_secs(3_600);

const MINUTE: Duration = Duration::from_secs(60);
