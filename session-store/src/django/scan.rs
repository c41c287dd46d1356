use session_core::{
    Batch, Cursor, Device, Digest, Key, Moment, PublicId, Revoke, StoreError, Whose,
};
use time::OffsetDateTime;

use super::contents::Contents;
use super::site::Site;
use super::table::{Change, Placed};
use crate::device_page::device_page;

/// What needs all rows, because no index sees into signed data.
impl Site {
    /// Returns a page of an owner's list.
    pub(super) async fn list(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let mut devices = Vec::new();
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            let found = batch.iter().filter_map(|placed| {
                let key = Key::parse_plain(&placed.key)?;
                let owners = Whose::Owner(owner, Revoke::All);
                self.those(placed, (owners, now), |contents| contents.device(&key))
            });
            let now = OffsetDateTime::from(now);
            devices.extend(found.filter(|device| device.expires > now));
            match next(batch, BATCH) {
                Some(next) => place = next,
                None => break,
            }
        }
        Ok(device_page(devices, from, limit))
    }

    /// Returns a batch of all sessions; their digests are those of no secret, because a key is the whole id.
    pub(super) async fn batch(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Batch, StoreError> {
        let after = str::from_utf8(from.as_bytes()).unwrap_or_default();
        let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
        let placed = self.table.batch(after, limit).await?;
        let nobody = Digest::from_bytes(&[0; 16]);
        let mut batch = Batch::default();
        for placed in &placed {
            let key = Key::parse_plain(&placed.key).zip(nobody);
            let session = key.and_then(|(key, nobody)| {
                let read = self.read(&placed.row, now)?;
                let record = read.contents(self.table.form())?.record(nobody);
                Some((key, record))
            });
            match session {
                Some(session) => batch.sessions.push(session),
                None => batch.unreadable += 1,
            }
        }
        let next = next(placed, limit);
        batch.next = next.map(|place| Cursor::from_bytes(place.as_bytes()));
        Ok(batch)
    }

    /// Removes the sessions that are meant, and returns how many of them could be read and were not over.
    ///
    /// A session that gets a new key meanwhile is met under the old one, or not at all if walks go by
    /// the key. So walks are repeated until one has met none to remove, and is not the only one.
    ///
    /// Of everybody's, some begin all the while, so two walks by the key have to do.
    pub(super) async fn end(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let mut ended = 0;
        for walk in 1..=WALKS {
            let Walk { met, missed, lived } = self.walk(whose, now).await?;
            ended += lived;
            let is_over = if self.table.rows_stay() {
                missed == 0
            } else {
                walk > 1 && (met == 0 || whose == Whose::Everybody)
            };
            if is_over {
                return Ok(ended);
            }
        }
        Err(StoreError::new(
            "can't end all sessions that were meant: others began or got new keys all the while; try again",
        ))
    }

    /// Removes the sessions that it meets.
    async fn walk(&self, whose: Whose<'_>, now: Moment) -> Result<Walk, StoreError> {
        let mut walk = Walk::default();
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            for placed in &batch {
                let handle = Key::parse_plain(&placed.key).map(|key| key.public_id());
                let is_chosen = match whose {
                    Whose::Owner(_, Revoke::AllBut(kept)) => handle != Some(*kept),
                    Whose::Owner(_, Revoke::One(one)) => handle == Some(*one),
                    Whose::Owner(_, Revoke::All) | Whose::Tag(_) | Whose::Everybody => true,
                };
                if !is_chosen {
                    continue;
                }
                let lives = match self.those(placed, (whose, now), |it| it.expires() > now) {
                    Some(lives) => lives,
                    // One that can't be read here may be read elsewhere, by a key of before.
                    None if whose == Whose::Everybody => false,
                    None => continue,
                };
                let key = &placed.key;
                #[cfg(feature = "redis")]
                let changing = self.cache.as_ref().map(|cache| cache.changing(&[key]));
                let removed = self.table.change(Change::Delete { key }).await?;
                #[cfg(feature = "redis")]
                if let Some(changing) = changing {
                    changing.made().await;
                }
                walk.met += 1;
                walk.missed += usize::from(!removed.is_done);
                walk.lived += usize::from(removed.is_done && lives);
            }
            match next(batch, BATCH) {
                Some(next) => place = next,
                None => return Ok(walk),
            }
        }
    }

    /// Returns what a row says if it is the owner's or has the tag.
    fn those<T>(
        &self,
        placed: &Placed,
        (whose, now): (Whose<'_>, Moment),
        what: impl FnOnce(&Contents<'_>) -> T,
    ) -> Option<T> {
        let read = self.read(&placed.row, now)?;
        let contents = read.contents(self.table.form())?;
        let is_meant = match whose {
            Whose::Owner(owner, _) => contents.owner() == Some(owner),
            Whose::Tag(tag) => contents.tag() == Some(tag),
            Whose::Everybody => true,
        };
        is_meant.then(|| what(&contents))
    }
}

/// What a walk that removes sessions did.
#[derive(Debug, Default)]
struct Walk {
    /// How many it had to remove.
    met: usize,
    /// How many of them had gone or got a new key before.
    missed: usize,
    /// How many it removed that were not over.
    lived: usize,
}

/// Returns the place after which the next batch comes; `None` after the last one.
fn next(mut batch: Vec<Placed>, limit: i64) -> Option<String> {
    let is_full = i64::try_from(batch.len()).is_ok_and(|length| length >= limit);
    batch.pop().filter(|_| is_full).map(|last| last.place)
}

/// How many rows are read at once: some hundred kilobytes, in a few milliseconds.
const BATCH: i64 = 500;

/// How many walks are made to end sessions that others move meanwhile; nearly always two serve.
const WALKS: u32 = 16;

#[cfg(test)]
mod tests;
