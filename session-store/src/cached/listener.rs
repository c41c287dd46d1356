use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use session_core::StoreError;
use tokio::task::JoinHandle;
use tokio::time::sleep;

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
        self.is_listening.load(SeqCst)
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
        loop {
            // What was written before it listened was told to nobody.
            self.invalidator.invalidate_all();
            self.is_listening.store(true, SeqCst);
            let error = self.hear(notices).await;
            self.is_listening.store(false, SeqCst);
            tracing::warn!(%error, "what other nodes write to {:?} is seen with a delay", self.store);
            notices = self.listen().await;
            tracing::info!(
                "what other nodes write to {:?} is seen at once again",
                self.store
            );
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

    async fn listen(&self) -> Box<dyn Notices> {
        let mut pause = SHORTEST;
        loop {
            sleep(pause).await;
            match self.store.listen().await {
                Ok(notices) => return notices,
                Err(error) => tracing::debug!(%error, "can't listen again yet"),
            }
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// How long to wait before a store is asked again, twice as long each time.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);
