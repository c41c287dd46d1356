//! Throw-away databases.

use std::cell::Cell;

use anyhow::Result;
use session_servers::{Postgres, Redis};
use tempfile::TempDir;

use crate::{Backend, Durability};

/// A Redis, a PostgreSQL and a folder for SQLite.
#[derive(Debug)]
pub struct Databases {
    redis: Redis,
    postgres: Postgres,
    folder: TempDir,
    files: Cell<usize>,
}

/// A kind of backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, clippy::exhaustive_enums)]
pub enum Kind {
    Memory,
    Redis,
    Postgres,
    SqliteFull,
    SqliteNormal,
}

impl Kind {
    /// All kinds, in the order of tables.
    pub const ALL: [Self; 5] = [
        Self::Memory,
        Self::Redis,
        Self::Postgres,
        Self::SqliteFull,
        Self::SqliteNormal,
    ];

    /// Returns the name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "Redis",
            Self::Postgres => "PostgreSQL",
            Self::SqliteFull => "SQLite, FULL",
            Self::SqliteNormal => "SQLite, NORMAL",
        }
    }
}

impl Databases {
    /// Starts the servers.
    ///
    /// # Errors
    ///
    /// A program is missing; the message names it.
    pub fn start() -> Result<Self> {
        Ok(Self {
            redis: Redis::start()?,
            postgres: Postgres::start()?,
            folder: tempfile::tempdir()?,
            files: Cell::new(0),
        })
    }

    /// Returns a place of its own of a kind: another database, another file. Redis' keys are random.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn place(&self, kind: Kind) -> Result<Backend> {
        let file = || {
            self.files.set(self.files.get() + 1);
            let name = format!("sessions{}.db", self.files.get());
            self.folder.path().join(name)
        };
        Ok(match kind {
            Kind::Memory => Backend::Memory,
            Kind::Redis => Backend::Redis(self.redis.url()),
            Kind::Postgres => {
                let database = self.postgres.database()?;
                Backend::Postgres(self.postgres.url(&database))
            }
            Kind::SqliteFull => Backend::Sqlite(file(), Durability::Full),
            Kind::SqliteNormal => Backend::Sqlite(file(), Durability::Normal),
        })
    }

    /// Returns the Redis server.
    #[must_use]
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Returns the PostgreSQL server.
    #[must_use]
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }
}
