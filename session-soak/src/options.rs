use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Runs the showcase's servers under mixed clients while stores and servers break, and checks every invariant from an
/// outside ledger.
#[derive(Debug, Clone, Parser)]
#[command(name = "session-soak", after_help = EXIT_CODES)]
#[non_exhaustive]
pub struct Options {
    /// How long each store is soaked, such as 20m
    #[arg(long = "for", value_name = "SPAN", default_value = "60s", value_parser = humantime::parse_duration)]
    pub length: Duration,

    /// Store, which may be repeated; all unless told
    #[arg(long = "store", value_name = "STORE")]
    pub stores: Vec<Kind>,

    /// Server that has a node on the store, which may be repeated; all unless told
    #[arg(long = "server", value_name = "SERVER")]
    pub servers: Vec<Framework>,

    /// Of all that is drawn; drawn from the clock unless told
    #[arg(long)]
    pub seed: Option<u64>,

    /// How many clients there are, of all kinds
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(4..=256))]
    pub clients: u64,

    /// Print JSON, one object a store, and no table
    #[arg(long)]
    pub json: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 no violation; 1 a violation, which is printed with the seed and what its client did last; \
2 a store or a server could not be started.";

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(clippy::exhaustive_enums, reason = "each is started in its own way")]
pub enum Kind {
    /// A file that all nodes share.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// A MariaDB server.
    Mariadb,
    /// A Redis server that writes to its disk before it answers.
    Redis,
    /// Three such, with replicas that never take over.
    RedisCluster,
}

impl Kind {
    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
            Self::RedisCluster => "redis-cluster",
        }
    }
}

/// A framework that the showcase is mounted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(clippy::exhaustive_enums, reason = "there is a program for each")]
pub enum Framework {
    /// `showcase-axum`.
    Axum,
    /// `showcase-actix`.
    Actix,
    /// `showcase-rocket`.
    Rocket,
    /// `showcase-blocking`.
    Blocking,
}

impl Framework {
    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Rocket => "rocket",
            Self::Blocking => "blocking",
        }
    }
}

impl Options {
    /// Returns the stores, all if none is named.
    #[must_use]
    pub fn stores(&self) -> Vec<Kind> {
        if self.stores.is_empty() {
            Kind::value_variants().to_vec()
        } else {
            self.stores.clone()
        }
    }

    /// Returns the servers, all if none is named.
    #[must_use]
    pub fn servers(&self) -> Vec<Framework> {
        if self.servers.is_empty() {
            Framework::value_variants().to_vec()
        } else {
            self.servers.clone()
        }
    }
}
