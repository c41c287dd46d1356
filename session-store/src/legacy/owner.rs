use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_core::StoreError;

use super::values::{LegacyMismatch, LegacyValues};

/// Says whose a session is.
#[derive(Clone)]
pub(super) struct Asked(Arc<dyn Fn(&LegacyValues) -> Answer + Send + Sync>);

type Answer = Pin<Box<dyn Future<Output = Result<Owner, StoreError>> + Send>>;

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Is(Arc<str>),
    /// Its library would end it.
    #[cfg_attr(
        not(all(
            feature = "django",
            any(feature = "mysql", feature = "postgres", feature = "sqlite")
        )),
        allow(dead_code, reason = "only Django's check is known")
    )]
    Ended,
    /// It stays where it is, so that nothing is lost.
    Unclear(Kept),
}

/// Why a session can't be adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    Mismatch(LegacyMismatch),
    /// The owner's name is not of 1 to 255 bytes.
    Unfit(usize),
    Unreadable,
}

/// Which reasons were told already: a visitor comes often, and the log is no list.
#[derive(Debug, Default)]
pub(super) struct Told([AtomicBool; 3]);

impl Asked {
    pub(super) fn new(ask: impl Fn(&LegacyValues) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Asks a closure of the application's.
    pub(super) fn closure(
        owner: impl Fn(&LegacyValues) -> Result<Option<String>, LegacyMismatch> + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |values| Box::pin(ready(Ok(Owner::said(owner(values))))))
    }

    pub(super) async fn whose(&self, values: &LegacyValues) -> Result<Owner, StoreError> {
        let answer = (self.0)(values);
        answer.await
    }
}

impl Owner {
    fn said(said: Result<Option<String>, LegacyMismatch>) -> Self {
        match said {
            Ok(None) => Self::Nobody,
            Ok(Some(owner)) => Self::named(owner),
            Err(mismatch) => Self::Unclear(Kept::Mismatch(mismatch)),
        }
    }

    /// As for a sign-in, by which no store is asked to keep another name.
    pub(super) fn named(owner: String) -> Self {
        if (1..=255).contains(&owner.len()) {
            Self::Is(owner.into())
        } else {
            Self::Unclear(Kept::Unfit(owner.len()))
        }
    }
}

impl Told {
    /// Tells in the log why a session stays, once for each kind of reason.
    pub(super) fn tell(&self, kept: &Kept) {
        let number = match kept {
            Kept::Mismatch(_) => 0,
            Kept::Unfit(_) => 1,
            Kept::Unreadable => 2,
        };
        if self.0[number].swap(true, Ordering::Relaxed) {
            tracing::debug!(reason = %kept, "a session of another library stays where it is");
        } else {
            tracing::warn!(
                reason = %kept,
                "a session of another library stays where it is, and its visitor begins anew; further ones are told at the level debug"
            );
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Unfit(length) => write!(
                f,
                "its owner's name has {length} bytes, and can have 1 to 255"
            ),
            Self::Unreadable => f.write_str("it can't be read"),
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_sign_in_takes_is_unclear() {
        for (length, fits) in [(0, false), (1, true), (255, true), (256, false)] {
            let owner = "a".repeat(length);
            let expected = if fits {
                Owner::Is(owner.as_str().into())
            } else {
                Owner::Unclear(Kept::Unfit(length))
            };
            assert_eq!(Owner::said(Ok(Some(owner))), expected);
        }
        assert_eq!(Owner::said(Ok(None)), Owner::Nobody);
    }
}
