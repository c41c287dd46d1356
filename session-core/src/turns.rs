use std::fmt;
use std::sync::Arc;

use async_lock::{Mutex, MutexGuard};

use crate::{Key, Store};

/// A store, and the turns of those who wait for each other to write to it.
///
/// Who was refused because another request was faster waits for a turn before trying again. Without,
/// all who were refused at once would try at once, and all but one be refused again. A turn is
/// advice between the requests of one process: what is stored is right without it.
pub(crate) struct Backing {
    pub(crate) store: Arc<dyn Store>,
    /// Sessions that share a lock wait for each other, but only while both are contended.
    turns: [Mutex<()>; TURNS],
}

impl Backing {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        let turns = [const { Mutex::new(()) }; TURNS];
        Arc::new(Self { store, turns })
    }

    /// Returns the lock of a session's turn; whoever has it holds no other, and drops it with its future.
    pub(crate) fn turn(&self, key: &Key) -> impl Future<Output = MutexGuard<'_, ()>> {
        let [first, ..] = *key.digest();
        self.turns[usize::from(first) % TURNS].lock()
    }
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

const TURNS: usize = 64;
