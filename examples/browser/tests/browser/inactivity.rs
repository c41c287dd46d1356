//! What a time without clicks ends.

use std::time::{Duration, Instant};

use crate::stage::Stage;
use crate::visitor::Visitor;
use crate::wait::until;

pub async fn a_session_ends_when_nothing_is_clicked_and_not_before(stage: &Stage) {
    let flags = ["--idle", &IDLE.as_secs().to_string(), "--touch-every", "0"];
    let server = stage.serve(&flags);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;

    // A machine may be too busy to click in time, and then the session is right to end. That it can't be so every
    // time is part of the proof.
    let mut tries = 1..=5;
    while !stays_while_clicked(&visitor).await {
        assert!(tries.next().is_some(), "no click came in time");
    }

    // The page counts down by itself, and no request is made. It says so when the server's time is over, not before.
    until("the page to say that the time is over", async || {
        visitor.text("#remaining").await == "expired"
    })
    .await;
    assert!(visitor.text("#news").await.contains("has expired"));
    assert_eq!(visitor.count_a_visit().await, 1);
    assert_eq!(visitor.user().await, None);
}

/// Clicks every second for longer than the idle time, or returns false if a click took too long to say anything.
async fn stays_while_clicked(visitor: &Visitor) -> bool {
    visitor.go_home().await;
    if visitor.user().await.is_none() {
        visitor.sign_in("ada").await;
    }
    let mut last = visitor.count_a_visit().await;
    let start = Instant::now();
    let mut clicked = start;
    while start.elapsed() < 2 * IDLE {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = visitor.count_a_visit().await;
        if clicked.elapsed() >= IDLE {
            return false;
        }
        assert_eq!(now, last + 1);
        assert_eq!(visitor.user().await.as_deref(), Some("ada"));
        (last, clicked) = (now, Instant::now());
    }
    true
}

const IDLE: Duration = Duration::from_secs(3);
