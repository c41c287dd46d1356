use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

/// Waits until a condition holds that another process brings about, and does not tell.
///
/// # Panics
///
/// It does not hold within 40 seconds.
pub async fn soon(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let patience = Patience::begin();
    while !holds().await {
        patience.wait(&what).await;
    }
}

/// Repeats a call until it works, as one to a server that is being restarted.
///
/// # Panics
///
/// It fails for longer than 40 seconds.
pub async fn at_last<T, E: Display, F>(mut act: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, E>>,
{
    let patience = Patience::begin();
    loop {
        match act().await {
            Ok(done) => return done,
            Err(error) => patience.wait(&error).await,
        }
    }
}

struct Patience {
    end: Instant,
}

impl Patience {
    /// Longer than anything takes on a busy machine, and shorter than what a test tells apart from "at once".
    fn begin() -> Self {
        Self {
            end: Instant::now() + Duration::from_secs(40),
        }
    }

    fn wait(&self, lacks: &dyn Display) -> Sleep {
        assert!(Instant::now() < self.end, "waited in vain: {lacks}");
        sleep(Duration::from_millis(10))
    }
}
