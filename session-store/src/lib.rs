//! Stores for web sessions behind `session-core`'s port.
//!
//! | store | feature | use |
//! |---|---|---|
//! | `MemoryStore` | `memory`, on by default | one process, whose sessions end with it; tests |
//! | `SqliteStore` | `sqlite` | one machine; sessions survive restarts |
//! | `PostgresStore` | `postgres` | many machines, on PostgreSQL |
//! | `MysqlStore` | `mysql` | many machines, on MySQL or MariaDB |
//! | `DjangoStore` | `django`, with `sqlite`, `postgres` or `mysql` | the table of a Django site, whose sessions and logins it shares |
//! | `RedisStore` | `redis` | many machines, on Redis or Valkey: one server, Sentinel or a cluster |
//! | `CachedStore` | `cached` | a small cache in front of any other store |
//! | `Metered` | `metrics` | any other store, whose calls are measured |
//! | `Moving` | `moving` | two other stores, while sessions move from one to the other |
//! | `Legacy` | `legacy`, with `sqlite`, `postgres`, `mysql` or `redis` | what tower-sessions, actix-session or a Django site (with `django`) has stored, for a change without a logout |
//! | `BlockingStore` | `blocking` | any other store, for code without async |
//!
//! Every command is one statement, one script or one critical section. A store keeps a session's
//! key as it is, and digests in place of its secrets.
//!
//! The stores remove expired sessions by themselves: the SQL stores once a minute and a while after
//! their end (`sweep_every`, `sweep_margin` and `no_sweep` of their options), Redis at once. Several
//! processes may do so on one table at a time.
//!
//! Features only add. Each store passes the suite of `session-testkit`. [Deploying](deploying) is the guide for operators: rights, sizes, upgrades,
//! backups, incidents.
//!
//! # What this crate does not do
//!
//! It decides nothing: a store applies a command or refuses it. It starts no tasks but those of
//! sweeps, of a cache that listens, of database connections, of SQLite's checkpoints, of calls that
//! come from another runtime than the store's own, and of the ends of calls that were given up. It
//! starts no threads but SQLite's, those of a `BlockingStore`, and one for the connections of a store
//! that is opened outside a tokio runtime of several threads; to look up hosts' names, tokio starts
//! further ones.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(feature = "cached")]
mod cached;
#[cfg(any(
    feature = "memory",
    feature = "moving",
    all(
        feature = "django",
        any(feature = "mysql", feature = "postgres", feature = "sqlite")
    )
))]
mod device_page;
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
mod django;
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
mod estimate;
#[cfg(feature = "home")]
mod home;
#[cfg(all(
    feature = "legacy",
    any(
        feature = "mysql",
        feature = "postgres",
        feature = "redis",
        feature = "sqlite"
    )
))]
mod legacy;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "metrics")]
mod metered;
#[cfg(feature = "moving")]
mod moving;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "blocking", feature = "home"))]
mod own_runtime;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "home")]
mod time_out;
#[cfg(feature = "sweep")]
mod upkeep;

#[doc = include_str!("../DEPLOYING.md")]
pub mod deploying {}

#[cfg(feature = "blocking")]
pub use blocking::BlockingStore;
#[cfg(feature = "cached")]
pub use cached::{CachedOptions, CachedStore, Invalidator, Notice, Notices, Notifies};
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
pub use django::{DjangoCookies, DjangoOptions, DjangoStore};
#[cfg(all(
    feature = "legacy",
    any(
        feature = "mysql",
        feature = "postgres",
        feature = "redis",
        feature = "sqlite"
    )
))]
pub use legacy::{Legacy, LegacyMismatch, LegacyOptions, LegacyValues};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
#[cfg(feature = "metrics")]
pub use metered::Metered;
#[cfg(feature = "moving")]
pub use moving::{Moved, Moving};
#[cfg(feature = "mysql")]
pub use mysql::{MysqlOptions, MysqlStore};
#[cfg(feature = "postgres")]
pub use postgres::{Notify, PostgresOptions, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{RedisConnection, RedisOptions, RedisStore, RevocationScan};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
