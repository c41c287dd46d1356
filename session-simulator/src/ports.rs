use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use session_core::{Clock, Entropy, EntropyError, Moment, from_micros};

use crate::rng::mix;

/// The time of the simulated world, in microseconds; nodes see it through clocks of their own.
#[derive(Debug, Clone)]
pub(crate) struct WorldTime(Arc<AtomicI64>);

impl WorldTime {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(BEGINNING)))
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros.max(0), Ordering::Relaxed);
    }
}

/// A node's clock, which differs from the world's time and jumps.
#[derive(Debug, Clone)]
pub(crate) struct NodeClock {
    world: WorldTime,
    ahead: Arc<AtomicI64>,
}

impl NodeClock {
    pub(crate) fn new(world: WorldTime) -> Self {
        Self {
            world,
            ahead: Arc::default(),
        }
    }

    /// Sets how far the clock is ahead, in microseconds.
    pub(crate) fn set_ahead(&self, micros: i64) {
        self.ahead.store(micros, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        let micros = self.world.now() + self.ahead.load(Ordering::Relaxed);
        from_micros(micros).unwrap_or(Moment::UNIX_EPOCH)
    }
}

/// Bytes that look random and are the same in each run of a seed.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    seed: u64,
    count: Arc<AtomicU64>,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed ^ 0x5eed),
            count: Arc::default(),
        }
    }
}

impl Entropy for Draws {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let number = mix(self.seed ^ mix(count)).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

/// A day in 2026.
const BEGINNING: i64 = 1_790_000_000_000_000;
