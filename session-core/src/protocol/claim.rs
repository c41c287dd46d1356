use std::borrow::Cow;

use compact_str::CompactString;

use super::entries::Change;
use super::json::is_same;
use super::update::{Replays, run};
use crate::ValueError;

/// What `take` or `get_or_insert_with` has returned, and what became of it.
///
/// Computed again on another base, it would be another value than the application was told. So it
/// holds on a base, or it does not.
#[derive(Clone)]
pub(crate) struct Claim {
    /// Closures that run on the base's value first.
    pub(crate) before: Replays,
    /// The value that was returned; the base must have it.
    pub(crate) told: CompactString,
    /// It was a default, so that the base may have none.
    pub(crate) or_absent: bool,
    /// The value now.
    pub(crate) then: Option<CompactString>,
}

/// The reason why a change can't be applied to a base.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// A claim does not hold.
    Conflict,
    Value(ValueError),
}

impl From<ValueError> for Unfit {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}

impl Claim {
    /// The same claim, whose value has become another one.
    pub(crate) fn then(&self, value: Option<CompactString>) -> Change {
        Change::Claim(Box::new(Self {
            then: value,
            ..self.clone()
        }))
    }

    pub(crate) fn apply(
        &self,
        key: &str,
        old: Option<&str>,
    ) -> Result<Option<Cow<'_, str>>, Unfit> {
        let holds = match run(&self.before, key, old)? {
            Some(value) => is_same(&value, &self.told),
            None => self.or_absent,
        };
        if holds {
            Ok(self.then.as_deref().map(Into::into))
        } else {
            Err(Unfit::Conflict)
        }
    }

    /// What is left of the claim when `saved`, an earlier state of it, is in the base.
    pub(crate) fn after(&self, saved: &Self) -> Change {
        match (&self.then, &saved.then) {
            (Some(value), _) => Change::Set(value.clone()),
            (None, Some(told)) => Change::Claim(Box::new(Self {
                before: Replays::new(),
                told: told.clone(),
                or_absent: false,
                then: None,
            })),
            (None, None) => Change::Remove,
        }
    }
}
