use session_core::{Key, Outcome, Record, Revision, StoreError};
use time::OffsetDateTime;

use super::ask::{Answer, Ask, Slots};
use super::protocol::{ahead, list, settled};

/// A session that goes from one key to another.
pub(super) struct Journey<'a> {
    pub(super) key: Key,
    pub(super) expected: Revision,
    pub(super) with: Key,
    pub(super) record: &'a Record,
    pub(super) remembered: OffsetDateTime,
}

impl Journey<'_> {
    pub(super) async fn go(&self, slots: &impl Slots) -> Result<Outcome, StoreError> {
        let Self {
            key,
            with,
            record,
            remembered,
            ..
        } = *self;
        let prepare = Ask::Prepare {
            key: with,
            from: key,
            record,
            remembered,
            listed: self.owner().map(|_| ahead(record.expires, slots.now())),
        };
        if slots.ask(prepare).await? != Answer::Done {
            return Ok(Outcome::Refused);
        }
        // Only now: who finds the session listed also finds where it comes from.
        if let Err(error) = list(slots, with, record).await {
            let _ = self.abort(slots).await;
            return Err(error);
        }
        let commit = |confirmed| Ask::Commit {
            key,
            expected: self.expected,
            with,
            record,
            remembered,
            confirmed,
        };
        // If the answer is lost nothing may be cleared away: the session may have moved.
        let Answer::Ended(owner) = settled(slots, commit).await? else {
            let _ = self.abort(slots).await;
            return Ok(Outcome::Refused);
        };
        // It has moved. What is left to do is done by whoever loads it, if not by us.
        let _ = self.arrive(slots, owner.as_deref()).await;
        Ok(Outcome::Applied)
    }

    async fn arrive(&self, slots: &impl Slots, before: Option<&str>) -> Result<(), StoreError> {
        let revision = self.record.revision;
        let confirm = Ask::Load {
            key: self.with,
            led_by: None,
            confirmed: Some(revision),
        };
        slots.ask(confirm).await?;
        let key = self.key;
        slots.ask(Ask::Settle { key, revision }).await?;
        if let Some(owner) = before {
            let keys = &[key];
            slots.ask(Ask::Unlist { owner, keys }).await?;
        }
        Ok(())
    }

    /// Clears up after a commit that was refused, or never asked for.
    ///
    /// The index first: once nothing is prepared any more, the key may be another's.
    async fn abort(&self, slots: &impl Slots) -> Result<(), StoreError> {
        if let Some(owner) = self.owner() {
            let keys = &[self.with];
            slots.ask(Ask::Unlist { owner, keys }).await?;
        }
        let (key, revision) = (self.with, self.record.revision);
        slots.ask(Ask::Abort { key, revision }).await?;
        Ok(())
    }

    fn owner(&self) -> Option<&str> {
        self.record.owner.as_deref()
    }
}
