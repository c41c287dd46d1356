use std::fmt;
use std::io;

/// The reason why the bridge can't start, or has to stop.
#[derive(Debug)]
pub enum Trouble {
    /// No environment with Django could be made; the script has said why.
    NoDjango,
    /// A part failed.
    Failed { part: String, cause: String },
}

impl Trouble {
    /// Says that a part failed.
    pub fn new(part: &str, cause: impl fmt::Display) -> Self {
        Self::Failed {
            part: part.to_owned(),
            cause: cause.to_string(),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::new("the server", error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDjango => f.write_str(
                "there is no Django to run: it needs Python 3.8 or newer with venv, and pip has to reach its index once",
            ),
            Self::Failed { part, cause } => write!(f, "{part}: {cause}"),
        }
    }
}
