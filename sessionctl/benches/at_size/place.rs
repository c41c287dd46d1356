use std::sync::Arc;
use std::time::Duration;

use session_core::Store;
use session_servers::{Mariadb, Postgres, Redis};
use session_store::{
    MysqlOptions, MysqlStore, PostgresOptions, PostgresStore, RedisOptions, RedisStore,
    SqliteOptions, SqliteStore,
};
use tempfile::TempDir;

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgresql,
    Mysql,
    Redis,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
            Self::Mysql => "MariaDB",
            Self::Redis => "Redis",
        }
    }
}

/// A store of a kind, on a server of its own.
pub struct Place {
    pub kind: Kind,
    pub url: String,
    /// Ends with it.
    _server: Server,
}

#[allow(dead_code, reason = "each is kept until it is dropped")]
enum Server {
    Folder(TempDir),
    Postgres(Postgres),
    Mariadb(Mariadb),
    Redis(Redis),
}

impl Place {
    pub fn start(kind: Kind) -> Self {
        let (url, server) = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
                (url, Server::Folder(folder))
            }
            Kind::Postgresql => {
                let server = Postgres::start().unwrap();
                let url = server.url(&server.database().unwrap());
                (url, Server::Postgres(server))
            }
            Kind::Mysql => {
                let server = Mariadb::start().unwrap();
                let url = server.url(&server.database().unwrap());
                (url, Server::Mariadb(server))
            }
            Kind::Redis => {
                let server = Redis::start().unwrap();
                (server.url(), Server::Redis(server))
            }
        };
        Self {
            kind,
            url,
            _server: server,
        }
    }

    /// Opens the store as a node does whose sweep is the operator's command, so that this has something to do.
    pub async fn open(&self) -> Arc<dyn Store> {
        let url = &self.url;
        match self.kind {
            Kind::Sqlite => {
                let path = url.strip_prefix("sqlite:").unwrap();
                let options = SqliteOptions::new(path).timeout(LIMIT).no_sweep();
                Arc::new(SqliteStore::open_with(options).await.unwrap())
            }
            Kind::Postgresql => {
                let options = PostgresOptions::new(url).timeout(LIMIT).no_sweep();
                Arc::new(PostgresStore::open_with(options).await.unwrap())
            }
            Kind::Mysql => {
                let options = MysqlOptions::new(url).timeout(LIMIT).no_sweep();
                Arc::new(MysqlStore::open_with(options).await.unwrap())
            }
            Kind::Redis => {
                let options = RedisOptions::new(url).timeout(LIMIT);
                Arc::new(RedisStore::open_with(options).await.unwrap())
            }
        }
    }
}

/// What waits longer than this is lost, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(30);
