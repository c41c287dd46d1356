use std::time::{Duration, Instant};

use tokio::time::sleep;

/// The rests of long work: before each batch as long as the last one took, so that the application's requests have half of the
/// time for themselves.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// How long the last batch has taken.
    last: Duration,
}

/// A batch may have been slow for a reason that is gone.
const LONGEST: Duration = Duration::from_millis(100);

impl Rest {
    /// Does a batch, after the rest that the last one calls for.
    pub(crate) async fn before<T>(&mut self, batch: impl Future<Output = T>) -> T {
        sleep(self.last.min(LONGEST)).await;
        let begun = Instant::now();
        let done = batch.await;
        self.last = begun.elapsed();
        done
    }

    /// Returns how long the last batch has taken.
    pub(crate) fn last(&self) -> Duration {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_rest_is_as_long_as_the_batch_before_and_has_an_end() {
        const SHORT: Duration = Duration::from_millis(30);
        let mut rest = Rest::default();
        for (took, rested) in [
            (SHORT, Duration::ZERO),
            (LONGEST * 2, SHORT),
            (Duration::ZERO, LONGEST),
        ] {
            let asked = Instant::now();
            let waited = rest.before(async {
                let waited = asked.elapsed();
                sleep(took).await;
                waited
            });
            let waited = waited.await;
            assert!(waited >= rested, "{waited:?} instead of {rested:?}");
        }
        assert!(rest.last() < LONGEST, "{rest:?}");
    }
}
