use std::sync::atomic::AtomicUsize;

use session_core::{
    Command, Device, Digest, Key, Moment, Only, Outcome, PublicId, Record, Store, Whose,
};
use session_testkit::{ModelStore, changed, digest_of, key_of, moment_at, record_of};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{advance, timeout};

use super::*;
use crate::{CachedOptions, CachedStore};

/// A store whose notices come from the test.
#[derive(Debug)]
struct Telling {
    model: ModelStore,
    /// The connections of the next listeners; without one, listening fails.
    lines: Mutex<Receiver<Line>>,
    attempts: Arc<AtomicUsize>,
}

type Line = Receiver<Notice>;

#[async_trait::async_trait]
impl Notifies for Telling {
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
        self.attempts.fetch_add(1, SeqCst);
        let line = self.lines.lock().await.try_recv();
        let line = line.map_err(|_| StoreError::new("no listener is accepted"))?;
        Ok(Box::new(Heard(line)))
    }
}

struct Heard(Line);

#[async_trait::async_trait]
impl Notices for Heard {
    async fn next(&mut self) -> Result<Notice, StoreError> {
        let notice = self.0.recv().await;
        notice.ok_or_else(|| StoreError::new("the line is cut"))
    }
}

#[async_trait::async_trait]
impl Store for Telling {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.model.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.model.write(command, now).await
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
        self.model.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.model.check().await
    }
}

/// A node that listens, and the store behind it.
struct Setting {
    model: ModelStore,
    lines: Sender<Line>,
    line: Sender<Notice>,
    cached: CachedStore,
    attempts: Arc<AtomicUsize>,
}

/// The node has cached ada's session under key 1, and it has ended since.
async fn setting() -> Setting {
    let model = ModelStore::new();
    let (lines, open) = channel(1);
    let (line, heard) = channel(1);
    lines.send(heard).await.unwrap();
    let attempts = Arc::new(AtomicUsize::new(0));
    let telling = Telling {
        model: model.clone(),
        lines: Mutex::new(open),
        attempts: Arc::clone(&attempts),
    };
    let options = CachedOptions::new().stale_for(BOUND);
    let cached = CachedStore::listening(Arc::new(telling), &options).await;
    let setting = Setting {
        model,
        lines,
        line,
        cached: cached.unwrap(),
        attempts,
    };
    rest().await;
    let key = &key_of(1);
    let record = &changed!(record_of(1), owner = Some("ada".into()));
    let insert = Command::Insert { key, record };
    setting.model.write(insert, moment_at(0)).await.unwrap();
    assert!(setting.serves(0).await);
    let only = Only::Always;
    let delete = Command::Delete { key, only };
    setting.model.write(delete, moment_at(0)).await.unwrap();
    assert!(setting.serves(0).await);
    setting
}

const BOUND: Duration = Duration::from_secs(50);

/// Lets the task do all that it can do at this moment.
async fn rest() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Moves the clock in steps, so that each pause ends in its turn.
async fn pass(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        advance(SHORTEST).await;
        rest().await;
    }
}

impl Setting {
    async fn serves(&self, second: i64) -> bool {
        let (key, secret) = (&key_of(1), &digest_of(0));
        let found = self.cached.load(key, secret, moment_at(second)).await;
        found.unwrap().is_some()
    }

    async fn tell(&self, notice: Notice) {
        self.line.send(notice).await.unwrap();
        rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_obeyed_at_once() {
    for (other, hers) in [
        (Notice::Key(key_of(2)), Notice::Key(key_of(1))),
        (Notice::Owner("bob".into()), Notice::Owner("ada".into())),
        (Notice::Owner(String::new()), Notice::All),
    ] {
        let setting = setting().await;
        setting.tell(other).await;
        assert!(setting.serves(0).await);
        setting.tell(hers).await;
        assert!(!setting.serves(0).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_without_a_notice_is_seen_within_the_bound() {
    let setting = setting().await;
    assert!(setting.serves(49).await);
    assert!(!setting.serves(50).await);
}

#[tokio::test(start_paused = true)]
async fn all_is_forgotten_when_it_listens_again_and_not_before() {
    let mut setting = setting().await;
    let (line, heard) = channel(1);
    // The line is cut.
    setting.line = line;
    rest().await;
    assert!(!setting.cached.is_listening());
    advance(LONGEST * 10).await;
    rest().await;
    assert!(setting.serves(0).await);
    setting.lines.send(heard).await.unwrap();
    let again = async {
        while !setting.cached.is_listening() {
            pass(SHORTEST).await;
        }
    };
    timeout(LONGEST, again).await.unwrap();
    assert!(!setting.serves(0).await);
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_store_is_asked_again_with_pauses() {
    let mut setting = setting().await;
    setting.line = channel(1).0;
    pass(LONGEST * 30).await;
    assert!((30..40).contains(&setting.attempts.load(SeqCst)));
    // So is one whose connections break at once.
    setting.attempts.store(0, SeqCst);
    let begun = Instant::now();
    while begun.elapsed() < LONGEST * 30 {
        let (_, cut) = channel(1);
        // One that waits is enough.
        let _ = setting.lines.try_send(cut);
        pass(SHORTEST).await;
    }
    assert!((29..32).contains(&setting.attempts.load(SeqCst)));
}

#[tokio::test]
async fn a_first_attempt_to_listen_that_fails_is_an_error() {
    let (_, none) = channel(1);
    let telling = Telling {
        model: ModelStore::new(),
        lines: Mutex::new(none),
        attempts: Arc::default(),
    };
    let cached = CachedStore::listening(Arc::new(telling), &CachedOptions::new()).await;
    assert_eq!(cached.unwrap_err().to_string(), "no listener is accepted");
}

#[tokio::test]
async fn the_last_clone_ends_the_task() {
    let setting = setting().await;
    let clone = setting.cached.clone();
    drop(setting.cached);
    rest().await;
    assert!(!setting.line.is_closed());
    drop(clone);
    setting.line.closed().await;
}
