//! A move from each kind of store to another one, killed at random moments and gone on with, while clients of two nodes
//! begin sessions, write, sign in, log out and revoke. A ledger outside of both stores says what the new one has to have in
//! the end.
//!
//! With `FULL=1` 100,000 sessions move, or as many as `SESSIONS` says, and the command is killed ten times; `SEED=n` draws other
//! moments. Each move prints
//! a line: the stores, sessions, duration, kills, requests, their p99 before and beside the command, sessions that were live
//! and ended at the end, how many of those were lost and how many revived.
//!
//! ```text
//! FULL=1 cargo test --release -p sessionctl --test moves -- --nocapture --test-threads 1
//! ```
#![allow(clippy::unwrap_used)]

mod clients;
mod draw;
mod ledger;
#[path = "../place/mod.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod place;
mod rounds;
#[path = "../tool/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod tool;

use session_servers::{Mariadb, Postgres, Redis, skips};

use self::place::Kind::{self, Cluster, Mysql, Postgresql, Single, Sqlite};

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Size {
    sessions: usize,
    kills: usize,
    /// The most requests of the clients before a kill.
    longest: u64,
}

impl Size {
    fn asked() -> Self {
        if std::env::var_os("FULL").is_some() {
            let sessions = std::env::var("SESSIONS");
            Self {
                sessions: sessions.map_or(100_000, |number| number.parse().unwrap()),
                kills: 10,
                longest: 3_000,
            }
        } else {
            Self {
                sessions: 400,
                kills: 3,
                longest: 100,
            }
        }
    }
}

async fn moves(from: Kind, to: Kind) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a move");
    for kind in [from, to] {
        let programs: &[&str] = match kind {
            Sqlite => &[],
            Postgresql => &Postgres::PROGRAMS,
            Mysql => &Mariadb::PROGRAMS,
            Single | Cluster => &Redis::PROGRAMS,
        };
        if skips(name, programs) {
            return;
        }
    }
    rounds::play([from, to], Size::asked()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sqlite_to_postgresql() {
    moves(Sqlite, Postgresql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_postgresql_to_mariadb() {
    moves(Postgresql, Mysql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_mariadb_to_redis() {
    moves(Mysql, Single).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_redis_to_a_cluster() {
    moves(Single, Cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_cluster_to_sqlite() {
    moves(Cluster, Sqlite).await;
}
