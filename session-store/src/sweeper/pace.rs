use std::time::Duration;

/// How many sessions a sweep removes at a time, and how long it rests in between.
///
/// A store with one writer lets requests wait while it removes a batch. So batches are as large as
/// can be removed in a moment, whatever a removal costs this store, and take a small part of its
/// time: few requests meet one, and those that do hardly notice.
#[derive(Debug)]
pub(super) struct Pace {
    limit: usize,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { limit: FIRST }
    }

    /// Returns how many sessions the next batch may remove.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Learns how long a full batch took, and for how long there have been such, and returns how
    /// long to rest.
    ///
    /// The time in which a batch waited for its turn counts too: it has met requests.
    pub(super) fn rest_after(&mut self, took: Duration, lasting: Duration) -> Duration {
        // Where this takes so long, more expires than small batches remove.
        let delays = lasting.as_secs() / DELAY.as_secs();
        let smallest = SMALLEST << delays.min(6);
        self.limit = if took > MOMENT {
            (self.limit / 2).max(smallest)
        } else if took < MOMENT / 2 {
            (self.limit * 2).min(LARGEST)
        } else {
            self.limit
        };
        (took * REST).min(LONGEST_REST)
    }
}

const MOMENT: Duration = Duration::from_micros(500);
const FIRST: usize = 64;
const SMALLEST: usize = 16;
const LARGEST: usize = 1_024;
const DELAY: Duration = Duration::from_mins(10);
/// How many times as long as a batch.
const REST: u32 = 9;
/// A batch may have been slow for a reason that is gone.
const LONGEST_REST: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(took: Duration, lasting: Duration) -> Vec<usize> {
        let mut pace = Pace::new();
        let batches = (0..6).map(|_| {
            let limit = pace.limit();
            pace.rest_after(took, lasting);
            limit
        });
        batches.collect()
    }

    #[test]
    fn batches_fit_the_store() {
        let limits = |took| limits(took, Duration::ZERO);
        assert_eq!(limits(MOMENT / 9), [64, 128, 256, 512, 1_024, 1_024]);
        assert_eq!(limits(MOMENT / 2), [64; 6]);
        assert_eq!(limits(MOMENT), [64; 6]);
        assert_eq!(limits(MOMENT * 2), [64, 32, 16, 16, 16, 16]);
    }

    #[test]
    fn what_small_batches_cannot_cope_with_gets_larger_ones() {
        let smallest = |lasting| limits(MOMENT * 9, lasting)[5];
        assert_eq!(smallest(DELAY / 2), 16);
        assert_eq!(smallest(DELAY), 32);
        assert_eq!(smallest(DELAY * 2), 64);
        assert_eq!(smallest(DELAY * 1_000), LARGEST);
    }

    #[test]
    fn a_tenth_of_the_time_is_spent_but_rests_have_an_end() {
        let mut pace = Pace::new();
        let mut rest_after = |took| pace.rest_after(took, Duration::ZERO);
        assert_eq!(rest_after(Duration::ZERO), Duration::ZERO);
        assert_eq!(rest_after(MOMENT), MOMENT * 9);
        assert_eq!(rest_after(Duration::from_secs(1)), LONGEST_REST);
    }
}
