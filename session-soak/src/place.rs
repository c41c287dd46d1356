use std::io;

use session_servers::{Mariadb, Postgres, Redis, RedisCluster, RedisSettings};
use tempfile::TempDir;

use crate::options::Kind;

/// A store on a server of its own, which can break.
#[derive(Debug)]
pub(crate) enum Place {
    /// Its files; the nodes are its servers.
    Sqlite(TempDir),
    Postgres(Postgres),
    Mariadb(Mariadb),
    Redis(Redis),
    Cluster(RedisCluster),
}

impl Place {
    pub(crate) fn start(kind: Kind) -> io::Result<Self> {
        Ok(match kind {
            Kind::Sqlite => Self::Sqlite(tempfile::tempdir()?),
            Kind::Postgres => Self::Postgres(Postgres::start()?),
            Kind::Mariadb => Self::Mariadb(Mariadb::start()?),
            Kind::Redis => Self::Redis(Redis::start_with(RedisSettings::default().durable())?),
            // A replica that takes over may lack what was acknowledged.
            Kind::RedisCluster => Self::Cluster(RedisCluster::start_durable_without_failover()?),
        })
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join("sessions.db").display())
            }
            Self::Postgres(server) => server.url("postgres"),
            Self::Mariadb(server) => server.url("test"),
            Self::Redis(server) => server.url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    /// Returns the port of a server that a proxy can stand before.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Postgres(server) => Some(server.port()),
            Self::Mariadb(server) => Some(server.port()),
            Self::Redis(server) => Some(server.port()),
            Self::Sqlite(_) | Self::Cluster(_) => None,
        }
    }

    /// Says whether it has a server.
    pub(crate) fn has_server(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    /// Kills the server; of a cluster the primary with this number.
    pub(crate) fn kill(&mut self, primary: usize) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(server) => server.kill(),
            Self::Mariadb(server) => server.kill(),
            Self::Redis(server) => server.kill(),
            Self::Cluster(cluster) => cluster.kill(primary),
        }
    }

    pub(crate) fn restart(&mut self, primary: usize) -> io::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.restart(),
            Self::Mariadb(server) => server.restart(),
            Self::Redis(server) => server.restart(),
            Self::Cluster(cluster) => {
                cluster.restart(primary)?;
                cluster.wait_until_it_is_whole()
            }
        }
    }

    pub(crate) fn freeze(&self, primary: usize) -> io::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.freeze(),
            Self::Mariadb(server) => server.freeze(),
            Self::Redis(server) => server.freeze(),
            Self::Cluster(cluster) => cluster.freeze(primary),
        }
    }

    pub(crate) fn thaw(&self, primary: usize) -> io::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.thaw(),
            Self::Mariadb(server) => server.thaw(),
            Self::Redis(server) => server.thaw(),
            Self::Cluster(cluster) => {
                cluster.thaw(primary)?;
                cluster.wait_until_it_is_whole()
            }
        }
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self, primary: usize) -> io::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.cut_connections(),
            Self::Mariadb(server) => server.cut_connections(),
            Self::Redis(server) => server.cut_connections(),
            Self::Cluster(cluster) => {
                let words = ["CLIENT", "KILL", "TYPE", "normal"];
                cluster.cli(primary, &words).map(drop)
            }
        }
    }
}

/// A cluster's first nodes are its primaries, as none takes over.
pub(crate) const PRIMARIES: u64 = 3;
