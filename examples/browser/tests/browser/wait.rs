use std::time::{Duration, Instant};

/// Polls until the answer is yes; panics after a time that no machine should need.
pub async fn until(what: &str, ready: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !ready().await {
        assert!(start.elapsed() < LIMIT, "waited in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

const LIMIT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
