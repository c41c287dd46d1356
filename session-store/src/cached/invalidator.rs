use std::fmt;
use std::sync::Arc;

use session_core::Key;

use super::invalidations::Scope;
use super::tier::Tier;

/// Tells one node's cache of other nodes' writes, at once instead of within its bound.
///
/// [`CachedStore::listening`](crate::CachedStore::listening) drives it for stores that notify by
/// themselves. For others your own task can do so, if it hears of their writes in some way. Call it
/// *after* the write has taken effect, and [`invalidate_all`](Self::invalidate_all) whenever
/// something may have been missed, as after a lost connection. A write that is never told is
/// still seen within the bound.
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
/// invalidator.invalidate(&key);
/// invalidator.invalidate_owner("ada");
/// ```
#[derive(Clone)]
pub struct Invalidator(Arc<Tier>);

impl Invalidator {
    pub(super) fn of(tier: Arc<Tier>) -> Self {
        Self(tier)
    }

    /// Forgets the session under a key.
    pub fn invalidate(&self, key: &Key) {
        self.0.invalidations.invalidate(Scope::Key(key));
    }

    /// Forgets every session of an owner.
    pub fn invalidate_owner(&self, owner: &str) {
        self.0.invalidations.invalidate(Scope::Owner(owner));
    }

    /// Forgets every session.
    pub fn invalidate_all(&self) {
        self.0.invalidations.invalidate(Scope::All);
    }
}

impl fmt::Debug for Invalidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalidator")
    }
}
