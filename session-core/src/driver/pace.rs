use std::time::Duration;

/// The size of a sweep's batches, and the rests between them.
///
/// A store with one writer lets requests wait while it removes a batch. So batches are as large as
/// can be removed in a moment, whatever a removal costs this store, and take a small part of its
/// time: few requests meet one, and those that do hardly notice. Where already a single session
/// takes long, because a server has to be asked, so does each request, and a moment is twice that.
#[derive(Debug)]
pub(super) struct Pace {
    limit: usize,
    /// The number of single removals still to measure.
    tries: u32,
    /// The shortest time that one has taken.
    single: Duration,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            limit: FIRST,
            tries: TRIES,
            single: Duration::MAX,
        }
    }

    /// Begins another sweep, in which the store may be faster or slower.
    pub(super) fn begin(&mut self) {
        self.tries = TRIES;
        self.single = Duration::MAX;
    }

    /// Returns how many sessions the next batch may remove.
    pub(super) fn limit(&self) -> usize {
        if self.tries > 0 { 1 } else { self.limit }
    }

    /// Learns how long a full batch took, and for how long there have been such, and returns how
    /// long to rest.
    ///
    /// The time in which a batch waited for its turn counts too: it has met requests.
    pub(super) fn rest_after(&mut self, took: Duration, lasting: Duration) -> Duration {
        if self.tries > 0 {
            self.tries -= 1;
            self.single = self.single.min(took);
        } else {
            self.learn(took, lasting);
        }
        (took * REST).min(LONGEST_REST)
    }

    fn learn(&mut self, took: Duration, lasting: Duration) {
        let moment = (self.single * SINGLES).clamp(MOMENT, LONGEST_MOMENT);
        // Where this takes so long, more expires than small batches remove.
        let delays = lasting.as_secs() / DELAY.as_secs();
        let smallest = SMALLEST << delays.min(6);
        if took > moment {
            self.limit = (self.limit / 2).max(smallest);
        } else if took < moment / 2 {
            self.limit = (self.limit * 2).min(LARGEST);
        }
    }
}

const MOMENT: Duration = Duration::from_micros(500);
/// A single one may have been slow for a reason that is gone.
const LONGEST_MOMENT: Duration = Duration::from_millis(20);
/// A batch may take this many times as long as a single removal.
const SINGLES: u32 = 2;
/// The first one may have to connect.
const TRIES: u32 = 3;
const FIRST: usize = 64;
const SMALLEST: usize = 16;
const LARGEST: usize = 1_024;
const DELAY: Duration = Duration::from_secs(600);
/// A rest takes this many times as long as a batch.
const REST: u32 = 9;
/// A batch may have been slow for a reason that is gone, or on the way to a server.
const LONGEST_REST: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(single: Duration, took: Duration, lasting: Duration) -> Vec<usize> {
        let mut pace = Pace::new();
        for late in [3, 1, 2] {
            assert_eq!(pace.limit(), 1);
            pace.rest_after(single * late, Duration::ZERO);
        }
        let batches = (0..6).map(|_| {
            let limit = pace.limit();
            pace.rest_after(took, lasting);
            limit
        });
        batches.collect()
    }

    #[test]
    fn batches_fit_the_store() {
        let limits = |took| limits(MOMENT / 50, took, Duration::ZERO);
        assert_eq!(limits(MOMENT / 9), [64, 128, 256, 512, 1_024, 1_024]);
        assert_eq!(limits(MOMENT / 2), [64; 6]);
        assert_eq!(limits(MOMENT), [64; 6]);
        assert_eq!(limits(MOMENT * 2), [64, 32, 16, 16, 16, 16]);
    }

    #[test]
    fn a_store_that_has_to_be_asked_gets_larger_ones() {
        let limits = |single, took| limits(single, took, Duration::ZERO);
        let asked = MOMENT * 2;
        assert_eq!(limits(asked, asked / 2), [64, 128, 256, 512, 1_024, 1_024]);
        assert_eq!(limits(asked, asked * SINGLES), [64; 6]);
        assert_eq!(limits(asked, asked * 5), [64, 32, 16, 16, 16, 16]);
        let minute = Duration::from_mins(1);
        assert_eq!(limits(minute, minute), [64, 32, 16, 16, 16, 16]);
    }

    #[test]
    fn another_sweep_tries_single_ones_again() {
        let mut pace = Pace::new();
        let took = |pace: &mut Pace, took| {
            let limit = pace.limit();
            pace.rest_after(took, Duration::ZERO);
            limit
        };
        let slow = MOMENT * 8;
        let first: Vec<_> = (0..3).map(|_| took(&mut pace, slow)).collect();
        assert_eq!(first, [1, 1, 1]);
        assert_eq!(took(&mut pace, slow / 2), 64);
        assert_eq!(took(&mut pace, slow / 2), 128);
        pace.begin();
        let second: Vec<_> = (0..3).map(|_| took(&mut pace, MOMENT / 50)).collect();
        assert_eq!(second, [1, 1, 1]);
        assert_eq!(took(&mut pace, slow), 256);
        assert_eq!(took(&mut pace, slow), 128);
    }

    #[test]
    fn what_small_batches_cannot_cope_with_gets_larger_ones() {
        let smallest = |lasting| limits(MOMENT / 50, MOMENT * 9, lasting)[5];
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
