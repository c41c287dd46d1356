//! Throw-away database servers for tests.
//!
//! Each server is a process of its own on free ports of 127.0.0.1, with its files in a temporary
//! folder; it ends when it is dropped, or with the process that has started it. A test can freeze it, kill it and start it again. Where the
//! program is not installed, [`skips`] says so loudly and the test ends; in CI that is a failure.

mod account;
mod certificate;
mod detour;
mod family;
mod mariadb;
mod port;
mod postgres;
mod process;
mod program;
mod redis;
mod redis_cluster;
mod redis_sentinel;

pub use certificate::certify;
pub use detour::{Cut, Detour};
pub use mariadb::Mariadb;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use program::{program, skips};
pub use redis::{Redis, RedisSettings};
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinel;
