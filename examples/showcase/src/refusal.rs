use std::fmt;
use std::io;

/// The reason why the showcase does not run.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The command line is invalid.
    Flag(String),
    /// The store, the listener or the like can't be opened.
    Open(String),
}

impl Refusal {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Flag(_) => 2,
            Self::Open(_) => 1,
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Open(error.to_string())
    }
}

/// Formats the reason in one line.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(message) | Self::Open(message) => f.write_str(message),
        }
    }
}
