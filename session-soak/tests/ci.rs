//! The soak for half a minute: six seconds on each store, of which two frameworks have a node each.
//!
//! `scripts/soak` does the same for as long as is asked for.
#![allow(clippy::unwrap_used)]

use std::env;
use std::path::Path;
use std::time::Duration;

use session_servers::{Mariadb, Postgres, Redis, skips};
use session_soak::{Crowd, Framework, Invariant, Kind, soak};

/// Soaks a store, one at a time: they share two cores with the tests beside them.
fn is_soaked(test: &str, kind: Kind, needs: &[&str], servers: [Framework; 2]) {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock();
    let programs = Path::new(env!("CARGO_BIN_EXE_session-soak"));
    let programs = programs.parent().unwrap();
    if skips(test, needs) || are_missing(test, programs, servers) {
        return;
    }
    let seed = env::var("SEED").map_or(1, |seed| seed.parse().unwrap());
    let crowd = Crowd {
        seed,
        clients: 16,
        length: Duration::from_secs(6),
    };
    let report = soak(kind, &servers, programs, crowd).unwrap();
    println!("{}", report.json());
    if let Some(story) = report.story() {
        panic!("{story}");
    }
    assert!(report.requests() > 100, "{}", report.json());
    assert!(report.faults() > 0, "{}", report.json());
    for invariant in Invariant::ALL {
        assert!(report.checks.of(invariant) > 0, "{invariant:?}");
    }
}

/// Says whether a showcase is not built, as with `cargo test -p session-soak` alone; a run for CI has all.
fn are_missing(test: &str, programs: &Path, servers: [Framework; 2]) -> bool {
    let paths = servers.map(|server| programs.join(format!("showcase-{}", server.name())));
    let Some(missing) = paths.iter().find(|path| !path.is_file()) else {
        return false;
    };
    let strict = ["CI", "STRICT"].map(env::var_os);
    let missing = missing.display();
    assert!(
        strict.iter().all(Option::is_none),
        "{test}: {missing} is not built"
    );
    eprintln!("SKIPPED {test}: {missing} is not built");
    true
}

#[test]
fn sqlite_is_soaked() {
    let servers = [Framework::Axum, Framework::Blocking];
    is_soaked("sqlite_is_soaked", Kind::Sqlite, &[], servers);
}

#[test]
fn postgresql_is_soaked() {
    let servers = [Framework::Actix, Framework::Rocket];
    let needs = &Postgres::PROGRAMS;
    is_soaked("postgresql_is_soaked", Kind::Postgres, needs, servers);
}

#[test]
fn mariadb_is_soaked() {
    let servers = [Framework::Blocking, Framework::Axum];
    is_soaked(
        "mariadb_is_soaked",
        Kind::Mariadb,
        &Mariadb::PROGRAMS,
        servers,
    );
}

#[test]
fn redis_is_soaked() {
    let servers = [Framework::Rocket, Framework::Blocking];
    is_soaked("redis_is_soaked", Kind::Redis, &Redis::PROGRAMS, servers);
}

#[test]
fn a_redis_cluster_is_soaked() {
    let servers = [Framework::Axum, Framework::Actix];
    let needs = &Redis::PROGRAMS;
    is_soaked(
        "a_redis_cluster_is_soaked",
        Kind::RedisCluster,
        needs,
        servers,
    );
}
