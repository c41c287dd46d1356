use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_lock::{Mutex, MutexGuard};

use crate::{Key, Store};

/// A store, and the places where those take turns who write to one session at once.
///
/// Who was refused because another request was faster waits for a turn before trying again. Without,
/// all who were refused at once would try at once, and all but one be refused again. A turn is
/// advice between the requests of one process: what is stored is right without it.
pub(crate) struct Backing {
    pub(crate) store: Arc<dyn Store>,
    /// Sessions that share a place wait for each other, but only while both are contended.
    places: [Place; PLACES],
}

#[derive(Default)]
pub(crate) struct Place {
    lock: Mutex<()>,
    /// The store has failed somebody whose turn it was. Until it works again nobody waits for
    /// others here: in an outage each would sit out the time-outs of all before.
    is_stuck: AtomicBool,
}

/// A turn; it is given back when it is dropped, with the future that has it for one.
pub(crate) struct Turn<'a> {
    place: &'a Place,
    /// None while the store fails.
    guard: Option<MutexGuard<'a, ()>>,
}

impl Backing {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        let places = std::array::from_fn(|_| Place::default());
        Arc::new(Self { store, places })
    }

    /// Returns where a session's turns are taken.
    pub(crate) fn place(&self, key: &Key) -> &Place {
        let [first, ..] = *key.digest();
        &self.places[usize::from(first) % PLACES]
    }
}

impl Place {
    /// Waits; whoever has a turn waits for no other.
    pub(crate) fn wait(&self) -> impl Future<Output = MutexGuard<'_, ()>> {
        self.lock.lock()
    }

    pub(crate) fn enter<'a>(&'a self, guard: MutexGuard<'a, ()>) -> Turn<'a> {
        let is_stuck = self.is_stuck.load(Ordering::Relaxed);
        Turn {
            place: self,
            guard: (!is_stuck).then_some(guard),
        }
    }
}

impl Turn<'_> {
    /// Notes whether the store has worked; if not, those who wait are let in at once.
    pub(crate) fn note(&mut self, worked: bool) {
        self.place.is_stuck.store(!worked, Ordering::Relaxed);
        if !worked {
            self.guard = None;
        }
    }
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

const PLACES: usize = 64;
