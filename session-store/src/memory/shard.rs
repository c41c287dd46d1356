use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use session_core::{Record, Revision};

use super::slot::{Digest, FirstBytes, Slot};

/// A part of the sessions, under one lock.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) live: HashSet<Slot, BuildHasherDefault<FirstBytes>>,
    /// Exactly the sessions of `live` that have an owner.
    pub(super) owners: BTreeSet<(Arc<str>, Digest)>,
    /// Nothing in `live` expires before this.
    pub(super) earliest: Option<i64>,
    /// Where the keys of this shard lead that sessions had before, and until when.
    pub(super) moved: HashMap<Digest, (Digest, i64), BuildHasherDefault<FirstBytes>>,
}

impl Shard {
    pub(super) fn live(&self, key: Digest, now: i64) -> Option<&Slot> {
        self.live.get(&key).filter(|slot| slot.expires > now)
    }

    pub(super) fn expected(&self, key: Digest, expected: Revision, now: i64) -> bool {
        self.live(key, now)
            .is_some_and(|slot| slot.entry.revision == expected)
    }

    pub(super) fn insert(&mut self, key: Digest, record: &Record, now: i64) -> bool {
        let free = self.live(key, now).is_none();
        if free {
            self.put(Slot::new(key, record, None));
        }
        free
    }

    pub(super) fn touch(
        &mut self,
        key: Digest,
        expected: Revision,
        seen: i64,
        expires: i64,
        now: i64,
    ) -> bool {
        let applies = self.expected(key, expected, now);
        if applies && let Some(mut slot) = self.live.take(&key) {
            slot.entry.seen = slot.entry.seen.max(seen);
            slot.expires = slot.expires.max(expires);
            self.live.insert(slot);
        }
        applies
    }

    /// Every way in leads through here, and every way out through `take` or `sweep`.
    pub(super) fn put(&mut self, slot: Slot) {
        let key = slot.entry.key;
        self.take(key);
        if let Some(owner) = &slot.entry.owner {
            self.owners.insert((Arc::clone(owner), key));
        }
        let earliest = self.earliest.unwrap_or(slot.expires);
        self.earliest = Some(earliest.min(slot.expires));
        self.live.insert(slot);
    }

    pub(super) fn take(&mut self, key: Digest) -> Option<Slot> {
        let mut slot = self.live.take(&key)?;
        if let Some(owner) = slot.entry.owner.take() {
            self.owners.remove(&(owner, key));
        }
        Some(slot)
    }

    /// Remembers where a session went whose key was of this shard.
    pub(super) fn lead(&mut self, key: Digest, to: Digest, until: i64) {
        self.moved.insert(key, (to, until));
    }

    pub(super) fn leads_to(&self, key: Digest, now: i64) -> Option<Digest> {
        let (to, until) = self.moved.get(&key)?;
        (*until > now).then_some(*to)
    }

    pub(super) fn owned_by(&self, owner: &str) -> Vec<Digest> {
        if self.owners.is_empty() {
            return Vec::new();
        }
        let owner: Arc<str> = owner.into();
        let first = (Arc::clone(&owner), Digest([0; 32]));
        let last = (owner, Digest([u8::MAX; 32]));
        self.owners
            .range(first..=last)
            .map(|(_, key)| *key)
            .collect()
    }

    /// Takes out what has expired; the caller frees it once the lock is free.
    pub(super) fn sweep(&mut self, now: i64, limit: usize) -> Vec<Slot> {
        let mut swept = Vec::new();
        if self.earliest.is_some_and(|earliest| earliest <= now) {
            let expired = self.live.extract_if(|slot| slot.expires <= now);
            swept.extend(expired.take(limit));
            for slot in &mut swept {
                if let Some(owner) = slot.entry.owner.take() {
                    self.owners.remove(&(owner, slot.entry.key));
                }
            }
            if swept.len() < limit {
                self.earliest = self.live.iter().map(|slot| slot.expires).min();
            }
        }
        self.moved.retain(|_, (_, until)| *until > now);
        if self.moved.is_empty() {
            self.moved.shrink_to(0);
        }
        // A table that has been four times as full gives half of it back, and an empty one all.
        if self.live.capacity() > 4 * self.live.len().max(8) || self.live.is_empty() {
            self.live.shrink_to(2 * self.live.len());
        }
        swept
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::record_of;

    use super::*;

    fn digest(first: u8, last: u8) -> Digest {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, last);
        Digest(bytes)
    }

    #[test]
    fn a_store_that_was_full_once_gives_memory_back() {
        let mut shard = Shard::default();
        let record = record_of(1);
        for first in 0..=255 {
            shard.put(Slot::new(digest(first, 0), &record, None));
        }
        let full = shard.live.capacity();
        for first in 10..=255 {
            shard.take(digest(first, 0));
        }
        shard.sweep(0, 1_000);
        assert_eq!(shard.live.len(), 10);
        assert!(shard.live.capacity() * 4 < full);
    }

    #[test]
    fn the_owner_index_follows_overwriting_and_expiry() {
        let mut shard = Shard::default();
        let one = digest(1, 0);
        let with_owner = |owner: Option<&str>| {
            let owner = owner.map(Into::into);
            let record = record_of(1);
            Slot::new(one, &Record { owner, ..record }, None)
        };
        shard.put(with_owner(Some("ada")));
        shard.put(with_owner(Some("bob")));
        assert_eq!(shard.owned_by("ada"), []);
        assert_eq!(shard.owned_by("bob"), [one]);
        shard.put(with_owner(None));
        assert!(shard.owners.is_empty());
    }
}
