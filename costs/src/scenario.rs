use std::fmt;
use std::sync::{LazyLock, OnceLock};

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

/// The name of the number that is incremented.
pub const COUNTER: &str = "counter";

/// Returns the name of one of a session's values.
#[must_use]
pub fn key(number: usize) -> String {
    format!("key{number}")
}

/// What `/seed` stores, beside the counter.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "a program chooses")]
pub struct Content {
    /// The number of values.
    pub values: usize,
    /// The bytes of each.
    pub bytes: usize,
}

impl Content {
    /// Sets what this program's subjects store. Without it there are ten values of 93 bytes, which are 1 KiB of JSON
    /// with their names. Only the first call counts.
    pub fn set(self) {
        let _ = CONTENT.set(self);
    }

    fn get() -> Self {
        *CONTENT.get_or_init(|| Self {
            values: 10,
            bytes: TEXT.len(),
        })
    }
}

/// Returns how many values `/seed` stores.
#[must_use]
pub fn values() -> usize {
    Content::get().values
}

/// Returns each of the values.
#[must_use]
pub fn value() -> &'static str {
    let text: &'static str = TEXT;
    text.get(..Content::get().bytes).unwrap_or(text)
}

/// Returns the name of the value that is read, which stands in the middle.
#[must_use]
pub fn read_key() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| key(values() / 2));
    &NAME
}

const TEXT: &str = "\
0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 abcdef";

static CONTENT: OnceLock<Content> = OnceLock::new();
