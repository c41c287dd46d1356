use super::event::{Event, EventKind};
use super::observer::Observer;

/// The observer that counts events through the facade of the crate [`metrics`](::metrics), as feature `metrics`.
///
/// The counter is `session_events_total{kind}`, where `kind` is [`EventKind::as_str`]. It counts sessions: a revocation of three
/// counts three. What was [left out](Event::left_out) is counted with the event that tells of it, which is the next of its kind: after
/// a flood the counter stays behind until there is one. No label names a session or an owner.
///
/// It only counts; join it with another observer: `(Tracing::default(), Metrics::new())`. With the feature there is also
/// `session_swept_total`, the sessions that [sweeps](crate::sweep_in_batches) have removed. (Redis removes expired ones without a word.)
///
/// ```
/// use session_core::{Metrics, Policy, Tracing};
///
/// let policy = Policy::builder().observer((Tracing::default(), Metrics::new())).build()?;
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Metrics;

impl Metrics {
    /// Creates it, describes the counters and sets those of all kinds to zero, so that the first event is an increase too. Do so
    /// after the exporter is installed.
    #[must_use]
    pub fn new() -> Self {
        ::metrics::describe_counter!(EVENTS, "Events of sessions.");
        ::metrics::describe_counter!(SWEPT, "Expired sessions that were removed.");
        for kind in EventKind::ALL {
            ::metrics::counter!(EVENTS, "kind" => kind.as_str()).increment(0);
        }
        ::metrics::counter!(SWEPT).increment(0);
        Self
    }
}

impl Observer for Metrics {
    fn on(&self, event: &Event<'_>) {
        let counter = ::metrics::counter!(EVENTS, "kind" => event.kind.as_str());
        counter.increment(event.count.saturating_add(event.left_out));
    }
}

const EVENTS: &str = "session_events_total";

pub(crate) const SWEPT: &str = "session_swept_total";
