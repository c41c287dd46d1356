use std::sync::Arc;

use session_core::{Command, Only, Outcome, PublicId, Record, Revoke, to_micros};

use super::index::Index;
use super::slot::Slot;
use super::slots::Slots;

/// The sessions under one lock.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) slots: Slots,
    pub(super) index: Index,
    /// A lower bound of the ends in `slots`; `None` only if that is empty.
    pub(super) earliest: Option<i64>,
    /// The bytes of all its sessions, about.
    pub(super) bytes: usize,
    /// The insertions since the shard was last tidied.
    inserted: usize,
}

impl Shard {
    /// Returns the bytes that a command adds; 0 if it is refused.
    pub(super) fn growth(&self, command: Command<'_>, now: i64) -> usize {
        let record = match command {
            Command::Insert { record, .. } => record,
            Command::Replace { record, .. } if to_micros(record.expires) > now => record,
            _ => return 0,
        };
        let slot = self.slots.get(&command.key().public_id());
        if !holds(slot, command, now) {
            return 0;
        }
        Slot::bytes_of(record).saturating_sub(slot.map_or(0, Slot::bytes))
    }

    pub(super) fn write(&mut self, command: Command<'_>, now: i64) -> Outcome {
        let id = command.key().public_id();
        let slot = self.slots.get_mut(&id);
        if !holds(slot.as_deref(), command, now) {
            return match command {
                Command::Delete { .. } => Outcome::Applied,
                _ => Outcome::Refused,
            };
        }
        match command {
            // Never holds: `Shards::write` refuses it.
            Command::Move { .. } => return Outcome::Refused,
            Command::Insert { record, .. } => self.put(id, record),
            Command::Replace { record, .. } => match slot {
                Some(slot) if to_micros(record.expires) > now => {
                    replace(slot, record, &mut self.index, &mut self.bytes);
                    self.earliest = Some(earlier(self.earliest, slot));
                }
                _ => drop(self.take(&id)),
            },
            Command::Delete { .. } => drop(self.take(&id)),
            Command::Touch { seen, expires, .. } => {
                if let Some(slot) = slot {
                    slot.touch(seen, expires);
                }
            }
        }
        Outcome::Applied
    }

    /// Returns a record whose values get room for an index.
    pub(super) fn index(&mut self, id: &PublicId) -> Option<Record> {
        let slot = self.slots.get_mut(id)?;
        self.bytes -= slot.bytes();
        slot.index();
        self.bytes += slot.bytes();
        Some(slot.record())
    }

    pub(super) fn revoke(&mut self, owner: &Arc<str>, which: Revoke<'_>, now: i64) -> usize {
        let mut ids: Vec<_> = self.owned_by(owner).map(|slot| slot.entry.id).collect();
        ids.retain(|id| match which {
            Revoke::All => true,
            Revoke::AllBut(kept) => id != kept,
            Revoke::One(ended) => id == ended,
        });
        self.end(&ids, now)
    }

    /// Takes out the sessions with a tag, and returns how many of them were listed.
    pub(super) fn revoke_tagged(&mut self, tag: &Arc<str>, now: i64) -> usize {
        let ids: Vec<_> = self.index.tags.of(tag).copied().collect();
        self.end(&ids, now)
    }

    /// Takes out all sessions, and returns how many of them were listed.
    pub(super) fn revoke_everybody(&mut self, now: i64) -> usize {
        let ids: Vec<_> = self.slots.iter().map(|slot| slot.entry.id).collect();
        self.end(&ids, now)
    }

    fn end(&mut self, ids: &[PublicId], now: i64) -> usize {
        let ended = ids.iter().filter_map(|id| self.take(id));
        ended.filter(|slot| slot.is_listed(now)).count()
    }

    pub(super) fn owned_by(&self, owner: &Arc<str>) -> impl Iterator<Item = &Slot> {
        let ids = self.index.owners.of(owner);
        ids.filter_map(|id| self.slots.get(id))
    }

    /// Takes out expired sessions; the caller frees them after the lock.
    pub(super) fn sweep(&mut self, now: i64, limit: usize) -> Vec<Slot> {
        let mut swept = Vec::new();
        if self.earliest.is_some_and(|earliest| earliest <= now) {
            swept.extend(self.slots.take_if(|slot| slot.expires <= now, limit));
            for slot in &swept {
                self.bytes -= slot.bytes();
                self.index.remove(slot);
            }
            if swept.len() < limit {
                self.earliest = self.slots.iter().map(|slot| slot.expires).min();
            }
        }
        // A table that was four times as full shrinks to twice its content, and an empty one to
        // nothing.
        if self.slots.capacity() > 4 * self.slots.len().max(8) || self.slots.is_empty() {
            self.slots.shrink_to(2 * self.slots.len());
        }
        swept
    }

