use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, LegacyId, Moment, Outcome, Policy, PublicId, Record, Revision,
    Store, StoreError, Whose,
};
use sha2::{Digest as _, Sha256};

use super::Old;
use super::form::Content;
use super::marker::Marker;
use super::owner::{Kept, Owner};
use super::table::Row;

/// One row of another library's table as a store from which [`Moving`](crate::Moving) moves.
pub(super) struct OneRow {
    pub(super) old: Old,
    pub(super) id: LegacyId,
    pub(super) policy: Arc<Policy>,
}

/// What a row stands for.
#[derive(Debug)]
pub(super) enum Found {
    Session(Box<Record>),
    /// Its library would end it.
    Ended,
    Kept(Kept),
}

impl OneRow {
    async fn row(&self) -> Result<Option<Row>, StoreError> {
        self.old.read(self.id.expose()).await
    }

    /// Returns what a row stands for, now.
    pub(super) async fn found(&self, row: &Row, now: Moment) -> Result<Found, StoreError> {
        let content = self.content(row, now);
        let read = content.and_then(|content| Some((content.values.text()?, content)));
        let Some((text, content)) = read else {
            return Ok(Found::Kept(Kept::Unreadable));
        };
        let owner = match self.old.whose(&content.values).await? {
            Owner::Nobody => None,
            Owner::Is(owner) => Some(owner),
            Owner::Ended => return Ok(Found::Ended),
            Owner::Unclear(kept) => return Ok(Found::Kept(kept)),
        };
        let mut record = self.id.record(&self.policy, owner, now)?;
        let ends = content.ends.or_else(|| Some(now.saturating_add(row.left?)));
        record.expires = ends.map_or(record.expires, |ends| ends.min(record.expires));
        let marker = self.marker(&content);
        record.revision = revision(marker.as_ref(), row);
        record.data = match marker {
            Some(marker) => {
                record.closed = true;
                format!("{}{text}", marker.head).into()
            }
            None => text.into(),
        };
        Ok(Found::Session(Box::new(record)))
    }

    fn content(&self, row: &Row, now: Moment) -> Option<Content> {
        self.old.form.read(self.id.expose(), &row.data, now)
    }

    fn marker(&self, content: &Content) -> Option<Marker> {
        Marker::read(content.mark.as_ref()?, &self.id.key())
    }
}

/// That of a marker is its own; another row's is a digest of it.
fn revision(marker: Option<&Marker>, row: &Row) -> Revision {
    if let Some(marker) = marker {
        return marker.revision;
    }
    let hash: [u8; 32] = Sha256::digest(&row.data).into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    Revision::from_i64(i64::from_be_bytes(first) & i64::MAX)
}

/// What [`Moving`](crate::Moving) asks of a store in which it begins nothing.
#[async_trait]
impl Store for OneRow {
    async fn load(&self, key: &Key, _: &Digest, now: Moment) -> Result<Option<Record>, StoreError> {
        if *key != self.id.key() {
            return Ok(None);
        }
        let Some(row) = self.row().await? else {
            return Ok(None);
        };
        Ok(match self.found(&row, now).await? {
            Found::Session(record) => Some(*record),
            Found::Ended | Found::Kept(_) => None,
        })
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let Command::Replace {
            expected, record, ..
        } = command
        else {
            return Err(unsupported());
        };
        let Some(row) = self.row().await? else {
            return Ok(Outcome::Refused);
        };
        let marker = self.content(&row, now).and_then(|it| self.marker(&it));
        if revision(marker.as_ref(), &row) != expected {
            return Ok(Outcome::Refused);
        }
        let (id, old) = (self.id.expose(), &row.data);
        let is_done = if record.expires <= now {
            self.old.remove(id, Some(old), now).await?
        } else {
            let marker = Marker::of(record).ok_or_else(unsupported)?;
            let mark = marker.text(&self.id.key());
            let new = self.old.form.mark(old, &mark).ok_or_else(unsupported)?;
            self.old.swap(id, old, &new).await?
        };
        Ok(if is_done {
            Outcome::Applied
        } else {
            Outcome::Refused
        })
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: Moment,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unsupported())
    }

    async fn revoke(&self, _: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
        Err(unsupported())
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.row().await.map(|_| ())
    }
}

fn unsupported() -> StoreError {
    StoreError::unsupported("another library's sessions are only moved")
}

impl fmt::Debug for OneRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a session of {:?}", self.old)
    }
}
