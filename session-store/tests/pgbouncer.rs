//! The PostgreSQL store behind `PgBouncer` in transaction mode.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "postgres")]

mod workers;

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use session_core::{Policy, Sessions, Store};
use session_servers::{PgBouncer, Postgres, skips};
use session_store::{PostgresOptions, PostgresStore};
use session_testkit::{digest_of, key_of, moment_at, store_suite};

static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start().unwrap());

/// `PgBouncer` refuses settings that it does not know, unless it is told to ignore them.
const REFUSES: &str = "";
const IGNORES: &str = "ignore_startup_parameters = options, extra_float_digits";

fn is_missing() -> bool {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    skips(test, &Postgres::PROGRAMS) || skips(test, &PgBouncer::PROGRAMS)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_passes_the_suite_behind_pgbouncer() {
    if is_missing() {
        return;
    }
    let pooler = PgBouncer::start(&SERVER, "").unwrap();
    let url = pooler.url(&SERVER.database().unwrap());
    let count = AtomicUsize::new(0);
    store_suite("pgbouncer", async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = PostgresOptions::new(&url).table(table).connections(20);
        Arc::new(PostgresStore::open_with(options).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_requests_on_several_nodes_are_exact_behind_pgbouncer() {
    if is_missing() {
        return;
    }
    for settings in [REFUSES, IGNORES] {
        let mut pooler = PgBouncer::start(&SERVER, settings).unwrap();
        let url = pooler.url(&SERVER.database().unwrap());
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let store = PostgresStore::open(&url).await.unwrap();
            nodes.push(Sessions::new(Policy::default(), store));
        }
        let mut cookie = String::new();
        count(&nodes[0], &mut cookie).await;
        for round in 0..2 {
            let requests = (0..36).map(|number| {
                let (node, mut cookie) = (nodes[number % 3].clone(), cookie.clone());
                tokio::spawn(async move { count(&node, &mut cookie).await })
            });
            for request in requests.collect::<Vec<_>>() {
                request.await.unwrap();
            }
            let counted = count(&nodes[1], &mut cookie).await;
            assert_eq!(counted, 2 + round + 36 * (round + 1));
            tokio::task::block_in_place(|| {
                pooler.kill();
                pooler.restart().unwrap();
            });
        }
    }
}

/// A pooler that hands settings on may give a client the connection of another one, which it must not
/// take for its own.
#[tokio::test]
async fn no_two_connections_have_one_name() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "postgres://u:p@{}/d?sslmode=disable",
        listener.local_addr().unwrap()
    );
    let names = thread::spawn(move || {
        let name = |_| {
            let (mut client, _) = listener.accept().unwrap();
            let mut bytes = vec![0; 4096];
            let count = std::io::Read::read(&mut client, &mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let (_, rest) = text.split_once("session_store.connection=").unwrap();
            rest.split(['\0', ' ']).next().unwrap().to_owned()
        };
        [0; 2].map(name)
    });
    for _ in 0..2 {
        assert!(PostgresStore::open(&url).await.is_err());
    }
    let [one, other] = names.join().unwrap();
    assert!(one != other && one.len() == 16, "{one} {other}");
}

/// A request that raises a session's number by one; it keeps the first cookie.
async fn count(node: &Sessions, cookie: &mut String) -> usize {
    let request = node.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    let raise = |number: Option<usize>| number.unwrap_or(0) + 1;
    session.update("number", raise).unwrap();
    let number = session.get("number").unwrap().unwrap();
    let reply = request.commit(200).await.unwrap();
    if let Some(set) = reply.set_cookie()
        && cookie.is_empty()
    {
        set.split(';').next().unwrap().clone_into(cookie);
    }
    number
}

/// Nothing stays on a connection that another program gets next.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_on_the_poolers_connections() {
    if is_missing() {
        return;
    }
    let pooler = PgBouncer::start(&SERVER, "default_pool_size = 1").unwrap();
    let database = SERVER.database().unwrap();
    let store = PostgresStore::open(pooler.url(&database)).await.unwrap();
    store.check().await.unwrap();
    let ask = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''";
    let ask = format!(
        "{ask} UNION ALL SELECT setting::int FROM pg_settings \
         WHERE name IN ('statement_timeout', 'lock_timeout')"
    );
    let url = pooler.url(&database);
    let answer = Postgres::run_at(&url, &ask).unwrap();
    assert_eq!(answer.trim(), "0\n0\n0");
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_ends_on_the_server_behind_pgbouncer() {
    if is_missing() {
        return;
    }
    let pooler = PgBouncer::start(&SERVER, IGNORES).unwrap();
    let database = SERVER.database().unwrap();
    let options = PostgresOptions::new(pooler.url(&database)).timeout(Duration::from_secs(1));
    let store = PostgresStore::open_with(options).await.unwrap();
    let others = sqlx::PgPool::connect(&SERVER.url(&database)).await.unwrap();
    let mut holder = others.begin().await.unwrap();
    let lock = sqlx::query("LOCK TABLE session").execute(&mut *holder);
    lock.await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) || waiting(&database) > 0 {
        let is_early = begun.elapsed() < Duration::from_secs(10);
        assert!(is_early, "a statement waits as long as the lock");
        let (key, secret) = (&key_of(0), &digest_of(0));
        let _ = store.load(key, secret, moment_at(0)).await;
    }
    holder.commit().await.unwrap();
    store.check().await.unwrap();
}

fn waiting(database: &str) -> usize {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
         AND wait_event_type = 'Lock'"
    );
    let count = SERVER.run("postgres", &count).unwrap();
    count.trim().parse().unwrap()
}

