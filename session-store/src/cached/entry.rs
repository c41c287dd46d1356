use std::time::{Duration, Instant};

use session_core::{Digest, Moment, Record};

/// The moment at which a load began, by every clock that counts.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// The caller's clock.
    pub(super) now: Moment,
    /// A clock that never goes back.
    pub(super) asked: Instant,
    /// The latest invalidation; see `Invalidations`.
    pub(super) generation: u64,
}

/// A session as it was after a load began.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) record: Record,
    read: Reading,
}

impl Entry {
    pub(super) fn new(mut record: Record, read: Reading) -> Self {
        record.data = record.data.indexed();
        Self { record, read }
    }

    /// Says whether the entry may answer a load by that secret, unless it was invalidated.
    pub(super) fn answers(&self, secret: &Digest, load: &Reading, stale_for: Duration) -> bool {
        let age = load.now - self.read.now;
        load.asked.saturating_duration_since(self.read.asked) < stale_for
            && !age.is_negative()
            && age < stale_for
            && self.record.expires > load.now
            && self.record.secrets.present == *secret
    }

    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        self.read.asked > other.read.asked
    }

    pub(super) fn generation(&self) -> u64 {
        self.read.generation
    }

    /// Returns the bytes of memory that the entry takes.
    pub(super) fn weight(&self) -> u32 {
        let Record {
            owner,
            label,
            address,
            tag,
            ..
        } = &self.record;
        let texts = [owner, label, address, tag].into_iter().flatten();
        let texts: usize = texts.map(|text| text.len()).sum();
        let data = &self.record.data;
        let bytes = data.len() + data.index_bytes() + texts + OVERHEAD;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// The bytes of an entry beside its texts, including the cache's own lists: 690 were measured.
const OVERHEAD: usize = 720;
