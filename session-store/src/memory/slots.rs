use hashbrown::HashTable;
use session_core::PublicId;

use super::slot::Slot;

/// A table of slots by their sessions' handles.
#[derive(Default)]
pub(super) struct Slots(HashTable<Slot>);

impl Slots {
    pub(super) fn get(&self, id: &PublicId) -> Option<&Slot> {
        self.0.find(hash(id), |slot| slot.entry.id == *id)
    }

    pub(super) fn get_mut(&mut self, id: &PublicId) -> Option<&mut Slot> {
        self.0.find_mut(hash(id), |slot| slot.entry.id == *id)
    }

    /// Adds a slot whose handle is not there.
    pub(super) fn add(&mut self, slot: Slot) {
        let id = hash(&slot.entry.id);
        self.0.insert_unique(id, slot, hash_of);
    }

    pub(super) fn take(&mut self, id: &PublicId) -> Option<Slot> {
        let found = self.0.find_entry(hash(id), |slot| slot.entry.id == *id);
        found.ok().map(|found| found.remove().0)
    }

    /// Takes out the first slots that pass a test.
    pub(super) fn take_if(
        &mut self,
        mut test: impl FnMut(&Slot) -> bool,
        limit: usize,
    ) -> impl Iterator<Item = Slot> {
        self.0.extract_if(move |slot| test(slot)).take(limit)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Makes room for `capacity` slots and no more.
    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.0.shrink_to(capacity, hash_of);
    }
}

/// A handle is random bytes; the first of them are its hash.
fn hash(id: &PublicId) -> u64 {
    let first = id.as_bytes().first_chunk();
    u64::from_le_bytes(first.copied().unwrap_or_default())
}

fn hash_of(slot: &Slot) -> u64 {
    hash(&slot.entry.id)
}

#[cfg(test)]
mod tests {
    use session_testkit::record_of;

    use super::*;

    #[test]
    fn a_handle_is_its_own_hash_and_its_whole_is_compared() {
        let id = |last| PublicId::from_bytes([1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, last]);
        assert_eq!(hash(&id(8)), 1);
        let mut slots = Slots::default();
        for last in 0..100 {
            slots.add(Slot::new(id(last), &record_of(1)));
        }
        assert!(slots.get(&id(100)).is_none());
        for last in 0..100 {
            assert!(
                slots
                    .get(&id(last))
                    .is_some_and(|slot| slot.entry.id == id(last))
            );
            assert!(
                slots
                    .take(&id(last))
                    .is_some_and(|slot| slot.entry.id == id(last))
            );
            assert!(slots.get_mut(&id(last)).is_none() && slots.take(&id(last)).is_none());
        }
        assert!(slots.is_empty());
    }
}
