use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_lock::{Mutex, MutexGuard};

use super::legacy::Legacy;
use super::watcher::Watching;
use crate::{Envelope, Key, Policy, Store};

/// What all requests share: a policy, a store, and striped locks that serialize contended commits.
///
/// A commit that was refused because another request was faster waits in a queue before it tries
/// again. Otherwise all commits that were refused together would try together, and all but one would
/// be refused again. The queue only saves attempts within one process; correctness does not need it.
pub(crate) struct Backing {
    pub(crate) policy: Arc<Policy>,
    pub(crate) store: Arc<dyn Store>,
    /// Where sessions travel in cookies, and the store keeps nothing.
    pub(crate) envelope: Option<Arc<dyn Envelope>>,
    /// The sessions of another library.
    pub(super) legacy: Option<Legacy>,
    pub(super) watching: Watching,
    /// Sessions that share a queue wait for each other, but only while both are contended.
    queues: [Queue; QUEUES],
}

#[derive(Default)]
pub(crate) struct Queue {
    lock: Mutex<()>,
    /// The store has failed the commit at the head. Until it works again no commit waits here for
    /// another: in an outage each would sit out the time-outs of all before.
    is_failing: AtomicBool,
}

/// The turn of the commit at the head of the queue. It ends when it is dropped, for instance together
/// with the future that holds it.
pub(crate) struct Turn<'a> {
    queue: &'a Queue,
    /// `None` while the store fails.
    guard: Option<MutexGuard<'a, ()>>,
}

impl Backing {
    pub(crate) fn new(
        policy: Arc<Policy>,
        store: Arc<dyn Store>,
        envelope: Option<Arc<dyn Envelope>>,
        legacy: Option<Legacy>,
    ) -> Arc<Self> {
        let queues = std::array::from_fn(|_| Queue::default());
        Arc::new(Self {
            policy,
            store,
            envelope,
            legacy,
            watching: Watching::new(),
            queues,
        })
    }

    /// Returns the queue of a session's commits.
    pub(crate) fn queue(&self, key: &Key) -> &Queue {
        let first = key.as_bytes().first().copied().unwrap_or_default();
        &self.queues[usize::from(first) % QUEUES]
    }
}

impl Queue {
    /// Waits for the head of the queue. A commit waits in one queue only.
    pub(crate) fn wait(&self) -> impl Future<Output = MutexGuard<'_, ()>> {
        self.lock.lock()
    }

    pub(crate) fn enter<'a>(&'a self, guard: MutexGuard<'a, ()>) -> Turn<'a> {
        let is_failing = self.is_failing.load(Ordering::Relaxed);
        Turn {
            queue: self,
            guard: (!is_failing).then_some(guard),
        }
    }
}

impl Turn<'_> {
    /// Notes whether the store has worked; if not, all waiting commits are let in at once.
    pub(crate) fn note(&mut self, worked: bool) {
        self.queue.is_failing.store(!worked, Ordering::Relaxed);
        if !worked {
            self.guard = None;
        }
    }
}

const QUEUES: usize = 64;
