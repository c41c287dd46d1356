use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use session_core::StoreError;

/// Why a command was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The store failed, or lacks something: exit code 1.
    Undone(String),
    /// Wrong use, or not confirmed: exit code 2.
    Misused(String),
    /// Whoever read the output has enough, as `head` has: exit code 0, and nothing is said.
    Unheard,
}

impl Trouble {
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Unheard => 0,
            Self::Undone(_) => 1,
            Self::Misused(_) => 2,
        })
    }

    /// A store failed after some sessions were removed, and those are gone.
    pub(crate) fn after(removed: usize, error: StoreError) -> Self {
        if removed == 0 {
            return error.into();
        }
        Self::Undone(format!(
            "removed {removed} sessions, and then: {}",
            Self::from(error)
        ))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undone(text) | Self::Misused(text) => f.write_str(text),
            Self::Unheard => f.write_str("nobody reads the output"),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Some errors end with their cause's text already.
            if !text.ends_with(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
            source = error.source();
        }
        Self::Undone(text)
    }
}

/// Of the output; what else fails says so itself.
impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unheard;
        }
        Self::Undone(format!("can't write the output: {error}"))
    }
}
