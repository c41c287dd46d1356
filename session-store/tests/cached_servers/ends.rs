//! A socket on one node ends soon after a logout on another: as soon as a notice arrives, or within the poll.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use session_core::{Policy, Sessions, Store};
use session_servers::{Mariadb, Postgres, Redis, skips};
use session_store::{
    CachedOptions, CachedStore, MemoryStore, MysqlStore, Notifies, Notify, PostgresOptions,
    PostgresStore, RedisStore, SqliteStore,
};

/// Far more than a notice may take: whoever is faster has been told.
const POLL_OF_LISTENERS: Duration = Duration::from_mins(1);
/// What a notice may take, on a machine with other things to do; a watcher rests for a tenth of a second.
const LISTENING: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(500);
/// What the promise of two seconds leaves for the rest, on a machine with other things to do.
const REST: Duration = Duration::from_millis(1_000);

/// Logs browsers out on one node, and returns how long after that their sockets on another one ended.
async fn delays(here: Arc<dyn Store>, elsewhere: Arc<dyn Store>, poll: Duration) -> Vec<Duration> {
    let policy = || Policy::builder().watch_every(poll).build().unwrap();
    let (here, elsewhere) = (
        Sessions::shared(policy(), here),
        Sessions::shared(policy(), elsewhere),
    );
    let rounds =
        (0..16).map(|round| round_of(&here, &elsewhere, Duration::from_millis(round * 40)));
    join_all(rounds).await
}

async fn round_of(here: &Sessions, elsewhere: &Sessions, phase: Duration) -> Duration {
    let login = elsewhere.open([]);
    login.handle().load().await.unwrap().sign_in("ada").unwrap();
    let cookie = login.commit(200).await.unwrap();
    let cookie = cookie.set_cookie().unwrap().to_owned();
    let request = here.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    session.stay_idle();
    let mut ended = session.ended(tokio::time::sleep).unwrap();
    drop(request.commit(101).await.unwrap());
    // A socket that has been open for a while, at any point of its wait.
    let early = tokio::time::timeout(Duration::from_millis(300) + phase, &mut ended);
    assert!(early.await.is_err(), "it has not ended");
    let logout = elsewhere.open([cookie.as_bytes()]);
    logout.handle().destroy().unwrap();
    drop(logout.commit(200).await.unwrap());
    let begun = Instant::now();
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .expect("it ends");
    begun.elapsed()
}

fn judge(name: &str, mut delays: Vec<Duration>, bound: Duration) {
    delays.sort();
    let (median, most) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    println!(
        "{name}: a socket ends {median:?} after a logout elsewhere (median), {most:?} at most"
    );
    assert!(most < bound, "{name}: {delays:?}");
}

async fn by_notice(name: &str, here: Arc<dyn Notifies>, elsewhere: Arc<dyn Store>) {
    // An entry may be older than the promise.
    let options = CachedOptions::new().stale_for(POLL_OF_LISTENERS);
    let here = CachedStore::listening(here, &options).await.unwrap();
    let seen = delays(Arc::new(here), elsewhere, POLL_OF_LISTENERS).await;
    judge(&format!("{name}, listening"), seen, LISTENING);
}

async fn by_poll(name: &str, here: Arc<dyn Store>, elsewhere: Arc<dyn Store>) {
    let seen = delays(Arc::clone(&here), Arc::clone(&elsewhere), POLL).await;
    judge(&format!("{name}, polled"), seen, POLL + REST);
    let options = CachedOptions::new().stale_for(POLL);
    let cached = CachedStore::with(here, &options).unwrap();
    let seen = delays(Arc::new(cached), elsewhere, POLL).await;
    let bound = POLL + POLL + REST;
    judge(
        &format!("{name}, polled behind a cache of half a second"),
        seen,
        bound,
    );
}

#[tokio::test]
async fn a_socket_ends_after_a_logout_on_another_node_with_redis() {
    let name = "a_socket_ends_after_a_logout_on_another_node_with_redis";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let open = async || Arc::new(RedisStore::open(redis.url()).await.unwrap());
    by_notice("Redis", open().await, open().await).await;
    by_poll("Redis", open().await, open().await).await;
}

#[tokio::test]
async fn a_socket_ends_after_a_logout_on_another_node_with_postgresql() {
    let name = "a_socket_ends_after_a_logout_on_another_node_with_postgresql";
    if skips(name, &Postgres::PROGRAMS) {
        return;
    }
    let open = async |options: &PostgresOptions| {
        Arc::new(PostgresStore::open_with(options.clone()).await.unwrap())
    };
    let options = crate::postgres::fresh().notify(Notify::Ends);
    by_notice("PostgreSQL", open(&options).await, open(&options).await).await;
    by_poll("PostgreSQL", open(&options).await, open(&options).await).await;
}

#[tokio::test]
async fn a_socket_ends_after_a_logout_on_another_node_with_mariadb() {
    let name = "a_socket_ends_after_a_logout_on_another_node_with_mariadb";
    if skips(name, &Mariadb::PROGRAMS) {
        return;
    }
    let server = Mariadb::start().unwrap();
    let url = server.url(&server.database().unwrap());
    let open = async || Arc::new(MysqlStore::open(&url).await.unwrap());
    by_poll("MariaDB", open().await, open().await).await;
}

#[tokio::test]
async fn a_socket_ends_after_a_logout_by_another_handle_with_sqlite_and_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let open = async || Arc::new(SqliteStore::open(&path).await.unwrap());
    by_poll("SQLite", open().await, open().await).await;
    let memory = Arc::new(MemoryStore::new());
    by_poll("memory", memory.clone(), memory).await;
}
