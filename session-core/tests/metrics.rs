//! Events as counters.
#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::future::{poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use pollster::block_on;
use session_core::{Event, EventKind, Metrics, Moment, Observer, StoreError, sweep_in_batches};

#[test]
fn each_kind_begins_at_zero_and_counts_sessions_and_what_was_left_out() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let observer = Metrics::new();
        let mut event = Event::new(EventKind::Revoked, Moment::UNIX_EPOCH);
        event.owner = Some("ada");
        event.count = 3;
        observer.on(&event);
        let mut event = Event::new(EventKind::UnknownId, Moment::UNIX_EPOCH);
        event.left_out = 7;
        observer.on(&event);
    });
    let text = counts.render();
    for kind in EventKind::ALL {
        let count = match kind {
            EventKind::Revoked => 3,
            EventKind::UnknownId => 8,
            _ => 0,
        };
        let line = format!("session_events_total{{kind=\"{kind}\"}} {count}");
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
    assert!(text.contains("session_swept_total 0"), "{text}");
    assert!(!text.contains("ada"), "{text}");
}

#[test]
fn swept_sessions_are_counted_after_each_batch_also_where_the_sweep_does_not_end() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    let (seen, total) = (RefCell::new(Vec::new()), RefCell::new(0_usize));
    let batch = |_: Moment, limit: usize| {
        *total.borrow_mut() += limit;
        ready(Ok::<_, StoreError>(limit))
    };
    // It never rests for the interval, because no batch is the last one, and is stopped after the third.
    let pause = |_: Duration| {
        seen.borrow_mut().push((*total.borrow(), counts.render()));
        ready(())
    };
    let stop = poll_fn(|_| match seen.borrow().len() {
        0..3 => Poll::Pending,
        _ => Poll::Ready(()),
    });
    metrics::with_local_recorder(&recorder, || {
        block_on(sweep_in_batches(
            Duration::from_mins(1),
            || Moment::UNIX_EPOCH,
            batch,
            pause,
            stop,
        ));
    });
    assert_eq!(seen.borrow().len(), 3);
    for (total, text) in &*seen.borrow() {
        let line = format!("session_swept_total {total}");
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
}
