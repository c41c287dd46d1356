use std::time::{Duration, Instant};

use session_core::{Clock as _, Cursor, Key, Moment, Record, Store, SystemClock};
use tokio::time::sleep;

use crate::trouble::Trouble;

/// A walk through all sessions of a store, of which a batch is in memory at a time.
///
/// It rests for as long as the last batch took: the application's requests have the other half of the time for themselves.
pub(crate) struct Walk<'s> {
    store: &'s dyn Store,
    next: Option<Cursor>,
    rest: Duration,
    /// How many could not be read so far.
    pub(crate) unreadable: usize,
}

/// Some hundred kilobytes, in a few milliseconds.
const BATCH: usize = 500;

/// A batch may have been slow for a reason that is gone.
const LONGEST_REST: Duration = Duration::from_millis(100);

impl<'s> Walk<'s> {
    pub(crate) fn of(store: &'s dyn Store) -> Self {
        Self {
            store,
            next: Some(Cursor::default()),
            rest: Duration::ZERO,
            unreadable: 0,
        }
    }

    /// Returns the next sessions, perhaps none; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<(Key, Record)>>, Trouble> {
        let Some(from) = self.next.take() else {
            return Ok(None);
        };
        sleep(self.rest).await;
        let begun = Instant::now();
        let batch = self.store.walk(&from, BATCH, now()).await?;
        self.rest = begun.elapsed().min(LONGEST_REST);
        self.next = batch.next;
        self.unreadable += batch.unreadable;
        Ok(Some(batch.sessions))
    }
}

pub(crate) fn now() -> Moment {
    SystemClock.now()
}
