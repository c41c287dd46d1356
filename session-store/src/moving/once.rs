use session_core::{Command, Key, LegacyId, Moment, Outcome, StoreError};

use super::Moving;
use super::course::{InOld, Place};
use super::form::{Claimed, over};

/// Another library's session moves once, whatever its servers write to the old table meanwhile.
impl Moving {
    /// Moves this one session, if it was never moved before.
    #[allow(dead_code, reason = "without a database nobody calls it")]
    pub(crate) fn once(mut self, id: LegacyId) -> Self {
        self.once = Some(id);
        self
    }

    /// Decides whether a claimed session may replace its placeholder, and returns it as `old` has it now; or where it is.
    ///
    /// The first one to leave a trace with its placeholder's name has the only claim that counts.
    pub(super) async fn decide(
        &self,
        id: &LegacyId,
        claimed: &Claimed,
        now: Moment,
    ) -> Result<Result<Claimed, Place>, StoreError> {
        let (key, trace) = (&id.key(), &id.trace());
        let found = match self.in_old(key, now).await? {
            InOld::Claimed(found) if found.link == claimed.link => found,
            // It was written there once more, and has to be claimed anew.
            InOld::Session(_) => return Ok(Err(Place::Old)),
            _ => return self.give_up(key, claimed, now).await.map(Err),
        };
        let record = &id.trace_record(claimed.link, now);
        let insert = Command::Insert { key: trace, record };
        if self.new.write(insert, now).await? == Outcome::Refused {
            let known = self.new.load(trace, &self.stranger, now).await?;
            if known.is_none_or(|known| known.revision != claimed.link) {
                return self.give_up(key, claimed, now).await.map(Err);
            }
        }
        Ok(Ok(found))
    }

    async fn give_up(
        &self,
        key: &Key,
        claimed: &Claimed,
        now: Moment,
    ) -> Result<Place, StoreError> {
        let record = &over(claimed.record.clone(), now);
        self.replaces_in_new(key, claimed.link, record, now).await?;
        Ok(Place::Nowhere)
    }
}
