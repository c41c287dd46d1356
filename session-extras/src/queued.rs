use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use session_core::{Event, KeptEvent, Observer};

/// An observer in front of a slow one, such as a database or a mail server: events wait in a queue, and a thread of its own
/// takes them to the other.
///
/// The queue is bounded. When it is full, events are dropped, and counted in [`dropped`](Self::dropped); no request ever waits. A
/// panic of the slow one loses that one event. What is passed on is a copy ([`KeptEvent`]).
///
/// When the last policy that has it is dropped, what is in the queue is told, and the thread ends. The drop waits for that, at most five
/// seconds; what is still in the queue then is dropped and counted too.
///
/// Two traps for the slow one:
///
/// - It must not need the thread that drops the last `Sessions`, as `Handle::block_on` of that thread's current-thread runtime does: each would wait
///   for the other until the five seconds are over. Give it a runtime of its own, or a client that blocks.
/// - It must not hold `Sessions`, which holds the policy, which holds it: none of them would ever end. Give it the store instead.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use session_core::{Event, Observer, Policy, Tracing};
/// use session_extras::Queued;
///
/// /// In place of a table.
/// #[derive(Debug, Default)]
/// struct Audit(Mutex<Vec<String>>);
///
/// impl Observer for Audit {
///     fn on(&self, event: &Event<'_>) {
///         let owner = event.owner.unwrap_or("nobody");
///         self.0.lock().unwrap().push(format!("{owner}: {}", event.kind));
///     }
/// }
///
/// let audit = Arc::new(Audit::default());
/// let queued = Queued::new(Arc::clone(&audit), 1_000)?;
/// let policy = Policy::builder().observer((Tracing::default(), queued)).build().unwrap();
/// # let sessions = session_core::Sessions::new(policy, session_store::MemoryStore::new());
/// # pollster::block_on(async {
/// # let request = sessions.open([]);
/// # request.handle().load().await.unwrap().sign_in("ada").unwrap();
/// # let _ = request.commit(200).await.unwrap();
/// # });
/// // … an owner signs in, and the server ends.
/// drop(sessions);
/// assert_eq!(*audit.0.lock().unwrap(), ["ada: signed_in"]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Queued {
    line: Line,
    /// `None` once it ends.
    queue: Option<Sender<KeptEvent>>,
    /// It is closed when the thread has ended.
    ended: Mutex<Receiver<()>>,
    thread: ThreadId,
    patience: Duration,
    shown: String,
}

/// What both ends of the queue have.
#[derive(Clone)]
struct Line {
    events: Arc<Mutex<Receiver<KeptEvent>>>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    dropped: Arc<AtomicU64>,
}

impl Queued {
    /// Starts the thread in front of an observer, with a queue of so many events, at least one.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn new(observer: impl Observer, capacity: usize) -> std::io::Result<Self> {
        Self::start(observer, capacity, PATIENCE)
    }

    fn start(
        observer: impl Observer,
        capacity: usize,
        patience: Duration,
    ) -> std::io::Result<Self> {
        let (queue, events) = channel();
        let (end, ended) = channel::<()>();
        let line = Line {
            events: Arc::new(Mutex::new(events)),
            waiting: Arc::default(),
            capacity: capacity.max(1),
            dropped: Arc::default(),
        };
        let shown = format!("{observer:?}");
        let run = {
            let line = line.clone();
            move || {
                line.tell(&observer);
                drop(observer);
                drop(end);
            }
        };
        let thread = thread::Builder::new()
            .name("session-events".into())
            .spawn(run)?;
        Ok(Self {
            line,
            queue: Some(queue),
            ended: Mutex::new(ended),
            thread: thread.thread().id(),
            patience,
            shown,
        })
    }

    /// Returns the number of events so far that found the queue full, or were in it when its end took too long. It can be kept when the policy has the rest.
    ///
    /// ```
    /// # use session_core::{Policy, Tracing};
    /// # use session_extras::Queued;
    /// use std::sync::atomic::Ordering;
    ///
    /// let queued = Queued::new(Tracing::default(), 1_000)?;
    /// let dropped = queued.dropped();
    /// let policy = Policy::builder().observer(queued).build().unwrap();
    /// assert_eq!(dropped.load(Ordering::Relaxed), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.line.dropped)
    }
}

impl Observer for Queued {
    fn on(&self, event: &Event<'_>) {
        let Some(queue) = &self.queue else {
            return;
        };
        // The copy of an error is its text, which costs more than to see that there is no room for it. The place is taken after
        // it, since a foreign error's text may panic.
        let kept = self.line.has_room().then(|| KeptEvent::of(event));
        let is_queued = kept.is_some_and(|kept| self.line.take_place() && queue.send(kept).is_ok());
        if !is_queued {
            self.line.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        drop(self.queue.take());
        // The observer may hold the last policy itself; then nobody can wait for the thread but itself.
        if self.thread == thread::current().id() {
            return;
        }
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let is_late = ended.recv_timeout(self.patience) == Err(RecvTimeoutError::Timeout);
        // After an end in time there is nothing, unless the thread has panicked.
        let left = self.line.give_up();
        if is_late || left > 0 {
            tracing::warn!(
                left,
                "a queued observer of sessions has not told all, and is not waited for any longer"
            );
        }
    }
}

impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queued({})", self.shown)
    }
}

