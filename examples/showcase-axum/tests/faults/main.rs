//! Database servers die, freeze and forget while browsers use the showcase: requests fail in time
//! with 503, no acknowledged write is lost, nobody is logged out, and service resumes by itself.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "mysql", feature = "postgres", feature = "redis"))]

mod browsers;
mod crowd;
mod scene;
mod showcase;

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use session_servers::{
    Mariadb, Postgres, Redis, RedisCluster, RedisSentinel, RedisSettings, skips,
};

use crowd::{Crowd, Noticed};
use showcase::Showcase;

/// A server that can be broken and mended.
trait Server {
    fn kill(&mut self);
    fn restart(&mut self) -> io::Result<()>;
    fn freeze(&self) -> io::Result<()>;
    fn thaw(&self) -> io::Result<()>;
    /// Cuts all connections, now.
    fn cut(&self) -> io::Result<()>;
    /// Forgets all prepared statements.
    fn forget(&self) -> io::Result<String>;
}

macro_rules! server {
    ($name:ident, |$server:ident| $forget:expr) => {
        impl Server for $name {
            fn kill(&mut self) {
                self.kill();
            }
            fn restart(&mut self) -> io::Result<()> {
                self.restart()
            }
            fn freeze(&self) -> io::Result<()> {
                self.freeze()
            }
            fn thaw(&self) -> io::Result<()> {
                self.thaw()
            }
            fn cut(&self) -> io::Result<()> {
                self.cut_connections()
            }
            fn forget(&self) -> io::Result<String> {
                let $server = self;
                $forget
            }
        }
    };
}

server!(Postgres, |server| server
    .run("postgres", "ALTER TABLE session SET (fillfactor = 90)"));
server!(Mariadb, |server| server.run("test", "FLUSH TABLES"));
server!(Redis, |server| server.cli(&["SCRIPT", "FLUSH"]));

/// Puts a single server through every kind of outage.
fn goes_through_everything(name: &'static str, url: String, limit: Duration, server: impl Server) {
    let showcase = Showcase::start(url);
    let crowd = Crowd::gather(name, &showcase, limit + SLACK);
    let server = &RefCell::new(server);
    let kill = || server.borrow_mut().kill();
    let restart = || server.borrow_mut().restart().unwrap();
    crowd.unnoticed("all prepared statements forgotten", || {
        server.borrow().forget().unwrap();
    });
    crowd.outage("killed", kill, Noticed::All(30), restart);
    crowd.unheard("all connections cut while nobody asked", || {
        server.borrow().cut().unwrap();
    });
    let before = showcase.memory();
    let freeze = || {
        server.borrow().freeze().unwrap();
        crowd.storm();
    };
    let thaw = || server.borrow().thaw().unwrap();
    crowd.outage("frozen", freeze, Noticed::All(1), thaw);
    let after = showcase.memory();
    assert!(after < before + 64, "{name}: {before} MiB, then {after}");
    crowd.part();
}

/// The stores' own time-out is 5 s; the SQL stores also wait for a connection.
const ON_SQL: Duration = Duration::from_secs(10);
const ON_REDIS: Duration = Duration::from_secs(5);

/// The time that a busy machine may add; an endless wait is found all the same.
const SLACK: Duration = Duration::from_secs(10);

#[test]
fn postgres_may_break() {
    if !skips("postgres_may_break", &Postgres::PROGRAMS) {
        let server = Postgres::start().unwrap();
        goes_through_everything("postgres", server.url("postgres"), ON_SQL, server);
    }
}

#[test]
fn mariadb_may_break() {
    if !skips("mariadb_may_break", &Mariadb::PROGRAMS) {
        let server = Mariadb::start().unwrap();
        goes_through_everything("mariadb", server.url("test"), ON_SQL, server);
    }
}

#[test]
fn redis_may_break() {
    if !skips("redis_may_break", &Redis::PROGRAMS) {
        let server = Redis::start_with(RedisSettings::default().durable()).unwrap();
        goes_through_everything("redis", server.url(), ON_REDIS, server);
    }
}

#[test]
fn redis_behind_sentinel_may_break() {
    if skips("redis_behind_sentinel_may_break", &Redis::PROGRAMS) {
        return;
    }
    let servers = RedisSentinel::start().unwrap();
    let showcase = Showcase::start(servers.url());
    let crowd = Crowd::gather("redis-sentinel", &showcase, ON_REDIS + SLACK);
    let servers = &RefCell::new(servers);
    let catch_up = || {
        let servers = servers.borrow();
        servers.wait_until_the_replica_catches_up().unwrap();
    };
    let first = servers.borrow().primary().unwrap();
    let kill = || servers.borrow_mut().kill(first);
    crowd.failover("the primary killed", catch_up, kill, Noticed::All(1));
    assert_ne!(servers.borrow().primary().unwrap(), first);
    // It acts as a primary until the sentinels notice it, after some seconds.
    servers.borrow_mut().restart(first).unwrap();
    crowd.unnoticed("the old primary started", || {});
    crowd.part();
}

#[test]
fn a_redis_cluster_may_break() {
    if skips("a_redis_cluster_may_break", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start_durable().unwrap();
    let showcase = Showcase::start(cluster.url());
    let crowd = Crowd::gather("redis-cluster", &showcase, ON_REDIS + SLACK);
    let cluster = &RefCell::new(cluster);
    let catch_up = || cluster.borrow().wait_until_replicas_catch_up().unwrap();
    let whole = || cluster.borrow().wait_until_it_is_whole().unwrap();
    let primary = || cluster.borrow().primaries().unwrap()[0];
    crowd.unnoticed("scripts forgotten", || {
        for node in 0..6 {
            cluster.borrow().cli(node, &["SCRIPT", "FLUSH"]).unwrap();
        }
    });
    // With a replica.
    let first = primary();
    let kill = || cluster.borrow_mut().kill(first);
    crowd.failover("a primary killed", catch_up, kill, Noticed::Any);
    cluster.borrow_mut().restart(first).unwrap();
    whole();
    // Without.
    let second = primary();
    let replicas = cluster.borrow().replicas(second).unwrap();
    let lost = [replicas, vec![second]].concat();
    let kill = || {
        for node in &lost {
            cluster.borrow_mut().kill(*node);
        }
    };
    let restart = || {
        for node in lost.iter().rev() {
            cluster.borrow_mut().restart(*node).unwrap();
        }
        whole();
    };
    crowd.outage(
        "a primary and its replica killed",
        kill,
        Noticed::Part,
        restart,
    );
    let third = primary();
    let freeze = || cluster.borrow().freeze(third).unwrap();
    crowd.failover("a primary frozen", catch_up, freeze, Noticed::Any);
    cluster.borrow().thaw(third).unwrap();
    crowd.unnoticed("the old primary resumed", || {});
    crowd.part();
}

/// On SQLite the showcase itself is the server.
#[test]
fn the_showcase_may_be_killed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let showcase = Showcase::start(url);
    let crowd = Crowd::gather("sqlite", &showcase, SLACK);
    let showcase = &RefCell::new(showcase);
    let kill = || showcase.borrow_mut().kill();
    let restart = || showcase.borrow_mut().restart();
    for _ in 0..3 {
        crowd.outage("killed", kill, Noticed::All(1), restart);
    }
    crowd.part();
}
