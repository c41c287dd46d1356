//! Two nodes on one store, a clock that is moved by hand, and a watcher that sleeps by it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Clock, Command, Device, Digest, Ended, Id, IdForm, Key, ManualClock, Moment, Outcome, Policy,
    PolicyBuilder, Record, Request, RequestSession, Sessions, Store, StoreError,
};
use session_testkit::{Around, FaultyStore, ModelStore, Wrapped, digest_of, moment_at};

/// The node that watches, another one, and the store below both.
pub struct Scene {
    pub clock: Arc<ManualClock>,
    /// Every call of the watching node.
    pub faulty: FaultyStore,
    pub noted: Noted,
    pub here: Node,
    pub elsewhere: Node,
    /// Those who sleep by the clock.
    sleepers: Arc<Mutex<Vec<Waker>>>,
}

pub struct Node {
    pub sessions: Sessions,
}

#[derive(Debug, Default, Clone)]
pub struct Browser {
    cookie: String,
}

impl Browser {
    fn key(&self, form: IdForm) -> Key {
        let (_, id) = self.cookie.split_once('=').unwrap();
        Id::parse_as(form, id.as_bytes()).unwrap().key()
    }
}

/// A watcher that is polled by hand.
pub struct Watch {
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    woken: Arc<Woken>,
}

/// Whether a watcher is to be polled.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Watch {
    pub fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            future: Some(Box::pin(future)),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        }
    }

    /// Polls it, whether it was woken or not.
    pub fn is_over(&mut self) -> bool {
        self.poll(Waker::noop())
    }

    /// Polls it as a runtime would: if it was woken.
    pub fn is_over_if_woken(&mut self) -> bool {
        if self.woken.0.swap(false, SeqCst) {
            self.poll(&Waker::from(Arc::clone(&self.woken)));
        }
        self.future.is_none()
    }

    fn poll(&mut self, waker: &Waker) -> bool {
        let mut context = Context::from_waker(waker);
        let is_ready = |future: &mut Pin<Box<dyn Future<Output = ()> + Send>>| {
            future.as_mut().poll(&mut context).is_ready()
        };
        if self.future.as_mut().is_some_and(is_ready) {
            self.future = None;
        }
        self.future.is_none()
    }
}

impl Scene {
    pub fn new(configure: impl Fn(PolicyBuilder) -> PolicyBuilder) -> Self {
        Self::on(ModelStore::new(), configure)
    }

    pub fn of_plain_ids() -> Self {
        Self::on(ModelStore::of_plain_ids(), PolicyBuilder::plain_ids)
    }

    fn on(model: ModelStore, configure: impl Fn(PolicyBuilder) -> PolicyBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(moment_at(0)));
        let policy = || {
            let builder = Policy::builder().clock(Arc::clone(&clock));
            configure(builder).build().unwrap()
        };
        let noted = Noted::new(model.clone());
        let faulty = FaultyStore::new(Wrapped(noted.clone()));
        let here = Node {
            sessions: Sessions::new(policy(), faulty.clone()),
        };
        let elsewhere = Node {
            sessions: Sessions::new(policy(), model),
        };
        Self {
            clock,
            faulty,
            noted,
            here,
            elsewhere,
            sleepers: Arc::default(),
        }
    }

    /// The record of the session whose cookie a browser has.
    pub fn stored(&self, browser: &Browser) -> Option<Record> {
        let key = browser.key(self.noted.model.id_form());
        block_on(self.noted.model.load(&key, &digest_of(0), self.clock.now())).unwrap()
    }

    /// Another program signs somebody in to a browser's session, under the same key.
    pub fn take_over(&self, browser: &Browser, owner: &str) {
        let mut record = self.stored(browser).unwrap();
        let expected = record.revision;
        record.owner = Some(owner.into());
        let replace = Command::Replace {
            key: &browser.key(self.noted.model.id_form()),
            expected,
            record: &record,
        };
        let outcome = block_on(self.noted.model.write(replace, self.clock.now()));
        assert_eq!(outcome.unwrap(), Outcome::Applied);
    }

    pub fn watch(&self, browser: &Browser) -> Watch {
        let request = self.here.open(browser);
        self.watch_session(&block_on(request.handle().load()).unwrap())
    }

    pub fn watch_session(&self, session: &RequestSession) -> Watch {
        Watch::new(self.ended(session))
    }

    pub fn ended(&self, session: &RequestSession) -> Ended {
        let (clock, sleepers) = (Arc::clone(&self.clock), Arc::clone(&self.sleepers));
        let pause = move |time| sleep(Arc::clone(&clock), Arc::clone(&sleepers), time);
        session.ended(pause).unwrap()
    }

    /// Lets time pass for those that are polled only when they are woken.
    pub fn pass_by_wakers(&self, watches: &mut [Watch], time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            self.clock.advance(step);
            left -= step;
            let sleepers = std::mem::take(&mut *self.sleepers.lock().unwrap());
            sleepers.into_iter().for_each(Waker::wake);
            for watch in &mut *watches {
                watch.is_over_if_woken();
            }
        }
    }

    /// Lets time pass, in steps of a few milliseconds.
    pub fn pass(&self, watch: &mut Watch, time: Duration) {
        self.pass_all(std::slice::from_mut(watch), time);
    }

    pub fn pass_all(&self, watches: &mut [Watch], time: Duration) {
        let look = |watches: &mut [Watch]| {
            for watch in watches {
                watch.is_over();
            }
        };
        let mut left = time;
        look(watches);
        while !left.is_zero() {
            let step = left.min(STEP);
            self.clock.advance(step);
            left -= step;
            look(watches);
        }
    }
}

