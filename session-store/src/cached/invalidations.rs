use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use session_core::Key;
use tokio::sync::Notify;

/// The generations of the latest invalidations, by key, by owner, by tag and of all sessions.
///
/// An invalidation draws the next generation after the store has answered, and stores it as the
/// mark of its scope. An entry has the generation that was the latest before its load asked the
/// store. It is current as long as none of its marks is later. So a load that overlaps with an
/// invalidation may cache its answer before or after it.
///
/// Marks are shared by hash, so their memory is constant. A shared mark costs an extra load at
/// worst.
pub(super) struct Invalidations {
    latest: AtomicU64,
    all: AtomicU64,
    keys: Box<[AtomicU64]>,
    owners: Box<[AtomicU64]>,
    tags: Box<[AtomicU64]>,
    /// Those who wait for a change, by key. A shared one costs an extra look at worst.
    waiting: Box<[Notify]>,
}

/// The entries that an invalidation concerns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    All,
    Key(&'a Key),
    Owner(&'a str),
    Tag(&'a str),
}

impl Invalidations {
    pub(super) fn new() -> Self {
        let marks = |count| (0..count).map(|_| AtomicU64::new(0)).collect();
        Self {
            latest: AtomicU64::new(0),
            all: AtomicU64::new(0),
            keys: marks(KEYS),
            owners: marks(OWNERS),
            tags: marks(OWNERS),
            waiting: (0..WAITING).map(|_| Notify::new()).collect(),
        }
    }

    /// Returns the latest generation; a load must call this before it asks the store.
    pub(super) fn latest(&self) -> u64 {
        self.latest.load(SeqCst)
    }

    /// Invalidates entries that were read before; must be called after the write took effect.
    pub(super) fn invalidate(&self, scope: Scope<'_>) {
        let generation = self.latest.fetch_add(1, SeqCst) + 1;
        self.mark(scope).fetch_max(generation, SeqCst);
        // After the mark: whoever is woken loads what is stored.
        match scope {
            Scope::Key(key) => pick(&self.waiting, key.as_bytes()).notify_waiters(),
            Scope::All | Scope::Owner(_) | Scope::Tag(_) => {
                self.waiting.iter().for_each(Notify::notify_waiters);
            }
        }
    }

    /// Waits for an invalidation that may concern the key; it counts from the first poll.
    pub(super) async fn changed(&self, key: &Key) {
        pick(&self.waiting, key.as_bytes()).notified().await;
    }

    /// Invalidates when the guard is dropped: after an answer, a failure or a cancellation.
    pub(super) fn guard<'a>(&'a self, scope: Scope<'a>) -> InvalidationGuard<'a> {
        InvalidationGuard(self, scope)
    }

    /// Says whether no invalidation of these scopes came after the generation.
    pub(super) fn is_current<'a>(
        &self,
        generation: u64,
        mut scopes: impl Iterator<Item = Scope<'a>>,
    ) -> bool {
        scopes.all(|scope| self.mark(scope).load(SeqCst) <= generation)
    }

    fn mark(&self, scope: Scope<'_>) -> &AtomicU64 {
        match scope {
            Scope::All => &self.all,
            Scope::Key(key) => pick(&self.keys, key.as_bytes()),
            Scope::Owner(owner) => pick(&self.owners, owner.as_bytes()),
            Scope::Tag(tag) => pick(&self.tags, tag.as_bytes()),
        }
    }
}

#[must_use = "it invalidates when it is dropped"]
pub(super) struct InvalidationGuard<'a>(&'a Invalidations, Scope<'a>);

impl Drop for InvalidationGuard<'_> {
    fn drop(&mut self) {
        self.0.invalidate(self.1);
    }
}

fn pick<'a, T>(marks: &'a [T], name: &[u8]) -> &'a T {
    let hasher = BuildHasherDefault::<DefaultHasher>::new();
    let [one, other, ..] = hasher.hash_one(name).to_le_bytes();
    &marks[usize::from(u16::from_le_bytes([one, other])) % marks.len()]
}

/// 256 KiB: even with many invalidations a second, most entries share no mark with them.
const KEYS: usize = 32_768;
const OWNERS: usize = 1_024;
const WAITING: usize = 1_024;
