use std::sync::Arc;
use std::time::Duration;

use session_core::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many sessions are adopted or ended at a time, whoever asks.
///
/// After the deploy all visitors come at once, and each takes some ten calls: without turns, all would wait for
/// connections between them, and all be too late.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    limit: Duration,
}

/// A turn, until it is dropped.
pub(super) type Turn = OwnedSemaphorePermit;

impl Turns {
    pub(super) fn new(limit: Duration) -> Self {
        let free = Arc::new(Semaphore::new(AT_ONCE));
        Self { free, limit }
    }

    /// Waits for a turn, in the order of those who ask; in a runtime.
    pub(super) async fn take(self) -> Result<Turn, StoreError> {
        if let Ok(turn) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(turn);
        }
        match timeout(self.limit, self.free.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(StoreError::new(
                "too many sessions of another library are being adopted at a time, or its table answers too slowly",
            )),
        }
    }
}

/// Four for each connection to a database.
pub(super) const AT_ONCE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_gets_an_error_and_others_go_on() {
        let turns = Turns::new(Duration::from_secs(5));
        let mut taken = Vec::new();
        for _ in 0..AT_ONCE {
            taken.push(turns.clone().take().await.unwrap());
        }
        let error = turns.clone().take().await.unwrap_err();
        assert!(error.to_string().contains("at a time"), "{error}");
        let waits = tokio::spawn(turns.clone().take());
        tokio::time::advance(Duration::from_secs(4)).await;
        taken.pop();
        assert!(waits.await.unwrap().is_ok());
    }
}
