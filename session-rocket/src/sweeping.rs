use std::ops::ControlFlow;
use std::time::Duration;

use rocket::Shutdown;
use rocket::tokio::sync::Mutex;
use rocket::tokio::task::{JoinSet, yield_now};
use rocket::tokio::time::timeout;
use session_core::Sessions;

/// How expired sessions are freed while the server runs: every so often, or not at all.
#[derive(Debug)]
pub(crate) struct Sweeping {
    interval: Option<Duration>,
    /// One from liftoff to shutdown; a clone has its own.
    tasks: Mutex<JoinSet<()>>,
}

impl Sweeping {
    pub(crate) fn at(interval: Option<Duration>) -> Self {
        let tasks = Mutex::default();
        Self { interval, tasks }
    }

    pub(crate) async fn start(&self, sessions: Sessions, shutdown: Shutdown) {
        let Some(interval) = self.interval else {
            return;
        };
        let wait = move |time| {
            let shutdown = shutdown.clone();
            async move {
                yield_now().await;
                match timeout(time, shutdown).await {
                    Ok(()) => ControlFlow::Break(()),
                    Err(_) => ControlFlow::Continue(()),
                }
            }
        };
        let task = async move { sessions.sweep_every(interval, wait).await };
        self.tasks.lock().await.spawn(task);
    }

    /// Waits, after the shutdown has begun, for the batch that is under way.
    pub(crate) async fn end(&self) {
        while let Some(ended) = self.tasks.lock().await.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the session sweeper had failed");
            }
        }
    }
}

impl Default for Sweeping {
    fn default() -> Self {
        Self::at(Some(Duration::from_mins(1)))
    }
}

impl Clone for Sweeping {
    fn clone(&self) -> Self {
        Self::at(self.interval)
    }
}
