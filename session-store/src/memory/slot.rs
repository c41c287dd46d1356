use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use session_core::{Expiry, Key, PublicId, Record, Revision, from_micros, to_micros};
use time::OffsetDateTime;

use super::shards::SHARDS;

/// A key's digest, which is random enough to be its own hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digest(pub(super) [u8; 32]);

impl Digest {
    pub(super) fn of(key: &Key) -> Self {
        Self(*key.digest())
    }

    /// Other bits than the hash has, or each shard's table would use a part of its buckets only.
    pub(super) fn shard(self) -> usize {
        usize::from(self.0[31]) % SHARDS
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (first, _) = self.0.split_first_chunk().expect("32 bytes begin with 8");
        state.write_u64(u64::from_le_bytes(*first));
    }
}

#[derive(Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What the table holds: small, so that a sweep reads little and spare buckets cost little. It
/// stands for its key's digest, which is in the entry: half of the buckets may be spare.
pub(super) struct Slot {
    pub(super) expires: i64,
    pub(super) entry: Box<Entry>,
}

/// A record with its moments as microseconds: half its size.
pub(super) struct Entry {
    pub(super) key: Digest,
    pub(super) revision: Revision,
    pub(super) public_id: PublicId,
    pub(super) created: i64,
    pub(super) seen: i64,
    /// `NEVER` for none.
    pub(super) authenticated: i64,
    pub(super) owner: Option<Arc<str>>,
    pub(super) data: Arc<str>,
    /// The lifetime, unless it is the policy's; few sessions have one.
    pub(super) expiry: Option<Box<Expiry>>,
    /// The key that leads here too; few sessions have one.
    pub(super) previous: Option<Box<Previous>>,
}

/// A key that a session had before, and until when it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) key: Digest,
    pub(super) until: i64,
}

const NEVER: i64 = i64::MIN;

impl Slot {
    pub(super) fn new(key: Digest, record: &Record, previous: Option<Box<Previous>>) -> Self {
        let expiry = record.expiry;
        Self {
            expires: to_micros(record.expires),
            entry: Box::new(Entry {
                key,
                revision: record.revision,
                public_id: record.public_id,
                created: to_micros(record.created),
                seen: to_micros(record.seen),
                authenticated: record.authenticated.map_or(NEVER, to_micros),
                owner: record.owner.clone(),
                data: Arc::clone(&record.data),
                expiry: (expiry != Expiry::Policy).then(|| Box::new(expiry)),
                previous,
            }),
        }
    }

    pub(super) fn is_led_to_by(&self, key: Digest, now: i64) -> bool {
        let previous = self.entry.previous.as_deref();
        previous.is_some_and(|previous| previous.key == key && previous.until > now)
    }

    pub(super) fn record(&self) -> Record {
        let entry = &*self.entry;
        Record {
            revision: entry.revision,
            public_id: entry.public_id,
            created: moment(entry.created),
            seen: moment(entry.seen),
            expires: moment(self.expires),
            authenticated: (entry.authenticated != NEVER).then(|| moment(entry.authenticated)),
            owner: entry.owner.clone(),
            expiry: entry.expiry.as_deref().copied().unwrap_or_default(),
            data: Arc::clone(&entry.data),
        }
    }
}

impl Borrow<Digest> for Slot {
    fn borrow(&self) -> &Digest {
        &self.entry.key
    }
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entry.key.hash(state);
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.entry.key == other.entry.key
    }
}

impl Eq for Slot {}

/// Reads what `to_micros` made of a moment, which is a moment again.
fn moment(micros: i64) -> OffsetDateTime {
    from_micros(micros).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_small() {
        assert_eq!(size_of::<Entry>(), 128);
        assert_eq!(size_of::<Slot>(), 16);
    }
}
