//! The servers start, answer, die and restart with their data.
#![allow(clippy::unwrap_used)]

use session_servers::{Mariadb, Postgres, skips};

#[test]
fn postgres_restarts_with_its_data() {
    if skips("postgres", &Postgres::PROGRAMS) {
        return;
    }
    let mut server = Postgres::start().unwrap();
    let database = server.database().unwrap();
    let make = "CREATE TABLE t (n int); INSERT INTO t VALUES (7)";
    server.run(&database, make).unwrap();
    server.kill();
    assert!(server.run(&database, "SELECT n FROM t").is_err());
    server.restart().unwrap();
    let answer = server.run(&database, "SELECT n FROM t").unwrap();
    assert_eq!(answer.trim(), "7");
}

#[test]
fn mariadb_restarts_with_its_data() {
    if skips("mariadb", &Mariadb::PROGRAMS) {
        return;
    }
    let mut server = Mariadb::start().unwrap();
    let database = server.database().unwrap();
    let make = "CREATE TABLE t (n int); INSERT INTO t VALUES (7)";
    server.run(&database, make).unwrap();
    server.kill();
    assert!(server.run(&database, "SELECT n FROM t").is_err());
    server.restart().unwrap();
    let answer = server.run(&database, "SELECT n FROM t").unwrap();
    assert_eq!(answer.trim(), "7");
}