impl Line {
    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < self.capacity
    }

    /// Takes a place in the queue, if one is free.
    fn take_place(&self) -> bool {
        let next = |waiting| (waiting < self.capacity).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }

    /// Tells the events, until there is nobody left who could send one.
    fn tell(&self, observer: &dyn Observer) {
        while let Some(kept) = self.next() {
            let told = catch_unwind(AssertUnwindSafe(|| observer.on(&kept.event())));
            if told.is_err() {
                tracing::error!("a queued observer of sessions panicked");
            }
        }
    }

    /// Waits for an event; `None` is the end.
    fn next(&self) -> Option<KeptEvent> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = events.recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(kept)
    }

    /// Drops and counts what is in the queue, so that the thread finds nothing after the event that it is at.
    fn give_up(&self) -> u64 {
        // Nobody sends any more, so the thread holds the lock for a moment at most.
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let left = events.try_iter().map(|_| 1).sum();
        self.dropped.fetch_add(left, Ordering::Relaxed);
        left
    }
}

/// How long a drop waits for the thread.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use session_core::{EventKind, Moment, Reason, Revoker, SessionError, StoreError};

    use super::*;

    /// Writes events down, and waits at the gates for the first one.
    #[derive(Debug)]
    struct Slow {
        begun: Barrier,
        goes_on: Barrier,
        lines: Mutex<Vec<String>>,
    }

    impl Observer for Slow {
        fn on(&self, event: &Event<'_>) {
            if event.kind == EventKind::Created {
                self.begun.wait();
                self.goes_on.wait();
            }
            assert!(event.kind != EventKind::Corrupt, "as asked");
            let reason = event.reason.map(|reason| reason.to_string());
            let line = format!("{} {:?} {reason:?}", event.kind, event.owner);
            self.lines.lock().unwrap().push(line);
        }
    }

    fn slow() -> Arc<Slow> {
        Arc::new(Slow {
            begun: Barrier::new(2),
            goes_on: Barrier::new(2),
            lines: Mutex::default(),
        })
    }

    fn event(kind: EventKind) -> Event<'static> {
        Event::new(kind, Moment::UNIX_EPOCH)
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_the_end_tells_what_is_left() {
        let slow = slow();
        let queued = Queued::new(Arc::clone(&slow), 3).unwrap();
        let dropped = queued.dropped();
        queued.on(&event(EventKind::Created));
        // From here on the thread is busy, and the queue empty.
        slow.begun.wait();
        let mut revoked = event(EventKind::Revoked);
        revoked.owner = Some("ada");
        revoked.reason = Some(Reason::By(Revoker::Owner));
        queued.on(&revoked);
        queued.on(&event(EventKind::Corrupt));
        let mut lost = event(EventKind::ChangesDropped);
        lost.reason = Some(Reason::Error(&SessionError::Gone));
        queued.on(&lost);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        queued.on(&revoked);
        queued.on(&revoked);
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
        slow.goes_on.wait();
        drop(queued);
        let told = [
            "created None None",
            r#"revoked Some("ada") Some("by the owner")"#,
            r#"changes_dropped None Some("the session was ended elsewhere")"#,
        ];
        assert_eq!(*slow.lines.lock().unwrap(), told);
    }

    #[test]
    fn an_end_that_takes_too_long_is_not_waited_for_and_what_is_left_is_counted() {
        let slow = slow();
        let queued = Queued::start(Arc::clone(&slow), 3, Duration::from_millis(1)).unwrap();
        let dropped = queued.dropped();
        for kind in [EventKind::Created, EventKind::Rotated, EventKind::LoggedOut] {
            queued.on(&event(kind));
        }
        slow.begun.wait();
        // The observer goes on only after the drop, as one does that needs the thread which drops it.
        drop(queued);
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
        slow.goes_on.wait();
        while Arc::strong_count(&slow) > 1 {
            thread::yield_now();
        }
        assert_eq!(*slow.lines.lock().unwrap(), ["created None None"]);
    }

    #[test]
    fn no_copy_is_made_of_what_a_full_queue_drops() {
        /// Counts how often its text is asked for.
        #[derive(Debug)]
        struct Costly(Arc<AtomicUsize>);

        impl fmt::Display for Costly {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fetch_add(1, Ordering::Relaxed);
                f.write_str("costly")
            }
        }

        impl std::error::Error for Costly {}

        let (slow, texts) = (slow(), Arc::new(AtomicUsize::new(0)));
        let queued = Queued::new(Arc::clone(&slow), 1).unwrap();
        queued.on(&event(EventKind::Created));
        slow.begun.wait();
        let cause = Costly(Arc::clone(&texts));
        let error = SessionError::from(StoreError::new("no answer").caused_by(cause));
        let mut failed = event(EventKind::StoreFailed);
        failed.reason = Some(Reason::Error(&error));
        for _ in 0..5 {
            queued.on(&failed);
        }
        assert_eq!(texts.load(Ordering::Relaxed), 1);
        assert_eq!(queued.dropped().load(Ordering::Relaxed), 4);
        slow.goes_on.wait();
    }

    #[test]
    fn it_ends_also_where_its_own_thread_drops_it() {
        #[derive(Debug, Default)]
        struct Holds(Mutex<Option<Queued>>);

        impl Observer for Holds {
            fn on(&self, _: &Event<'_>) {
                drop(self.0.lock().unwrap().take());
            }
        }

        let holds = Arc::new(Holds::default());
        let queued = Queued::new(Arc::clone(&holds), 1).unwrap();
        let dropped = Arc::downgrade(&queued.dropped());
        let event = event(EventKind::Created);
        let mut place = holds.0.lock().unwrap();
        queued.on(&event);
        *place = Some(queued);
        drop(place);
        while dropped.upgrade().is_some() {
            thread::yield_now();
        }
    }
}
