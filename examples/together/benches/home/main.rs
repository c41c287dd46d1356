//! What a store's home costs and saves over HTTP: servers whose store does its I/O in different
//! runtimes, with all workers free and with one that is blocked.
//!
//! ```text
//! cargo bench -p showcase-together --features postgres,redis --bench home [-- sqlite postgres redis]
//! ```
//!
//! Visitors ask at fixed moments, and one request of ten writes. A latency is counted from the moment
//! at which the request was due, so that a wait shows in all requests behind it. All servers on a
//! database stand beside each other, and each round asks one after the other. While a worker is
//! blocked, only the visitors of other workers ask. An answer other than 200 is a failed request.
//!
//! | I/O | on actix-web, whose workers have a runtime of one thread each |
//! |---|---|
//! | `home` | a runtime of the store's own, which it starts by itself |
//! | `home, pool` | a runtime of one thread, with a pool of `sqlx` |
//! | `in place` | the same pool, without a home: each worker has made two of the connections, and calls run where they are made |
//! | `by worker` | a pool of two connections in each worker |
//!
//! axum has one runtime of several threads. It is the `home` of a store that is opened there, so calls
//! run in place; `elsewhere` they are sent to a runtime of one thread.

#![allow(clippy::unwrap_used, missing_docs)]

mod in_place;
mod late;
mod placement;
mod servers;
mod visitors;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::runtime::{Builder, Runtime};

use self::placement::{Placement, shared};
use self::servers::{Served, actix, axum};
use self::visitors::{Latencies, Visitors};

/// The threads of a server that serve.
const WORKERS: usize = 4;
/// The connections of a pool.
const CONNECTIONS: usize = 8;

const ROUNDS: usize = 5;
const FREE: Duration = Duration::from_millis(1_500);
/// More than the time-out of a store.
const BLOCKED: Duration = Duration::from_secs(7);

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |name| {
        let mut names = asked
            .iter()
            .filter(|word| !word.starts_with('-'))
            .peekable();
        names.peek().is_none() || names.any(|word| word == name)
    };
    // Never dropped, because a runtime must not be dropped where a future runs.
    let home: &'static Runtime = Box::leak(Box::new(home()));
    if is_asked("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(format!("{name}.db"));
        let pool = |name: &str| {
            let options = SqliteConnectOptions::new().filename(file(name));
            let options = options.create_if_missing(true);
            let options = options.journal_mode(SqliteJournalMode::Wal);
            options.synchronous(SqliteSynchronous::Normal)
        };
        let open = |name: &str| {
            let file = file(name);
            shared(move || session_store::SqliteStore::open(file.clone()))
        };
        let store = session_store::SqliteStore::from_pool;
        compare(
            "sqlite",
            [
                actix("home", &Placement::everywhere(open("home"))),
                actix("home, pool", &Placement::pool(home, pool("pool"), store)),
                actix("in place", &Placement::in_place(home, pool("place"), store)),
                actix("by worker", &Placement::by_worker(pool("worker"), store)),
                axum("home", &Placement::everywhere(open("axum"))),
                axum("elsewhere", &Placement::elsewhere(home, open("elsewhere"))),
            ],
        );
    }
    if is_asked("postgres") {
        let server = session_servers::Postgres::start().unwrap();
        let url = server.url("postgres");
        let pool = || url.parse::<PgConnectOptions>().unwrap();
        let open = || {
            let url = url.clone();
            shared(move || session_store::PostgresStore::open(url.clone()))
        };
        let store = session_store::PostgresStore::from_pool;
        compare(
            "postgres",
            [
                actix("home", &Placement::everywhere(open())),
                actix("home, pool", &Placement::pool(home, pool(), store)),
                actix("in place", &Placement::in_place(home, pool(), store)),
                actix("by worker", &Placement::by_worker(pool(), store)),
                axum("home", &Placement::everywhere(open())),
                axum("elsewhere", &Placement::elsewhere(home, open())),
            ],
        );
    }
    if is_asked("redis") {
        let server = session_servers::Redis::start().unwrap();
        let url = server.url();
        let open = || {
            let url = url.clone();
            shared(move || session_store::RedisStore::open(url.clone()))
        };
        // The task that serves the connection belongs to the runtime that makes it.
        let over = || {
            let client = redis::Client::open(&*url).unwrap();
            shared(move || {
                let client = client.clone();
                async move {
                    let connection = client.get_connection_manager().await.unwrap();
                    session_store::RedisStore::from_connection(connection).await
                }
            })
        };
        compare(
            "redis",
            [
                actix("home", &Placement::everywhere(open())),
                actix("in place", &Placement::everywhere(over())),
                actix("by worker", &Placement::for_each_worker(over())),
                axum("home", &Placement::everywhere(open())),
                axum("elsewhere", &Placement::elsewhere(home, over())),
            ],
        );
    }
}

/// Starts a runtime as a store's own is.
fn home() -> Runtime {
    let mut one = Builder::new_multi_thread();
    one.worker_threads(1).enable_all().build().unwrap()
}

fn compare<const N: usize>(database: &str, servers: [Served; N]) {
    let client = Builder::new_current_thread().enable_all().build().unwrap();
    client.block_on(async {
        let mut all = Vec::new();
        for server in servers {
            let visitors = Visitors::arrive(server.address).await;
            all.push((server, visitors, Latencies::default(), Latencies::default()));
        }
        println!("{database}, load average {}", load_average());
        for _ in 0..ROUNDS {
            for (_, visitors, free, _) in &mut all {
                free.add(visitors.ask(FREE).await);
            }
        }
        for (server, visitors, _, blocked) in &mut all {
            let asked = visitors.ask_beside_a_blocked_worker(BLOCKED, server.connections);
            blocked.add(asked.await);
        }
        for (server, _, free, blocked) in &mut all {
            let (framework, name) = (server.framework, server.name);
            println!("  {framework:5} {name:10} free: {free}; one worker blocked: {blocked}");
        }
        println!("{database}, load average {}", load_average());
    });
}

fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
