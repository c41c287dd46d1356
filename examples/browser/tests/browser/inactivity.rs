//! Sessions that end by inactivity.

use std::time::{Duration, Instant};

use session_servers::soon;

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn a_session_ends_when_nobody_looks_and_not_before(stage: &Stage) {
    // On a busy machine a request may come too late, and the session rightly ends; then retry with a longer limit.
    for idle in [3, 6, 12, 24].map(Duration::from_secs) {
        let flags = ["--idle", &idle.as_secs().to_string(), "--touch-every", "0"];
        let server = stage.serve(&flags);
        let profile = stage.profile(&format!("idle-{}", idle.as_secs()));
        let visitor = stage.visit(&server, &profile).await;
        if stays_while_looked_at(&visitor, idle).await {
            return assert_ends(&visitor).await;
        }
        visitor.quit().await;
    }
    panic!("no request came in time");
}

/// Reloads every second for longer than the idle time; returns false if a reload took too long to prove anything.
///
/// The reloads write nothing, because every write would extend the session anyway.
async fn stays_while_looked_at(visitor: &Visitor, idle: Duration) -> bool {
    let start = Instant::now();
    let mut asked = start;
    visitor.sign_in("ada").await;
    visitor.count_a_visit().await;
    while start.elapsed() < idle.mul_f32(1.5) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asking = Instant::now();
        visitor.reload().await;
        // The server saw both requests within this time.
        if asked.elapsed() >= idle {
            return false;
        }
        assert_eq!(visitor.user().await.as_deref(), Some("ada"));
        asked = asking;
    }
    true
}

/// Waits without a request: the page counts down by itself, and says that the session expired when it has on the
/// server, not before.
async fn assert_ends(visitor: &Visitor) {
    soon("the page to say that the session expired", async || {
        visitor.text("#remaining").await == "expired"
    })
    .await;
    assert!(visitor.text("#news").await.contains("has expired"));
    // The next click begins a new session.
    assert_eq!(visitor.count_a_visit().await, 1);
    assert_eq!(visitor.user().await, None);
}