    /// Takes out expired sessions, once a quarter as many were inserted as there are.
    ///
    /// So an insertion looks at four slots on average, and expired sessions take little memory.
    pub(super) fn tidy(&mut self, now: i64) -> Vec<Slot> {
        self.inserted += 1;
        if self.inserted < 16.max(self.slots.len() / 4) {
            return Vec::new();
        }
        self.inserted = 0;
        self.sweep(now.saturating_sub(MARGIN), usize::MAX)
    }

    /// Takes out the session of nobody that was used longest ago, of those among the first slots.
    pub(super) fn give_up_one(&mut self, kept: &PublicId) -> Option<Slot> {
        let slots = self.slots.iter().take(SAMPLE);
        let candidates = slots.filter(|slot| slot.entry.owner.is_none() && slot.entry.id != *kept);
        let id = candidates.min_by_key(|slot| slot.entry.seen)?.entry.id;
        self.take(&id)
    }

    /// The only way in; the ways out are `take` and `sweep`.
    fn put(&mut self, id: PublicId, record: &Record) {
        if let Some(slot) = self.slots.get_mut(&id) {
            replace(slot, record, &mut self.index, &mut self.bytes);
            self.earliest = Some(earlier(self.earliest, slot));
            return;
        }
        let slot = Slot::new(id, record);
        self.index.add(&slot);
        self.earliest = Some(earlier(self.earliest, &slot));
        self.bytes += slot.bytes();
        self.slots.add(slot);
    }

    fn take(&mut self, id: &PublicId) -> Option<Slot> {
        let slot = self.slots.take(id)?;
        self.bytes -= slot.bytes();
        self.index.remove(&slot);
        Some(slot)
    }
}

/// Says whether a command's condition holds for the slot of its key.
fn holds(slot: Option<&Slot>, command: Command<'_>, now: i64) -> bool {
    let live = slot.filter(|slot| slot.expires > now);
    match command {
        Command::Insert { .. } => live.is_none(),
        Command::Replace { expected, .. } | Command::Touch { expected, .. } => {
            live.is_some_and(|slot| slot.entry.revision == expected)
        }
        Command::Move { .. } => false,
        Command::Delete { only, .. } => slot.is_some_and(|slot| match only {
            Only::Always => true,
            Only::Opened(digest) => slot.secrets().include(digest),
            Only::Over(moment) => slot.expires <= to_micros(moment),
        }),
    }
}

/// Gives a slot another record of its session.
fn replace(slot: &mut Slot, record: &Record, index: &mut Index, bytes: &mut usize) {
    *bytes -= slot.bytes();
    let is_another = slot.entry.owner != record.owner || slot.tag() != record.tag.as_ref();
    if is_another {
        index.remove(slot);
    }
    slot.set(record);
    if is_another {
        index.add(slot);
    }
    *bytes += slot.bytes();
}

/// Returns the lower bound of the ends, with a slot that was added.
fn earlier(earliest: Option<i64>, slot: &Slot) -> i64 {
    earliest.unwrap_or(slot.expires).min(slot.expires)
}

/// A session is freed this long after its end, in microseconds: a clock that is set back a little
/// finds it again.
const MARGIN: i64 = 5 * 60 * 1_000_000;

/// The number of slots that are looked at for a session to give up.
const SAMPLE: usize = 64;

#[cfg(test)]
mod tests {
    use session_testkit::{changed, key_of, record_of};

    use super::*;

    fn owned(owner: Option<&str>) -> Record {
        let owner = owner.map(Into::into);
        changed!(record_of(1), owner = owner)
    }

    #[test]
    fn a_shard_that_was_full_once_gives_memory_back() {
        let mut shard = Shard::default();
        for number in 0..=255 {
            shard.put(key_of(number).public_id(), &record_of(1));
        }
        let full = shard.slots.capacity();
        for number in 10..=255 {
            shard.take(&key_of(number).public_id());
        }
        shard.sweep(0, 1_000);
        assert_eq!(shard.slots.len(), 10);
        assert!(shard.slots.capacity() * 4 < full);
    }

    #[test]
    fn the_owner_index_has_no_more_than_there_is() {
        let (ada, bob) = (&"ada".into(), &"bob".into());
        let mut shard = Shard::default();
        for key in [key_of(0), key_of(1)].map(|key| key.public_id()) {
            shard.put(key, &owned(Some("ada")));
            shard.put(key, &owned(Some("bob")));
        }
        assert_eq!(shard.owned_by(ada).count(), 0);
        assert_eq!(shard.owned_by(bob).count(), 2);
        shard.put(key_of(0).public_id(), &owned(None));
        shard.take(&key_of(1).public_id());
        assert_eq!(shard.index.owners.len(), 0);
    }
}
