use std::collections::BTreeSet;
use std::sync::Arc;

use session_core::PublicId;

use super::slot::Slot;

/// The names by which a shard's sessions are found: exactly those that its slots have.
#[derive(Default)]
pub(super) struct Index {
    pub(super) owners: Names,
    pub(super) tags: Names,
}

/// Names with the sessions that have them.
#[derive(Default)]
pub(super) struct Names(BTreeSet<(Arc<str>, PublicId)>);

impl Index {
    pub(super) fn add(&mut self, slot: &Slot) {
        self.owners.add(slot.entry.owner.as_ref(), slot);
        self.tags.add(slot.tag(), slot);
    }

    pub(super) fn remove(&mut self, slot: &Slot) {
        self.owners.remove(slot.entry.owner.as_ref(), slot);
        self.tags.remove(slot.tag(), slot);
    }
}

impl Names {
    /// Returns the sessions that have the name.
    pub(super) fn of(&self, name: &Arc<str>) -> impl Iterator<Item = &PublicId> {
        let lowest = PublicId::from_bytes([0; 16]);
        let named = self.0.range((Arc::clone(name), lowest)..);
        named
            .take_while(move |(other, _)| other == name)
            .map(|(_, id)| id)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, name: Option<&Arc<str>>, slot: &Slot) {
        if let Some(name) = name {
            self.0.insert((Arc::clone(name), slot.entry.id));
        }
    }

    fn remove(&mut self, name: Option<&Arc<str>>, slot: &Slot) {
        if let Some(name) = name {
            self.0.remove(&(Arc::clone(name), slot.entry.id));
        }
    }
}