fn sleep(
    clock: Arc<ManualClock>,
    sleepers: Arc<Mutex<Vec<Waker>>>,
    time: Duration,
) -> impl Future<Output = ()> + Send {
    let end = clock.now() + time;
    poll_fn(move |context| {
        if clock.now() >= end {
            return Poll::Ready(());
        }
        let waker = context.waker();
        // Whoever is polled by hand needs no waking.
        if !waker.will_wake(Waker::noop()) {
            sleepers.lock().unwrap().push(waker.clone());
        }
        Poll::Pending
    })
}

impl Node {
    pub fn open(&self, browser: &Browser) -> Request {
        self.sessions.open([browser.cookie.as_bytes()])
    }

    pub fn request(&self, browser: &mut Browser, act: impl FnOnce(&RequestSession)) {
        let request = self.open(browser);
        act(&block_on(request.handle().load()).unwrap());
        let reply = block_on(request.commit(200)).unwrap();
        if let Some(cookie) = reply.set_cookie() {
            let (pair, _) = cookie.split_once(';').unwrap();
            pair.clone_into(&mut browser.cookie);
        }
    }

    pub fn begin(&self) -> Browser {
        let mut browser = Browser::default();
        self.request(&mut browser, |session| session.insert("base", 1).unwrap());
        browser
    }

    pub fn log_in(&self, owner: &str) -> Browser {
        let mut browser = Browser::default();
        self.request(&mut browser, |session| session.sign_in(owner).unwrap());
        browser
    }

    pub fn record_of(&self, browser: &Browser) -> Option<Device> {
        let request = self.open(browser);
        let session = block_on(request.handle().load()).unwrap();
        let handle = session.public_id()?;
        let listed = block_on(session.devices()).unwrap();
        listed.into_iter().find(|device| device.public_id == handle)
    }
}

/// A store that notes whether loads come with the present digest, and tells of changes when it is told to.
#[derive(Debug, Clone)]
pub struct Noted {
    model: ModelStore,
    fits: Arc<Mutex<Vec<bool>>>,
    told: Arc<Mutex<u64>>,
    tells_always: Arc<AtomicBool>,
}

impl Noted {
    fn new(model: ModelStore) -> Self {
        Self {
            model,
            fits: Arc::default(),
            told: Arc::default(),
            tells_always: Arc::default(),
        }
    }

    pub fn take(&self) -> Vec<bool> {
        std::mem::take(&mut *self.fits.lock().unwrap())
    }

    /// From now on tells of a change whenever somebody asks.
    pub fn tell_always(&self) {
        self.tells_always.store(true, SeqCst);
    }

    pub fn tell(&self) {
        *self.told.lock().unwrap() += 1;
    }
}

#[async_trait::async_trait]
impl Around for Noted {
    fn store(&self) -> &dyn Store {
        &self.model
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.model.load(key, secret, now).await?;
        if let Some(record) = &found {
            let fits = record.secrets.present == *secret;
            self.fits.lock().unwrap().push(fits);
        }
        Ok(found)
    }

    async fn changed(&self, _: &Key) {
        let since = *self.told.lock().unwrap();
        poll_fn(|_| {
            if self.tells_always.load(SeqCst) || *self.told.lock().unwrap() > since {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Divides all waits evenly enough.
const STEP: Duration = Duration::from_millis(5);
