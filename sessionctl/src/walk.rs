use session_core::{Clock as _, Cursor, Key, Moment, Record, Store, SystemClock};

use crate::pace::Pace;
use crate::trouble::Trouble;

/// A walk through all sessions of a store, of which a batch is in memory at a time.
pub(crate) struct Walk<'s> {
    store: &'s dyn Store,
    next: Option<Cursor>,
    pace: Pace,
    /// How many could not be read so far.
    pub(crate) unreadable: usize,
}

/// It takes some statements more than the largest ones.
const SMALLEST: usize = 32;
/// Some hundred kilobytes.
const LARGEST: usize = 500;

impl<'s> Walk<'s> {
    pub(crate) fn of(store: &'s dyn Store) -> Self {
        Self {
            store,
            next: Some(Cursor::default()),
            pace: Pace::between(SMALLEST, LARGEST),
            unreadable: 0,
        }
    }

    /// Returns the next sessions, perhaps none; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<(Key, Record)>>, Trouble> {
        let Some(from) = self.next.take() else {
            return Ok(None);
        };
        let walk = async |size| self.store.walk(&from, size, now()).await;
        let batch = self.pace.batch(walk).await?;
        self.next = batch.next;
        self.unreadable += batch.unreadable;
        Ok(Some(batch.sessions))
    }
}

pub(crate) fn now() -> Moment {
    SystemClock.now()
}
