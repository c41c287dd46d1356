use std::fmt;

use crate::{Key, Record};

/// A part of all of a store's sessions, as [`Store::walk`](crate::Store::walk) returns them.
///
/// Parts may be added; so a store starts from [`default`](Default::default), which is the end of a walk.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Batch {
    /// Sessions with their keys, in no order; those that are over or [closed](Record::closed) too.
    pub sessions: Vec<(Key, Record)>,
    /// How many more there were that could not be read.
    pub unreadable: usize,
    /// Where the next batch begins; `None` at the end. A batch without sessions may have one.
    pub next: Option<Cursor>,
}

/// A place in a walk through a store; the start unless it comes from a [`Batch`].
///
/// Its bytes mean something to that store only. `Debug` hides them, since they may be a key.
///
/// ```
/// use session_core::Cursor;
///
/// let place = Cursor::from_bytes(b"after this");
/// assert_eq!(place.as_bytes(), b"after this");
/// assert!(Cursor::default().as_bytes().is_empty());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cursor(Box<[u8]>);

impl Cursor {
    /// Makes a place of what the store needs to find it again.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Returns what the store has put in; nothing at the start.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(…)")
    }
}
