use std::time::{Duration, Instant};

use session_core::Record;
use time::OffsetDateTime;

use super::marks::Mark;

/// When a load began, by every clock that counts.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// The caller's clock.
    now: OffsetDateTime,
    /// Goes on when the caller's clock goes back.
    asked: Instant,
    /// Which invalidations were over already; see `Marks`.
    mark: u64,
}

impl Reading {
    pub(super) fn begin(now: OffsetDateTime, mark: u64) -> Self {
        let asked = Instant::now();
        Self { now, asked, mark }
    }
}

/// A live session as it was when a load began, or after that.
#[derive(Clone)]
pub(super) struct Entry {
    record: Record,
    read: Reading,
}

impl Entry {
    pub(super) fn new(record: Record, read: Reading) -> Self {
        Self { record, read }
    }

    /// Says whether a load may be answered with this, as far as time is concerned.
    pub(super) fn serves(&self, load: &Reading, stale_for: Duration) -> bool {
        let age = load.now - self.read.now;
        load.asked.saturating_duration_since(self.read.asked) < stale_for
            && !age.is_negative()
            && age < stale_for
            && self.record.expires > load.now
    }

    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        self.read.asked > other.read.asked
    }

    pub(super) fn mark(&self) -> u64 {
        self.read.mark
    }

    pub(super) fn owner(&self) -> Option<Mark> {
        self.record.owner.as_deref().map(Mark::owner)
    }

    pub(super) fn into_record(self) -> Record {
        self.record
    }

    /// Returns how many bytes of memory it takes.
    pub(super) fn weight(&self) -> u32 {
        let owner = self.record.owner.as_ref().map_or(0, |owner| owner.len());
        let bytes = self.record.data.len() + owner + OVERHEAD;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// What an entry takes beside its texts, the cache's own lists included: 475 were measured.
const OVERHEAD: usize = 512;
