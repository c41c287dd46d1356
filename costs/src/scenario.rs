use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::exhaustive_enums, reason = "a subject plays each")]
pub enum Scenario {
    /// A handler without a session, and no cookie.
    Untouched,
    /// The same handler, and a valid cookie.
    WithCookie,
    /// Reads one of ten values of a session of 1 KiB.
    Read,
    /// Adds one to a number in that session.
    Increment,
    /// Reads, where each read extends the session's life.
    ReadSliding,
    /// Stores the first value: a session begins.
    Create,
}

impl Scenario {
    /// All scenarios, in the order of tables.
    pub const ALL: [Self; 6] = [
        Self::Untouched,
        Self::WithCookie,
        Self::Read,
        Self::Increment,
        Self::ReadSliding,
        Self::Create,
    ];

    /// Returns the path of the handler.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Untouched | Self::WithCookie => "/untouched",
            Self::Read | Self::ReadSliding => "/read",
            Self::Increment => "/increment",
            Self::Create => "/create",
        }
    }

    /// Says whether the request carries the session's cookie.
    #[must_use]
    pub fn has_cookie(self) -> bool {
        !matches!(self, Self::Untouched | Self::Create)
    }

    /// Returns the name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::WithCookie => "with-cookie",
            Self::Read => "read",
            Self::Increment => "increment",
            Self::ReadSliding => "read-sliding",
            Self::Create => "create",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Each of a session's values. Ten with their names are 1 KiB of JSON.
pub const VALUE: &str =
    "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 abcdef";

/// The name of the value that is read.
pub const READ_KEY: &str = "key5";

/// The name of the number that is incremented.
pub const COUNTER: &str = "counter";

/// Returns the name of one of the ten values.
#[must_use]
pub fn key(number: usize) -> String {
    format!("key{number}")
}

/// Returns how many values `/seed` stores: ten, unless the program has set another number.
#[must_use]
pub fn values() -> usize {
    VALUES.load(Ordering::Relaxed)
}

/// Sets how many values `/seed` stores.
pub fn set_values(count: usize) {
    VALUES.store(count, Ordering::Relaxed);
}

static VALUES: AtomicUsize = AtomicUsize::new(10);
