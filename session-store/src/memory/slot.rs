use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use session_core::{
    Device, Digest, Expiry, PublicId, Record, Remembered, Revision, Secrets, from_micros, to_micros,
};
use time::OffsetDateTime;

/// A table's element, which hashes and compares as its session's handle does, which is the key's bytes.
///
/// It is small because a sweep reads all slots, and because half of a table's buckets may be spare.
pub(super) struct Slot {
    pub(super) expires: i64,
    pub(super) entry: Box<Entry>,
}

/// A record with its moments as microseconds: half its size.
pub(super) struct Entry {
    pub(super) id: PublicId,
    pub(super) revision: Revision,
    present: Digest,
    issued: i64,
    created: i64,
    pub(super) seen: i64,
    /// `NEVER` if the record has no such moment.
    authenticated: i64,
    pub(super) owner: Option<Arc<str>>,
    data: Arc<str>,
    rare: Option<Box<Rare>>,
}

/// Fields that most sessions leave at their defaults.
#[derive(PartialEq, Default)]
struct Rare {
    remembered: Option<Remembered>,
    closed: bool,
    expiry: Expiry,
    label: Option<Arc<str>>,
    address: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    credential: Option<Digest>,
}

const NEVER: i64 = i64::MIN;

/// The bytes of a session beside its data, with spare buckets and the allocator's share.
const OVERHEAD: usize = 216;

/// The bytes of an owner beside the name, with the index.
const OWNED: usize = 64;

/// The bytes of rare fields beside their texts, and of a text beside its letters.
const RARE: usize = size_of::<Rare>() + 16;
const TEXT: usize = 32;

impl Rare {
    /// Returns a record's; `None` if all are at their defaults.
    fn of(record: &Record) -> Option<Self> {
        let rare = Self {
            remembered: record.secrets.remembered.clone(),
            closed: record.closed,
            expiry: record.expiry,
            label: record.label.clone(),
            address: record.address.clone(),
            tag: record.tag.clone(),
            credential: record.credential,
        };
        (rare != Self::default()).then_some(rare)
    }

    fn bytes(&self) -> usize {
        let texts = [&self.label, &self.address, &self.tag]
            .into_iter()
            .flatten();
        RARE + texts.map(|text| TEXT + text.len()).sum::<usize>()
    }
}

impl Slot {
    pub(super) fn new(id: PublicId, record: &Record) -> Self {
        Self {
            expires: to_micros(record.expires),
            entry: Box::new(Entry {
                id,
                revision: record.revision,
                present: record.secrets.present,
                issued: to_micros(record.secrets.issued),
                created: to_micros(record.created),
                seen: to_micros(record.seen),
                authenticated: record.authenticated.map_or(NEVER, to_micros),
                owner: record.owner.clone(),
                data: Arc::clone(&record.data),
                rare: Rare::of(record).map(Box::new),
            }),
        }
    }

    /// Returns the bytes that a record takes in memory, about.
    pub(super) fn bytes_of(record: &Record) -> usize {
        let rare = Rare::of(record);
        bytes(&record.data, record.owner.as_deref(), rare.as_ref())
    }

    /// Returns the same of the slot's; it must not change while the slot is in a table.
    pub(super) fn bytes(&self) -> usize {
        let entry = &*self.entry;
        bytes(&entry.data, entry.owner.as_deref(), entry.rare.as_deref())
    }

    pub(super) fn record(&self) -> Record {
        let entry = &*self.entry;
        let (created, expires) = (moment(entry.created), moment(self.expires));
        let mut record = Record::new(entry.revision, entry.present, created, expires);
        record.secrets = self.secrets();
        record.seen = moment(entry.seen);
        record.authenticated = (entry.authenticated != NEVER).then(|| moment(entry.authenticated));
        record.owner.clone_from(&entry.owner);
        record.data = Arc::clone(&entry.data);
        if let Some(rare) = entry.rare.as_deref() {
            record.closed = rare.closed;
            record.expiry = rare.expiry;
            record.label.clone_from(&rare.label);
            record.address.clone_from(&rare.address);
            record.tag.clone_from(&rare.tag);
            record.credential = rare.credential;
        }
        record
    }

    /// Returns the session's entry in its owner's list.
    pub(super) fn device(&self) -> Device {
        let entry = &*self.entry;
        let (created, seen) = (moment(entry.created), moment(entry.seen));
        let mut device = Device::new(entry.id, created, seen, moment(self.expires));
        if let Some(rare) = entry.rare.as_deref() {
            device.label.clone_from(&rare.label);
            device.address.clone_from(&rare.address);
        }
        device
    }

    pub(super) fn secrets(&self) -> Secrets {
        let rare = self.entry.rare.as_deref();
        let mut secrets = Secrets::new(self.entry.present, moment(self.entry.issued));
        secrets.remembered = rare.and_then(|rare| rare.remembered.clone());
        secrets
    }

    /// Says whether the owner's list of devices shows the session.
    pub(super) fn is_listed(&self, now: i64) -> bool {
        self.expires > now && !self.is_closed()
    }

    fn is_closed(&self) -> bool {
        self.entry.rare.as_deref().is_some_and(|rare| rare.closed)
    }
}

fn bytes(data: &str, owner: Option<&str>, rare: Option<&Rare>) -> usize {
    let owner = owner.map_or(0, |owner| OWNED + owner.len());
    OVERHEAD + data.len() + owner + rare.map_or(0, Rare::bytes)
}

impl Borrow<PublicId> for Slot {
    fn borrow(&self) -> &PublicId {
        &self.entry.id
    }
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entry.id.hash(state);
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.entry.id == other.entry.id
    }
}

impl Eq for Slot {}

/// A hasher that takes a key's first bytes: keys are random.
#[derive(Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((first, _)) = bytes.split_first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// Ignores the length of the key.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Reads microseconds that `to_micros` wrote.
fn moment(micros: i64) -> OffsetDateTime {
    from_micros(micros).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasherDefault;

    use session_testkit::{key_of, record_of};

    use super::*;

    #[test]
    fn entries_are_small() {
        assert_eq!(size_of::<Entry>(), 112);
        assert_eq!(size_of::<Slot>(), 16);
        assert!(
            Slot::new(key_of(1).public_id(), &record_of(1))
                .entry
                .rare
                .is_none()
        );
    }

    #[test]
    fn a_key_is_its_own_hash() {
        use std::hash::BuildHasher as _;
        let id = PublicId::from_bytes(*b"\x01\0\0\0\0\0\0\0........");
        let hasher = BuildHasherDefault::<FirstBytes>::default();
        assert_eq!(hasher.hash_one(id), 1);
        assert_eq!(hasher.hash_one(Slot::new(id, &record_of(1))), 1);
    }
}
