//! PostgreSQL alone, behind a pooler, and with a standby that is promoted.

use session_servers::{Balance, FaultProxy, Haproxy, PgBouncer, Postgres, Spoil};
use session_store::{PostgresOptions, PostgresStore};
use tokio::task::block_in_place;

use super::traffic::{Row, Traffic};
use super::{lacks, limit, tell, while_cut_off};

type Start = fn() -> std::io::Result<Postgres>;

async fn open(url: String) -> PostgresStore {
    let options = PostgresOptions::new(url).timeout(limit());
    PostgresStore::open_with(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_postgres_loses_nothing() {
    let versions = [
        (&Postgres::PROGRAMS[..], Postgres::start as Start),
        (&Postgres::NEWEST[..], Postgres::start_newest),
    ];
    for (programs, start) in versions {
        if lacks(programs) {
            continue;
        }
        let mut server = start().unwrap();
        let mut traffic = Traffic::start(open(server.url("postgres")).await).await;
        traffic.break_now();
        block_in_place(|| server.kill());
        traffic.failed().await;
        block_in_place(|| server.restart().unwrap());
        let row = traffic.end().await;
        let version = server.run("postgres", "SHOW server_version").unwrap();
        let version = version.split(['.', ' ']).next().unwrap().trim().to_owned();
        tell(
            &format!("PostgreSQL {version}"),
            "killed, and started again",
            &row,
        );
        assert_eq!(row.lost, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_pooler_loses_nothing() {
    if lacks(&Postgres::PROGRAMS) || lacks(&PgBouncer::PROGRAMS) {
        return;
    }
    let server = Postgres::start().unwrap();
    let mut pooler = PgBouncer::start(&server, "").unwrap();
    let mut traffic = Traffic::start(open(pooler.url("postgres")).await).await;
    traffic.break_now();
    block_in_place(|| pooler.kill());
    traffic.failed().await;
    block_in_place(|| pooler.restart().unwrap());
    let row = traffic.end().await;
    tell(
        "PgBouncer, transaction mode",
        "killed, and started again",
        &row,
    );
    assert_eq!(row.lost, 0);
}

/// Cuts a standby off from its primary, which goes on for a while and dies; the standby is promoted
/// under the traffic, and `HAProxy` finds it.
async fn promotes(what: &str, settings: &[&str], asked: usize) -> Row {
    let mut primary = Postgres::start().unwrap();
    let link = FaultProxy::to(primary.port()).unwrap();
    let standby = primary.standby(link.port()).unwrap();
    for setting in settings {
        primary
            .run("postgres", &format!("ALTER SYSTEM SET {setting}"))
            .unwrap();
    }
    primary.run("postgres", "SELECT pg_reload_conf()").unwrap();
    let haproxy = Haproxy::start([primary.port(), standby.port()], Balance::First).unwrap();
    let [direct, proxied] = [primary.port(), haproxy.port()].map(|port| format!(":{port}/"));
    let url = primary.url("postgres").replace(&direct, &proxied);
    let mut traffic = Traffic::start(open(url).await).await;
    link.spoil(Spoil::Silent);
    traffic.asked(asked).await;
    traffic.break_now();
    block_in_place(|| {
        primary.kill();
        standby.run("postgres", "SELECT pg_promote()").unwrap();
    });
    let row = traffic.end().await;
    let fault = "the standby cut off, then the primary killed and the standby promoted";
    tell(
        &format!("PostgreSQL, a standby, HAProxy; {what}"),
        fault,
        &row,
    );
    row
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_follows_later_lacks_what_was_acknowledged_last() {
    if !lacks(&Postgres::PROGRAMS) && !lacks(&Haproxy::PROGRAMS) {
        let row = promotes("asynchronous", &[], while_cut_off()).await;
        assert!(row.lost > 0, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_commits_wait_for_lacks_nothing() {
    if !lacks(&Postgres::PROGRAMS) && !lacks(&Haproxy::PROGRAMS) {
        let row = promotes(
            "`synchronous_standby_names = '*'`",
            &["synchronous_standby_names = '*'"],
            // The first one waits for the standby until its time-out, or was under way before.
            2,
        );
        let row = row.await;
        assert_eq!(row.lost, 0, "{row}");
        assert!(row.failed > 0, "nothing waited for the standby");
    }
}