#[test]
fn a_blocked_worker_holds_up_no_other_workers_requests() {
    if is_missing() {
        return;
    }
    let mut pooler = PgBouncer::start(&SERVER, REFUSES).unwrap();
    let url = pooler.url(&SERVER.database().unwrap());
    let cut = || {
        pooler.kill();
        pooler.restart().unwrap();
    };
    workers::a_blocked_worker_holds_up_no_other(async || PostgresStore::open(url).await, cut);
}

#[cfg(feature = "cached")]
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_listens_past_pgbouncer() {
    use session_core::{Command, Only, Outcome};
    use session_store::{CachedOptions, CachedStore, Notify};
    use session_testkit::record_of;

    if is_missing() {
        return;
    }
    let pooler = PgBouncer::start(&SERVER, IGNORES).unwrap();
    let database = SERVER.database().unwrap();
    let options = PostgresOptions::new(pooler.url(&database)).notify(Notify::Changes);
    let slow = CachedOptions::new().stale_for(Duration::from_secs(60));
    let store = Arc::new(PostgresStore::open_with(options.clone()).await.unwrap());
    let error = CachedStore::listening(store, &slow).await.unwrap_err();
    assert!(error.to_string().contains("listen_url"), "{error}");

    let options = options.listen_url(SERVER.url(&database));
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let store = Arc::new(PostgresStore::open_with(options.clone()).await.unwrap());
        nodes.push(CachedStore::listening(store, &slow).await.unwrap());
    }
    let (key, record, now) = (&key_of(1), &record_of(1), moment_at(0));
    let secret = &record.secrets.present;
    let insert = Command::Insert { key, record };
    assert_eq!(nodes[0].write(insert, now).await.unwrap(), Outcome::Applied);
    let found = nodes[1].load(key, secret, now).await.unwrap();
    assert_eq!(found.as_ref(), Some(record));
    let only = Only::Always;
    nodes[0]
        .write(Command::Delete { key, only }, now)
        .await
        .unwrap();
    let begun = Instant::now();
    while nodes[1].load(key, secret, now).await.unwrap().is_some() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no notice arrived"
        );
        tokio::task::yield_now().await;
    }
}
