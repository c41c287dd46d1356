use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;

/// Where the sessions of an application are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, missing_docs)]
pub enum Backend {
    /// In the process, or in the cookie.
    Memory,
    Redis(String),
    Postgres(String),
    Sqlite(PathBuf, Durability),
}

/// What an acknowledged write of SQLite has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Durability {
    /// The disk: `synchronous=FULL`.
    Full,
    /// The operating system: `synchronous=NORMAL`.
    Normal,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Redis(url) | Self::Postgres(url) => f.write_str(url),
            Self::Sqlite(path, Durability::Full) => write!(f, "full:{}", path.display()),
            Self::Sqlite(path, Durability::Normal) => write!(f, "normal:{}", path.display()),
        }
    }
}

impl FromStr for Backend {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text.split_once(':') {
            None if text == "memory" => Self::Memory,
            Some(("redis", _)) => Self::Redis(text.to_owned()),
            Some(("postgres", _)) => Self::Postgres(text.to_owned()),
            Some(("full", path)) => Self::Sqlite(path.into(), Durability::Full),
            Some(("normal", path)) => Self::Sqlite(path.into(), Durability::Normal),
            _ => bail!("no backend: {text}"),
        })
    }
}
