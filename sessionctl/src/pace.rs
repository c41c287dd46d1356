use std::time::{Duration, Instant};

use tokio::time::sleep;

/// The size of the batches of long work, and the rests between them.
///
/// A batch is as large as is done in about ten milliseconds, because requests may wait for the whole of it: Redis answers nobody
/// else meanwhile, and whoever finds SQLite's file locked sleeps and looks again. Before each batch is a rest as long as the last one
/// took, so that the application's requests have half of the time for themselves.
#[derive(Debug)]
pub(crate) struct Pace {
    size: usize,
    smallest: usize,
    largest: usize,
    last: Duration,
    hurry: Hurry,
}

/// Whether requests matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hurry {
    No,
    /// The largest batches, and no rests.
    Yes,
}

const MOMENT: Duration = Duration::from_millis(10);
/// A batch may have been slow for a reason that is gone.
const LONGEST_REST: Duration = Duration::from_millis(100);

impl Pace {
    pub(crate) fn between(smallest: usize, largest: usize) -> Self {
        Self {
            size: smallest,
            smallest,
            largest,
            last: Duration::ZERO,
            hurry: Hurry::No,
        }
    }

    pub(crate) fn hurry(mut self, hurry: Hurry) -> Self {
        self.hurry = hurry;
        if hurry == Hurry::Yes {
            self.size = self.largest;
        }
        self
    }

    /// Returns the size of the next batch.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Does a batch of the size that it is told, after the rest that the last one calls for.
    pub(crate) async fn batch<T>(&mut self, work: impl AsyncFnOnce(usize) -> T) -> T {
        if self.hurry == Hurry::No {
            sleep(self.last.min(LONGEST_REST)).await;
        }
        let begun = Instant::now();
        let done = work(self.size).await;
        self.learn(begun.elapsed());
        done
    }

    fn learn(&mut self, took: Duration) {
        self.last = took;
        if self.hurry == Hurry::Yes {
            return;
        }
        if took > MOMENT {
            self.size = (self.size / 2).max(self.smallest);
        } else if took < MOMENT / 2 {
            self.size = (self.size * 2).min(self.largest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_take_a_moment_each() {
        let mut pace = Pace::between(4, 50);
        let mut sizes = Vec::new();
        for took in [
            Duration::ZERO,
            MOMENT / 3,
            MOMENT / 2,
            MOMENT,
            Duration::ZERO,
            Duration::ZERO,
            MOMENT * 2,
            MOMENT * 99,
            MOMENT * 2,
            MOMENT * 2,
        ] {
            sizes.push(pace.size);
            pace.learn(took);
        }
        assert_eq!(sizes, [4, 8, 16, 16, 16, 32, 50, 25, 12, 6]);
        assert_eq!(pace.size, 4);
        let mut pace = Pace::between(4, 50).hurry(Hurry::Yes);
        pace.learn(MOMENT * 99);
        assert_eq!(pace.size, 50);
    }

    #[tokio::test]
    async fn a_rest_is_as_long_as_the_batch_before_and_has_an_end() {
        const SHORT: Duration = Duration::from_millis(30);
        let mut pace = Pace::between(1, 2);
        let mut waits = Vec::new();
        for took in [SHORT, LONGEST_REST * 3, Duration::ZERO] {
            let asked = Instant::now();
            let work = async |_| {
                let waited = asked.elapsed();
                sleep(took).await;
                waited
            };
            waits.push(pace.batch(work).await);
        }
        assert!(waits[1] >= SHORT, "{waits:?}");
        assert!(waits[2] >= LONGEST_REST, "{waits:?}");
        assert!(waits[2] < LONGEST_REST * 3, "{waits:?}");

        let mut pace = pace.hurry(Hurry::Yes);
        pace.batch(async |_| sleep(LONGEST_REST).await).await;
        let asked = Instant::now();
        let waited = pace.batch(async |_| asked.elapsed()).await;
        assert!(waited < LONGEST_REST, "{waited:?}");
    }
}
