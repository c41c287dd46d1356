use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use session_core::StoreError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::invalidator::Invalidator;
use super::notices::{Notice, Notices, Notifies};

/// A task that invalidates the sessions of a store's notices; it ends when this is dropped.
pub(super) struct Listener {
    is_listening: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts the task; notices from the return on are heard.
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

    pub(super) fn stop(&self) {
        self.task.abort();
    }

    pub(super) fn is_listening(&self) -> bool {
        self.is_listening.load(SeqCst) && !self.task.is_finished()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
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
            // Nothing heard of writes before this moment.
            self.invalidator.invalidate_all();
            self.is_listening.store(true, SeqCst);
            let begun = Instant::now();
            let error = self.hear(notices).await;
            self.is_listening.store(false, SeqCst);
            tracing::warn!(%error, "lost the connection for notices; other nodes' writes are seen with a delay");
            // Only a connection that lasted resets the pause.
            if begun.elapsed() > LONGEST {
                pause = SHORTEST;
            }
            notices = self.listen(&mut pause).await;
            tracing::info!("notices arrive again; other nodes' writes are seen at once");
        }
    }

    /// Applies notices until the connection fails.
    async fn hear(&self, mut notices: Box<dyn Notices>) -> StoreError {
        loop {
            match notices.next().await {
                Ok(Notice::All) => self.invalidator.invalidate_all(),
                Ok(Notice::Key(key)) => self.invalidator.invalidate(&key),
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
                Err(error) => tracing::debug!(%error, "can't reconnect for notices yet"),
            }
        }
    }
}

/// The bounds of the pause between two attempts to connect, which doubles each time.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
