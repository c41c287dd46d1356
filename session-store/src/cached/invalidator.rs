use std::fmt;
use std::sync::Arc;

use session_core::Key;

use super::invalidations::Scope;
use super::tier::Tier;

/// A handle that invalidates sessions of one node's cache.
///
/// It makes other nodes' writes visible at once.
/// [`CachedStore::listening`](crate::CachedStore::listening) uses one for stores that notify. For
/// other stores your own task can use one if it learns of their writes. Call it *after* the write
/// has taken effect, and call [`invalidate_all`](Self::invalidate_all) if writes may have been
/// missed, as after a lost connection. Without a call a write is still seen within
/// [`CachedOptions::stale_for`](crate::CachedOptions::stale_for).
///
/// ```
/// use session_store::CachedStore;
/// # use session_testkit::{ModelStore as MemoryStore, key_of};
/// use std::sync::Arc;
///
/// let cached = CachedStore::new(Arc::new(MemoryStore::new()));
/// let invalidator = cached.invalidator();
/// # let key = key_of(1);
/// // Another node has ended one session, and all sessions of ada:
/// invalidator.invalidate(&key);
/// invalidator.invalidate_owner("ada");
/// ```
#[derive(Clone)]
pub struct Invalidator(Arc<Tier>);

impl Invalidator {
    pub(super) fn of(tier: Arc<Tier>) -> Self {
        Self(tier)
    }

    /// Invalidates the session under a key.
    pub fn invalidate(&self, key: &Key) {
        self.0.invalidations.invalidate(Scope::Key(key));
    }

    /// Invalidates every session of an owner.
    pub fn invalidate_owner(&self, owner: &str) {
        self.0.invalidations.invalidate(Scope::Owner(owner));
    }

    /// Invalidates every session with a tag.
    pub fn invalidate_tag(&self, tag: &str) {
        self.0.invalidations.invalidate(Scope::Tag(tag));
    }

    /// Invalidates every session.
    pub fn invalidate_all(&self) {
        self.0.invalidations.invalidate(Scope::All);
    }
}

impl fmt::Debug for Invalidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalidator")
    }
}
