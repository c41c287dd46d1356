use std::time::{Duration, Instant};

use session_core::{Digest, Record};
use time::OffsetDateTime;

/// When a load began, by every clock that counts.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// The caller's clock.
    pub(super) now: OffsetDateTime,
    /// Goes on when the caller's clock goes back.
    pub(super) asked: Instant,
    /// The latest invalidation that was over; see `Invalidations`.
    pub(super) generation: u64,
}

/// A live session as it was when a load began, or after that.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) record: Record,
    read: Reading,
}

impl Entry {
    pub(super) fn new(record: Record, read: Reading) -> Self {
        Self { record, read }
    }

    /// Says whether it may answer a load by that secret, unless it was invalidated.
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

    /// Returns how many bytes of memory it takes.
    pub(super) fn weight(&self) -> u32 {
        let owner = self.record.owner.as_ref().map_or(0, |owner| owner.len());
        let bytes = self.record.data.len() + owner + OVERHEAD;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// Bytes of an entry beside its texts, the cache's own lists included: 540 were measured.
const OVERHEAD: usize = 576;
