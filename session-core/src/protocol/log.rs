use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::changes::Changes;

/// A request's changes, which the commits under way share with the session.
///
/// Nothing is allocated before the first change, and nothing is copied unless the session is changed while a
/// commit is under way.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Arc<Changes>>);

impl Log {
    /// Says whether both are the same changes because neither was changed since they were shared.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Forgets all changes; later ones have later stamps.
    pub(crate) fn empty(&mut self) {
        let stamp = self.stamp;
        *self = Self(Some(Arc::new(Changes {
            stamp,
            ..Changes::NONE
        })));
    }
}

impl Deref for Log {
    type Target = Changes;

    fn deref(&self) -> &Changes {
        static NONE: Changes = Changes::NONE;
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Log {
    fn deref_mut(&mut self) -> &mut Changes {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
