use std::sync::Arc;

use session_core::Store;
use session_store::{MemoryStore, SqliteStore};

/// Where the sessions are kept: the argument of `--store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Storage {
    Memory,
    Sqlite(String),
}

impl Storage {
    /// Reads a store's URL; an unknown scheme, or one that this build leaves out, is an error.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "sqlite" if !rest.is_empty() => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                Ok(Self::Sqlite(path.to_owned()))
            }
            "sqlite" => Err("sqlite: needs a file, as in sqlite:sessions.db".into()),
            "postgres" | "postgresql" => Err(left_out(scheme, "postgres")),
            "mysql" | "mariadb" => Err(left_out(scheme, "mysql")),
            "redis" | "rediss" | "redis-cluster" | "redis-sentinel" => {
                Err(left_out(scheme, "redis"))
            }
            "sealed" => Err(left_out(scheme, "sealed")),
            _ if scheme.starts_with("django+") => Err(left_out(scheme, "django")),
            _ => Err(format!(
                "unknown store {url:?}; this build has memory and sqlite:PATH"
            )),
        }
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, String> {
        match self {
            Self::Memory => Ok(Arc::new(MemoryStore::new())),
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path).await.map_err(describe)?;
                Ok(Arc::new(store))
            }
        }
    }
}

fn left_out(scheme: &str, feature: &str) -> String {
    format!("{scheme}: is not in this build; add it with --features {feature}")
}

/// Joins an error and its causes into one line.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the form that map_err asks for"
)]
fn describe(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_of_the_contract_is_known_or_says_what_to_add() {
        assert_eq!(Storage::parse("memory"), Ok(Storage::Memory));
        assert_eq!(
            Storage::parse("sqlite:a.db"),
            Ok(Storage::Sqlite("a.db".into()))
        );
        assert_eq!(
            Storage::parse("sqlite:///x/a.db"),
            Ok(Storage::Sqlite("/x/a.db".into()))
        );
        for (url, feature) in [
            ("postgres://h/db", "postgres"),
            ("mysql://h/db", "mysql"),
            ("redis://h", "redis"),
            ("redis-cluster://h:1,h:2", "redis"),
            ("sealed:", "sealed"),
            ("django+sqlite:x", "django"),
        ] {
            let message = Storage::parse(url).unwrap_err();
            assert!(
                message.contains(&format!("--features {feature}")),
                "{message}"
            );
        }
        for bad in ["", "sqlite:", "file:x", "memory:x", "mongodb://x"] {
            assert!(Storage::parse(bad).is_err(), "{bad}");
        }
    }
}
