use std::time::{Duration, Instant};

use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// Where this node has moved sessions to, as long as the store follows their old keys.
///
/// A delete by the old key ends what is cached under the new one too.
pub(super) struct Moves(Cache<[u8; 32], Move>);

#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) to: [u8; 32],
    pub(super) remembered: Duration,
}

impl Moves {
    pub(super) fn new() -> Self {
        let moves = Cache::builder()
            .max_capacity(MOST)
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(Remembered)
            .build();
        Self(moves)
    }

    pub(super) fn note(&self, from: [u8; 32], there: Move) {
        self.0.insert(from, there);
    }

    /// Notes a move that may have been made, unless another one was.
    pub(super) fn note_unless_moved(&self, from: [u8; 32], there: Move) {
        self.0.entry(from).or_insert(there);
    }

    pub(super) fn from(&self, digest: &[u8; 32]) -> Option<[u8; 32]> {
        self.0.get(digest).map(|there| there.to)
    }
}

struct Remembered;

impl Expiry<[u8; 32], Move> for Remembered {
    fn expire_after_create(&self, _: &[u8; 32], there: &Move, _: Instant) -> Option<Duration> {
        Some(there.remembered)
    }

    fn expire_after_update(
        &self,
        _: &[u8; 32],
        there: &Move,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(there.remembered)
    }
}

/// How many moves are known at a time; of one that is not, the bound holds.
const MOST: u64 = 8_192;
