use std::cmp::Reverse;

use session_core::{Device, Key, PublicId, Revoke, StoreError};
use time::OffsetDateTime;

use super::contents::Contents;
use super::site::Site;
use super::table::{Change, Placed};

/// What needs all rows, because no index sees into signed data.
impl Site {
    /// Returns a page of an owner's list.
    pub(super) async fn list(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let mut devices = Vec::new();
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            let found = batch.iter().filter_map(|placed| {
                let key = Key::parse_plain(&placed.key)?;
                self.owned(placed, (owner, now), |contents| contents.device(&key))
            });
            devices.extend(found.filter(|device| device.expires > now));
            match next(batch) {
                Some(next) => place = next,
                None => break,
            }
        }
        devices.sort_unstable_by_key(|device| Reverse((device.created, device.public_id)));
        if let Some(from) = from {
            let first = devices.iter().position(|device| device.public_id == *from);
            devices.drain(..first.unwrap_or(devices.len()));
        }
        devices.truncate(limit);
        Ok(devices)
    }

    /// Removes sessions of an owner, and returns how many of them were not over.
    pub(super) async fn end(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            for placed in &batch {
                let handle = Key::parse_plain(&placed.key).map(|key| key.public_id());
                let is_chosen = match which {
                    Revoke::All => true,
                    Revoke::AllBut(kept) => handle != Some(*kept),
                    Revoke::One(one) => handle == Some(*one),
                };
                if !is_chosen {
                    continue;
                }
                let Some(lives) = self.owned(placed, (owner, now), |it| it.expires() > now) else {
                    continue;
                };
                let key = &placed.key;
                #[cfg(feature = "redis")]
                let changing = self.cache.as_ref().map(|cache| cache.changing(&[key]));
                let removed = self.table.change(Change::Delete { key }).await?;
                #[cfg(feature = "redis")]
                if let Some(changing) = changing {
                    changing.made().await;
                }
                ended += usize::from(removed.is_done && lives);
            }
            match next(batch) {
                Some(next) => place = next,
                None => return Ok(ended),
            }
        }
    }

    /// Returns what a row says if it is the owner's.
    fn owned<T>(
        &self,
        placed: &Placed,
        (owner, now): (&str, OffsetDateTime),
        what: impl FnOnce(&Contents<'_>) -> T,
    ) -> Option<T> {
        let read = self.read(&placed.row, now)?;
        let contents = read.contents(self.table.form())?;
        (contents.owner() == Some(owner)).then(|| what(&contents))
    }
}

/// Returns the place after which the next batch comes; `None` after the last one.
fn next(mut batch: Vec<Placed>) -> Option<String> {
    let is_full = i64::try_from(batch.len()).is_ok_and(|length| length >= BATCH);
    batch.pop().filter(|_| is_full).map(|last| last.place)
}

/// How many rows are read at once: some hundred kilobytes, in a few milliseconds.
const BATCH: i64 = 500;
