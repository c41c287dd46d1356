use std::collections::HashSet;

use session_core::{Batch, Cursor, Device, Key, Moment, PublicId, Record, StoreError};

use super::Moving;
use super::course::InNew;
use super::form::{Claimed, is_placeholder};
use crate::device_page::device_page;

impl Moving {
    /// Lists `old` first: what is moved meanwhile is in the second list, or in both.
    pub(super) async fn list(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        // The page may begin with a session that the other store does not know.
        let most = if from.is_none() { limit } else { usize::MAX };
        let earlier = self.old.devices(owner, None, now, most).await?;
        let mut listed = self.new.devices(owner, None, now, most).await?;
        let moved: HashSet<_> = listed.iter().map(|device| device.public_id).collect();
        let others = earlier.into_iter();
        listed.extend(others.filter(|device| !moved.contains(&device.public_id)));
        Ok(device_page(listed, from, limit))
    }

    /// Goes through `old`, then through `new`; a place's first byte says in which.
    pub(super) async fn go_through(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Batch, StoreError> {
        match from.as_bytes() {
            [IN_NEW, place @ ..] => {
                let from = Cursor::from_bytes(place);
                let mut batch = self.new.walk(&from, limit, now).await?;
                batch.sessions.retain(|(_, record)| !is_placeholder(record));
                batch.next = batch.next.map(|next| within(IN_NEW, &next));
                Ok(batch)
            }
            in_old => {
                let from = Cursor::from_bytes(in_old.get(1..).unwrap_or_default());
                let mut batch = self.old.walk(&from, limit, now).await?;
                let mut sessions = Vec::with_capacity(batch.sessions.len());
                for (key, record) in batch.sessions {
                    if let Some(session) = self.session(&key, record, now).await? {
                        sessions.push((key, session));
                    }
                }
                batch.sessions = sessions;
                let place = batch.next.map(|next| within(IN_OLD, &next));
                batch.next = place.or_else(|| Some(within(IN_NEW, &Cursor::default())));
                Ok(batch)
            }
        }
    }

    /// Returns what a record of `old` stands for; `None` if that is nothing, or in `new`.
    async fn session(
        &self,
        key: &Key,
        record: Record,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let Some(claimed) = Claimed::read(&record) else {
            return Ok(Some(record));
        };
        let found = self.in_new(key, now).await?;
        let is_claimed = matches!(found, InNew::Placeholder(held) if held.revision == claimed.link);
        Ok(is_claimed.then_some(claimed.record))
    }
}

const IN_OLD: u8 = 0;
const IN_NEW: u8 = 1;

fn within(store: u8, place: &Cursor) -> Cursor {
    Cursor::from_bytes(&[&[store], place.as_bytes()].concat())
}
