use std::sync::Arc;
use std::time::Duration;

use session_core::Store;
use session_servers::{Mariadb, Postgres, Redis, RedisCluster};
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
    Single,
    Cluster,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
            Self::Mysql => "MariaDB",
            Self::Single => "Redis",
            Self::Cluster => "Redis Cluster",
        }
    }
}

/// Whether a node sweeps by itself, or leaves that to the operator's command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweeps {
    Alone,
    ByCommand,
}

/// A store of a kind, on a server of its own.
pub struct Place {
    pub url: String,
    pub kind: Kind,
    /// Ends with it.
    _server: Server,
}

#[allow(dead_code, reason = "each is kept until it is dropped")]
enum Server {
    Folder(TempDir),
    Postgres(Postgres),
    Mariadb(Mariadb),
    Redis(Redis),
    Cluster(RedisCluster),
}

/// What waits longer than this is lost, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(30);

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
            Kind::Single => {
                let server = Redis::start().unwrap();
                (server.url(), Server::Redis(server))
            }
            Kind::Cluster => {
                let cluster = RedisCluster::start().unwrap();
                (cluster.url(), Server::Cluster(cluster))
            }
        };
        Self {
            url,
            kind,
            _server: server,
        }
    }

    /// Opens the store as a node does.
    pub async fn open(&self, sweeps: Sweeps) -> Arc<dyn Store> {
        let (url, alone) = (&self.url, sweeps == Sweeps::Alone);
        match self.kind {
            Kind::Sqlite => {
                let path = url.strip_prefix("sqlite:").unwrap();
                let options = SqliteOptions::new(path).timeout(LIMIT);
                let options = if alone { options } else { options.no_sweep() };
                Arc::new(SqliteStore::open_with(options).await.unwrap())
            }
            Kind::Postgresql => {
                let options = PostgresOptions::new(url).timeout(LIMIT);
                let options = if alone { options } else { options.no_sweep() };
                Arc::new(PostgresStore::open_with(options).await.unwrap())
            }
            Kind::Mysql => {
                let options = MysqlOptions::new(url).timeout(LIMIT);
                let options = if alone { options } else { options.no_sweep() };
                Arc::new(MysqlStore::open_with(options).await.unwrap())
            }
            Kind::Single | Kind::Cluster => {
                let options = RedisOptions::new(url).timeout(LIMIT);
                Arc::new(RedisStore::open_with(options).await.unwrap())
            }
        }
    }
}
