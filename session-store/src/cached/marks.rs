use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use session_core::{Key, Outcome};

use super::entry::Entry;
use super::moves::{Move, Moves};

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
    moves: Moves,
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
            moves: Moves::new(),
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

    pub(super) fn moving(&self, from: &Key, to: &Key, remembered: Duration) -> Moving<'_> {
        Moving {
            marks: self,
            from: *from.digest(),
            there: Move {
                to: *to.digest(),
                remembered,
            },
            outcome: None,
        }
    }

    pub(super) fn deleting(&self, key: &Key) -> Deleting<'_> {
        Deleting(self, *key.digest())
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
pub(super) struct Moving<'a> {
    marks: &'a Marks,
    from: [u8; 32],
    there: Move,
    /// None unless the store has answered.
    outcome: Option<Outcome>,
}

impl Moving<'_> {
    /// Takes note of what the store has answered.
    pub(super) fn answered(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        let Self {
            marks,
            from,
            there,
            outcome,
        } = self;
        // One that is refused must not hide the one that was made.
        match outcome {
            Some(Outcome::Applied) => marks.moves.note(*from, *there),
            Some(Outcome::Refused) => {}
            None => marks.moves.note_unless_moved(*from, *there),
        }
        marks.end(Mark::Key(*from));
        marks.end(Mark::Key(there.to));
    }
}

/// Ends, likewise, what is cached of a session that is deleted, wherever this node has moved it.
///
/// A move that ends later than this ends what is cached under its new key by itself.
#[must_use = "it ends something when it is dropped"]
pub(super) struct Deleting<'a>(&'a Marks, [u8; 32]);

impl Drop for Deleting<'_> {
    fn drop(&mut self) {
        let Self(marks, digest) = self;
        marks.end(Mark::Key(*digest));
        if let Some(to) = marks.moves.from(digest) {
            marks.end(Mark::Key(to));
        }
    }
}

/// 256 KiB: a node that hears of many writes a second still keeps most of what it has.
const KEYS: u16 = 32_768;
const OWNERS: u16 = 1_024;
