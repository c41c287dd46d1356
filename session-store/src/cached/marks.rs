use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use session_core::Key;

use super::deletes::Deletes;
use super::entry::Entry;

/// Knows of every entry whether something has ended since that may be missing from it.
///
/// An invalidation draws the next number once the store has answered, and leaves it at its mark.
/// An entry carries the last number that had been drawn before its load asked the store; it is
/// good as long as no mark of its has a higher one. So it does not matter whether a load that an
/// invalidation meets has cached its answer already or will do so later.
///
/// The marks take the same memory however many sessions there are: those that share one cost each
/// other a load, no more.
pub(super) struct Marks {
    last: AtomicU64,
    keys: Box<[AtomicU64]>,
    owners: Box<[AtomicU64]>,
    all: AtomicU64,
    deletes: Deletes,
}

/// What an invalidation ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// What is cached under a key that has this digest.
    Key([u8; 32]),
    /// The sessions of an owner.
    Owner(u16),
    /// Everything.
    All,
}

impl Mark {
    pub(super) fn key(key: &Key) -> Self {
        Self::Key(*key.digest())
    }

    pub(super) fn owner(owner: &str) -> Self {
        let hasher = BuildHasherDefault::<DefaultHasher>::new();
        let [one, other, ..] = hasher.hash_one(owner).to_le_bytes();
        Self::Owner(u16::from_le_bytes([one, other]) % OWNERS)
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        let row = |length| (0..length).map(|_| AtomicU64::new(0)).collect();
        Self {
            last: AtomicU64::new(0),
            keys: row(KEYS),
            owners: row(OWNERS),
            all: AtomicU64::new(0),
            deletes: Deletes::default(),
        }
    }

    /// Returns the last number that was drawn.
    pub(super) fn last(&self) -> u64 {
        self.last.load(SeqCst)
    }

    pub(super) fn end(&self, mark: Mark) {
        self.place(mark).fetch_max(self.draw(), SeqCst);
    }

    pub(super) fn ending(&self, mark: Mark) -> Ending<'_> {
        Ending(self, mark)
    }

    pub(super) fn moving(&self, from: &Key, to: &Key) -> Moving<'_> {
        Moving(self, *from.digest(), *to.digest())
    }

    pub(super) fn deleting(&self, key: &Key) -> Deleting<'_> {
        let number = self.draw();
        self.deletes.begin(number, *key.digest());
        Deleting(self, number)
    }

    /// Says whether nothing has ended since the entry was read that may be missing from it.
    pub(super) fn spare(&self, key: &Key, entry: &Entry) -> bool {
        let marks = [Mark::key(key), Mark::All].into_iter();
        marks
            .chain(entry.owner())
            .all(|mark| self.place(mark).load(SeqCst) <= entry.mark())
    }

    fn draw(&self) -> u64 {
        self.last.fetch_add(1, SeqCst) + 1
    }

    fn place(&self, mark: Mark) -> &AtomicU64 {
        match mark {
            Mark::Key([one, other, ..]) => {
                &self.keys[usize::from(u16::from_le_bytes([one, other]) % KEYS)]
            }
            Mark::Owner(owner) => &self.owners[usize::from(owner)],
            Mark::All => &self.all,
        }
    }
}

/// Ends something when it is dropped: after an answer, a failure, or a call that was given up.
#[must_use = "it ends something when it is dropped"]
pub(super) struct Ending<'a>(&'a Marks, Mark);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

/// Ends, likewise, what is cached under both keys of a move.
#[must_use = "it ends something when it is dropped"]
pub(super) struct Moving<'a>(&'a Marks, [u8; 32], [u8; 32]);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        let Self(marks, from, to) = self;
        marks.deletes.moved(from, to);
        marks.end(Mark::Key(*from));
        marks.end(Mark::Key(*to));
    }
}

/// Ends, likewise, what is cached of a session that is deleted, wherever it went meanwhile.
#[must_use = "it ends something when it is dropped"]
pub(super) struct Deleting<'a>(&'a Marks, u64);

impl Deleting<'_> {
    /// Adds where the session is, as the store says.
    pub(super) fn moved(&self, to: &Key) {
        self.0.deletes.found(self.1, *to.digest());
    }
}

impl Drop for Deleting<'_> {
    fn drop(&mut self) {
        let Self(marks, number) = self;
        for digest in marks.deletes.end(*number) {
            marks.end(Mark::Key(digest));
        }
    }
}

const KEYS: u16 = 8_192;
const OWNERS: u16 = 1_024;
