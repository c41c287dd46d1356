use std::fmt;
use std::sync::Arc;

use super::Tier;
use super::marks::Mark;

/// Tells one node's cache what other nodes did, at once instead of within its bound.
///
/// [`CachedStore::listening`](crate::CachedStore::listening) drives it for stores that tell by
/// themselves. A task of yours can do so for others, if it hears of their writes in some way. Call
/// it *after* the write has taken effect, and [`invalidate_all`](Self::invalidate_all) whenever
/// something may have been missed, as after a lost connection. What is never told is still seen
/// within the bound.
///
/// ```
/// use session_store::CachedStore;
/// # use session_testkit::{ModelStore as MemoryStore, key_of};
/// use std::sync::Arc;
///
/// let cached = CachedStore::new(Arc::new(MemoryStore::new()));
/// let invalidator = cached.invalidator();
/// # let key = key_of(1);
/// // Another node has ended a session, and all of ada's:
/// invalidator.invalidate(key.digest());
/// invalidator.invalidate_owner("ada");
/// ```
#[derive(Clone)]
pub struct Invalidator(Arc<Tier>);

impl Invalidator {
    pub(super) fn of(tier: Arc<Tier>) -> Self {
        Self(tier)
    }

    /// Forgets the session under a key's [`digest`](session_core::Key::digest).
    ///
    /// One that was moved has two: its old key's and its new one's.
    pub fn invalidate(&self, digest: &[u8; 32]) {
        self.0.marks.end(Mark::Key(*digest));
    }

    /// Forgets every session of an owner.
    pub fn invalidate_owner(&self, owner: &str) {
        self.0.marks.end(Mark::owner(owner));
    }

    /// Forgets every session.
    pub fn invalidate_all(&self) {
        self.0.marks.end(Mark::All);
    }
}

impl fmt::Debug for Invalidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalidator")
    }
}
