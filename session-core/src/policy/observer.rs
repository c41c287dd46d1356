use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Policy;
use super::event::Event;

/// A receiver of events, for a log or for metrics.
///
/// It is called while the request waits, so it must not block: `Queued` of `session-extras` is for slow ones. A panic in it is
/// caught and changes no answer. The default is [`Tracing`](crate::Tracing); several are a tuple, and each is told also if
/// another one panics.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
///
/// use session_core::{Event, EventKind, Exchange, Observer, Policy, Tracing};
///
/// #[derive(Debug, Default)]
/// struct Forged(AtomicU64);
///
/// impl Observer for Forged {
///     fn on(&self, event: &Event<'_>) {
///         if event.kind == EventKind::UnknownId {
///             self.0.fetch_add(1 + event.left_out, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let forged = Arc::new(Forged::default());
/// let observers = (Tracing::default(), Arc::clone(&forged));
/// let policy = Arc::new(Policy::builder().observer(observers).build()?);
/// let cookie = format!("__Host-session={}", "A".repeat(48));
/// let Exchange::Unread(question) = Exchange::open(&policy, [cookie.as_bytes()]) else { unreachable!() };
/// let _ = question.answer(None, policy.now());
/// assert_eq!(forged.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), session_core::PolicyError>(())
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Takes an event.
    fn on(&self, event: &Event<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn on(&self, event: &Event<'_>) {
        (**self).on(event);
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on(&self, event: &Event<'_>) {
        tell(&self.0, event);
        tell(&self.1, event);
    }
}

impl<A: Observer, B: Observer, C: Observer> Observer for (A, B, C) {
    fn on(&self, event: &Event<'_>) {
        tell(&self.0, event);
        tell(&self.1, event);
        tell(&self.2, event);
    }
}

impl Policy {
    /// Tells the observer, unless a stranger has caused too many such events. What it does is no reason to fail a request.
    pub(crate) fn tell(&self, mut event: Event<'_>) {
        match self.rates.admit(&event) {
            Some(left_out) => event.left_out = left_out,
            None => return,
        }
        tell(&*self.observer, &event);
    }
}

fn tell(observer: &dyn Observer, event: &Event<'_>) {
    if catch_unwind(AssertUnwindSafe(|| observer.on(event))).is_err() {
        tracing::error!("an observer of sessions panicked");
    }
}
