use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::changes::Changes;

/// A request's changes, which the commits under way share with the session.
///
/// Nothing is allocated before the first change, and nothing is copied unless the session is changed while a
/// commit is under way.
#[derive(Clone, Default)]
pub(crate) struct Log {
    changes: Option<Arc<Changes>>,
    /// The last stamp of changes that were forgotten.
    stamp: u64,
}

impl Log {
    /// Says whether both are the same changes because neither was changed since they were shared.
    #[inline]
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.changes, &other.changes) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Forgets all changes; later ones have later stamps.
    pub(crate) fn empty(&mut self) {
        if let Some(changes) = self.changes.take() {
            self.stamp = changes.stamp;
        }
    }
}

impl Deref for Log {
    type Target = Changes;

    #[inline]
    fn deref(&self) -> &Changes {
        static NONE: Changes = Changes::NONE;
        self.changes.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Log {
    #[inline]
    fn deref_mut(&mut self) -> &mut Changes {
        let is_first = self.changes.is_none();
        let changes = Arc::make_mut(self.changes.get_or_insert_default());
        if is_first {
            changes.stamp = self.stamp;
        }
        changes
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
