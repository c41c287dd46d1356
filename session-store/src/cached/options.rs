use std::time::Duration;

use session_core::StoreError;

/// The options of a [`CachedStore`](crate::CachedStore): how stale and how large it may be.
///
/// ```
/// use session_store::CachedOptions;
/// use std::time::Duration;
///
/// let options = CachedOptions::new()
///     .stale_for(Duration::from_millis(200))
///     .capacity(8 << 20);
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct CachedOptions {
    pub(super) stale_for: Duration,
    pub(super) capacity: u64,
}

impl CachedOptions {
    /// Begins with one second and 32 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stale_for: Duration::from_secs(1),
            capacity: 32 << 20,
        }
    }

    /// Sets the time within which other nodes' writes are seen.
    ///
    /// The default is one second, the range one millisecond to one minute.
    #[must_use]
    pub fn stale_for(mut self, limit: Duration) -> Self {
        self.stale_for = limit;
        self
    }

    /// Sets the bytes of memory that the sessions may take.
    ///
    /// The default is 32 MiB, enough for 36,000 sessions of 200 bytes. The minimum is 64 KiB. The
    /// least recently used sessions are evicted first. A session that takes more than a 64th of the
    /// capacity is not cached.
    #[must_use]
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = bytes;
        self
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let Self {
            stale_for,
            capacity,
        } = self;
        if !(SHORTEST..=LONGEST).contains(stale_for) {
            return Err(StoreError::new(format!(
                "cached sessions can't be stale for {stale_for:?}: \
                 use {SHORTEST:?} to {LONGEST:?}"
            )));
        }
        if *capacity < SMALLEST {
            return Err(StoreError::new(format!(
                "{capacity} bytes are too few for cached sessions: use {SMALLEST} or more"
            )));
        }
        Ok(())
    }
}

impl Default for CachedOptions {
    fn default() -> Self {
        Self::new()
    }
}

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_mins(1);
const SMALLEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_makes_no_sense_is_refused_by_name() {
        let stale_for = |limit| CachedOptions::new().stale_for(limit).check();
        assert!(stale_for(SHORTEST).is_ok());
        assert!(stale_for(LONGEST).is_ok());
        for bad in [Duration::ZERO, LONGEST + SHORTEST, Duration::MAX] {
            let message = stale_for(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("{bad:?}")), "{message}");
        }
        assert!(CachedOptions::new().capacity(SMALLEST).check().is_ok());
        let few = CachedOptions::new().capacity(SMALLEST - 1).check();
        assert!(few.unwrap_err().to_string().contains("65535 bytes"));
    }
}
