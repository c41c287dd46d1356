//! Throw-away database servers for tests, and sites of Django.
//!
//! Each server is a process of its own on free ports of 127.0.0.1, with its files in a temporary
//! folder. It ends when it is dropped, or with the process that started it. A test can freeze it,
//! kill it and start it again. A missing program makes a test end with a message ([`skips`]), and
//! fail in CI.

mod account;
mod certificate;
mod data_folder;
mod django;
mod django_oracle;
mod fault_proxy;
mod galera;
mod haproxy;
mod mariadb;
mod patience;
mod pgbouncer;
mod port;
mod postgres;
mod process;
mod process_tree;
mod program;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod signals;

pub use certificate::certify;
pub use django::{Django, DjangoServer, DjangoSite};
pub use django_oracle::DjangoOracle;
pub use fault_proxy::{Cut, FaultProxy, Spoil};
pub use galera::Galera;
pub use haproxy::{Balance, Haproxy};
pub use mariadb::Mariadb;
pub use patience::{at_last, soon};
pub use pgbouncer::PgBouncer;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use program::{program, skips};
pub use redis::{Redis, RedisSettings};
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinel;
