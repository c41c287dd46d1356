//! Stores for web sessions behind `session-core`'s port.
//!
//! | store | feature | what it is for |
//! |---|---|---|
//! | `MemoryStore` | `memory`, on by default | one process whose sessions may end with it; tests |
//! | `SqliteStore` | `sqlite` | one machine, sessions that outlive restarts |
//! | `PostgresStore` | `postgres` | many machines, on PostgreSQL |
//! | `MysqlStore` | `mysql` | many machines, on MySQL or MariaDB |
//! | `CachedStore` | `cached` | any of them, behind a small cache, where sessions are read much more than written |
//!
//! Every command is one statement or one critical section, and what has expired is absent at
//! once. The memory that it occupies is freed by a `Sweeper` (feature `sweeper`, which the
//! databases bring along), or by whoever calls `Store::sweep` now and then. Several processes may
//! sweep one table at a time.
//!
//! Code without async takes any of them as a `BlockingStore` (feature `blocking`).
//!
//! Features only add. Each store passes the suite of `session-testkit`.
//!
//! # What this crate does not do
//!
//! It decides nothing: a store applies a command or refuses it. It starts no task but the
//! sweeper's, and that of a cache which listens; no thread but those that a `BlockingStore` waits
//! on. It keeps no secret that opens a session, only digests.

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(feature = "cached")]
mod cached;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
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
#[cfg(feature = "sweeper")]
mod sweeper;

#[cfg(feature = "blocking")]
pub use blocking::BlockingStore;
#[cfg(feature = "cached")]
pub use cached::{CachedOptions, CachedStore, Invalidator, Notice, Notices, Notifies};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
#[cfg(feature = "mysql")]
pub use mysql::{MysqlOptions, MysqlStore};
#[cfg(feature = "postgres")]
pub use postgres::{Notify, PostgresOptions, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{RedisOptions, RedisStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
#[cfg(feature = "sweeper")]
pub use sweeper::Sweeper;
