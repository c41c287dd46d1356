//! The program passes the HTTP suite on database servers and with a cache too, over real sockets.
#![allow(clippy::unwrap_used)]
#![cfg(any(
    feature = "cached",
    feature = "mysql",
    feature = "postgres",
    feature = "redis"
))]

use session_testkit::http::{Program, http_suite};

/// Runs the suite; all its servers share the table, as those of one application do.
fn passes(name: &str, url: &str) {
    let arguments = ["--listen", "127.0.0.1:0", "--store", url, "--insecure"];
    let program = Program::new(env!("CARGO_BIN_EXE_showcase-axum"), arguments);
    let outcome = pollster::block_on(http_suite(name, &program));
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}

#[cfg(feature = "cached")]
#[test]
fn the_server_passes_the_http_suite_on_sqlite_behind_a_cache() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    let url = format!("cached+sqlite:{}", path.display());
    passes("axum, cached(sqlite)", &url);
}

#[cfg(feature = "postgres")]
#[test]
fn the_server_passes_the_http_suite_on_postgres() {
    use session_servers::{Postgres, skips};

    let test = "the_server_passes_the_http_suite_on_postgres";
    if !skips(test, &Postgres::PROGRAMS) {
        let server = Postgres::start().unwrap();
        passes("axum, postgres", &server.url("postgres"));
    }
}

#[cfg(feature = "mysql")]
#[test]
fn the_server_passes_the_http_suite_on_mysql() {
    use session_servers::{Mariadb, skips};

    let test = "the_server_passes_the_http_suite_on_mysql";
    if !skips(test, &Mariadb::PROGRAMS) {
        let server = Mariadb::start().unwrap();
        passes("axum, mysql", &server.url("test"));
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_server_passes_the_http_suite_on_redis() {
    use session_servers::{Redis, skips};

    let test = "the_server_passes_the_http_suite_on_redis";
    if !skips(test, &Redis::PROGRAMS) {
        let server = Redis::start().unwrap();
        passes("axum, redis", &server.url());
    }
}

#[cfg(all(feature = "cached", feature = "redis"))]
#[test]
fn the_server_passes_the_http_suite_on_redis_behind_a_cache() {
    use session_servers::{Redis, skips};

    let test = "the_server_passes_the_http_suite_on_redis_behind_a_cache";
    if !skips(test, &Redis::PROGRAMS) {
        let server = Redis::start().unwrap();
        passes("axum, cached(redis)", &format!("cached+{}", server.url()));
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_server_passes_the_http_suite_behind_sentinel() {
    use session_servers::{Redis, RedisSentinel, skips};

    let test = "the_server_passes_the_http_suite_behind_sentinel";
    if !skips(test, &Redis::PROGRAMS) {
        let servers = RedisSentinel::start().unwrap();
        passes("axum, redis-sentinel", &servers.url());
    }
}

#[cfg(feature = "redis")]
#[test]
fn the_server_passes_the_http_suite_on_a_redis_cluster() {
    use session_servers::{Redis, RedisCluster, skips};

    let test = "the_server_passes_the_http_suite_on_a_redis_cluster";
    if !skips(test, &Redis::PROGRAMS) {
        let cluster = RedisCluster::start().unwrap();
        passes("axum, redis-cluster", &cluster.url());
    }
}

/// Opens the application as the server does.
#[cfg(all(feature = "cached", any(feature = "postgres", feature = "redis")))]
async fn open(url: &str) -> showcase::App {
    let url = format!("cached+{url}");
    let opened = showcase::prepare("axum", &["--store", &url]).await;
    opened.unwrap()
}

#[cfg(all(feature = "cached", feature = "redis"))]
#[tokio::test]
async fn behind_a_cache_the_server_listens_to_redis() {
    use session_servers::{Redis, skips};

    if !skips(
        "behind_a_cache_the_server_listens_to_redis",
        &Redis::PROGRAMS,
    ) {
        let server = Redis::start().unwrap();
        let _app = open(&server.url()).await;
        // Of the server's clients only the listener speaks this protocol.
        let clients = server.cli(&["CLIENT", "LIST"]).unwrap();
        assert!(clients.contains("resp=3"), "{clients}");
    }
}

#[cfg(all(feature = "cached", feature = "postgres"))]
#[tokio::test]
async fn behind_a_cache_the_server_listens_to_postgres() {
    use session_servers::{Postgres, skips};

    if !skips(
        "behind_a_cache_the_server_listens_to_postgres",
        &Postgres::PROGRAMS,
    ) {
        let server = Postgres::start().unwrap();
        let _app = open(&server.url("postgres")).await;
        let count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
        assert_eq!(server.run("postgres", count).unwrap().trim(), "1");
    }
}
