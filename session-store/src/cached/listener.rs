use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use session_core::StoreError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Invalidator;
use super::notices::{Notice, Notices, Notifies};

/// A task that drives an invalidator with what a store tells; it ends when this is dropped.
pub(super) struct Listener {
    is_listening: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens from before it returns.
    pub(super) async fn start(
        store: Arc<dyn Notifies>,
        invalidator: Invalidator,
    ) -> Result<Self, StoreError> {
        let notices = store.listen().await?;
        let is_listening = Arc::new(AtomicBool::new(true));
        let task = Task {
            store,
            invalidator,
            is_listening: Arc::clone(&is_listening),
        };
        Ok(Self {
            is_listening,
            task: tokio::spawn(task.run(notices)),
        })
    }

    pub(super) fn is_listening(&self) -> bool {
        self.is_listening.load(SeqCst) && !self.task.is_finished()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    store: Arc<dyn Notifies>,
    invalidator: Invalidator,
    is_listening: Arc<AtomicBool>,
}

impl Task {
    async fn run(self, mut notices: Box<dyn Notices>) {
        let mut pause = SHORTEST;
        loop {
            // What was written before it listened was told to nobody.
            self.invalidator.invalidate_all();
            self.is_listening.store(true, SeqCst);
            let begun = Instant::now();
            let error = self.hear(notices).await;
            self.is_listening.store(false, SeqCst);
            tracing::warn!(%error, "what other nodes write is seen with a delay");
            // A connection that breaks at once is no better than none.
            if begun.elapsed() > LONGEST {
                pause = SHORTEST;
            }
            notices = self.listen(&mut pause).await;
            tracing::info!("what other nodes write is seen at once again");
        }
    }

    /// Passes notices on until there are no more.
    async fn hear(&self, mut notices: Box<dyn Notices>) -> StoreError {
        loop {
            match notices.next().await {
                Ok(Notice::All) => self.invalidator.invalidate_all(),
                Ok(Notice::Key(digest)) => self.invalidator.invalidate(&digest),
                Ok(Notice::Owner(owner)) => self.invalidator.invalidate_owner(&owner),
                Err(error) => return error,
            }
        }
    }

    async fn listen(&self, pause: &mut Duration) -> Box<dyn Notices> {
        loop {
            sleep(*pause).await;
            *pause = (*pause * 2).min(LONGEST);
            match self.store.listen().await {
                Ok(notices) => return notices,
                Err(error) => tracing::debug!(%error, "can't listen again yet"),
            }
        }
    }
}

/// How long to wait before a store is asked again, twice as long each time.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use session_core::{Command, Device, Found, Key, Outcome, Record, Revoke, Store};
    use session_testkit::{ModelStore, key_of, moment_at, record_of};
    use time::OffsetDateTime;
    use tokio::sync::Mutex;
    use tokio::sync::mpsc::{Receiver, Sender, channel};
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::{CachedOptions, CachedStore};

    /// A store that tells what a test has it tell, to whoever it lets listen.
    #[derive(Debug)]
    struct Telling {
        model: ModelStore,
        /// What the next one who listens will hear; while there is none, nobody may listen.
        lines: Mutex<Receiver<Line>>,
        attempts: Arc<AtomicUsize>,
    }

    type Line = Receiver<Notice>;

    #[async_trait::async_trait]
    impl Notifies for Telling {
        async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
            self.attempts.fetch_add(1, SeqCst);
            let line = self.lines.lock().await.try_recv();
            let line = line.map_err(|_| StoreError::new("nobody may listen"))?;
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
        async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
            self.model.load(key, now).await
        }

        async fn write(
            &self,
            command: Command<'_>,
            now: OffsetDateTime,
        ) -> Result<Outcome, StoreError> {
            self.model.write(command, now).await
        }

        async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
            self.model.sweep(now, limit).await
        }

        async fn devices(
            &self,
            owner: &str,
            now: OffsetDateTime,
        ) -> Result<Vec<Device>, StoreError> {
            self.model.devices(owner, now).await
        }

        async fn revoke(
            &self,
            owner: &str,
            which: Revoke<'_>,
            now: OffsetDateTime,
        ) -> Result<usize, StoreError> {
            self.model.revoke(owner, which, now).await
        }

        async fn check(&self) -> Result<(), StoreError> {
            self.model.check().await
        }
    }

    /// A node that listens, and what it listens to.
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
        let (key, record) = (
            &key_of(1),
            &Record {
                owner: Some("ada".into()),
                ..record_of(1)
            },
        );
        let insert = Command::Insert { key, record };
        setting.model.write(insert, moment_at(0)).await.unwrap();
        assert!(setting.serves(0).await);
        let delete = Command::Delete { key };
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

    impl Setting {
        async fn serves(&self, second: i64) -> bool {
            let found = self.cached.load(&key_of(1), moment_at(second)).await;
            found.unwrap().is_some()
        }

        async fn tell(&self, notice: Notice) {
            self.line.send(notice).await.unwrap();
            rest().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_is_seen_at_once() {
        for (other, hers) in [
            (
                Notice::Key(*key_of(2).digest()),
                Notice::Key(*key_of(1).digest()),
            ),
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
    async fn what_is_never_told_is_seen_within_the_bound() {
        let setting = setting().await;
        assert!(setting.serves(49).await);
        assert!(!setting.serves(50).await);
    }

    #[tokio::test(start_paused = true)]
    async fn once_it_listens_again_all_is_forgotten_and_not_before() {
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
                sleep(SHORTEST).await;
            }
        };
        timeout(LONGEST, again).await.unwrap();
        assert!(!setting.serves(0).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_down_is_asked_now_and_then() {
        let mut setting = setting().await;
        setting.line = channel(1).0;
        sleep(LONGEST * 30).await;
        assert!((30..40).contains(&setting.attempts.load(SeqCst)));
        // So is one that lets nobody listen for long.
        setting.attempts.store(0, SeqCst);
        let begun = Instant::now();
        while begun.elapsed() < LONGEST * 30 {
            let (_, cut) = channel(1);
            // One that waits is enough.
            let _ = setting.lines.try_send(cut);
            sleep(SHORTEST).await;
        }
        assert!((29..32).contains(&setting.attempts.load(SeqCst)));
    }

    #[tokio::test]
    async fn who_may_not_listen_at_first_is_told_why() {
        let (_, none) = channel(1);
        let telling = Telling {
            model: ModelStore::new(),
            lines: Mutex::new(none),
            attempts: Arc::default(),
        };
        let cached = CachedStore::listening(Arc::new(telling), &CachedOptions::new()).await;
        assert_eq!(cached.unwrap_err().to_string(), "nobody may listen");
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
}
