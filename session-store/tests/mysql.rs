//! The MySQL store against a real server.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "mysql")]

mod estimates;
mod servers;
mod workers;

use session_core::{Command, Policy, Sessions, Store as _};
use session_servers::Mariadb as Server;
use session_store::{MysqlOptions as Options, MysqlStore as SqlStore};
use session_testkit::{digest_of, key_of, moment_at, record_of};

use self::servers::{SERVER, costs, fresh_url, is_missing, passes};

type Pool = sqlx::MySqlPool;
type PoolOptions = sqlx::mysql::MySqlPoolOptions;

/// Has a transaction block all others that write to the row of a check.
const LOCK_TABLE: &str = "INSERT INTO session (`key`, revision, present, issued, closed, created, \
                          seen, expires, expiry, data) VALUES ('', 0, '', 0, 0, 0, 0, 0, '', '')";
const NAME: &str = "mysql";
const SCHEME: &str = "mariadb";
/// A database of every server.
const DATABASE: &str = "test";
/// Has a URL demand TLS; the authority's file follows.
const TLS: &str = "ssl-mode=VERIFY_IDENTITY&ssl-ca=";
/// A table of version 1 with two sessions.
const FIXTURE: &str = include_str!("fixtures/mysql-1.sql");
/// Makes the server read-only for ordinary users; the other tests' user is none.
const READ_ONLY: &str = "SET GLOBAL read_only = 1";
/// Makes every transaction read-only from now on, and undoes that.
const TURN_READ_ONLY: [&str; 1] = [READ_ONLY];
const TURN_BACK: [&str; 1] = ["SET GLOBAL read_only = 0"];
/// Columns of the application's that no insert has to fill.
const FILLED: &[&str] = &[
    "ALTER TABLE session ADD COLUMN made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP \
     ON UPDATE CURRENT_TIMESTAMP",
    "ALTER TABLE session ADD COLUMN size INT AS (length(data)) VIRTUAL",
    "ALTER TABLE session ADD COLUMN hidden INT INVISIBLE DEFAULT 7 NOT NULL",
    "ALTER TABLE session ADD COLUMN name CHAR(36) NOT NULL DEFAULT (uuid())",
    "ALTER TABLE session ADD COLUMN listed BOOLEAN, ADD COLUMN changed INT, ADD COLUMN count INT, \
     ADD COLUMN gone INT, ADD COLUMN session TEXT, ADD COLUMN new INT",
];
const SCHEMA: &str = include_str!("../migrations/mysql.sql");
/// A value of a column of bytes that is no text.
const NOT_UTF8: &str = "x'ff'";
const QUOTED_TABLE: &str = "`session`";
const PARTIAL_TABLE: &str = "CREATE TABLE session (`key` varbinary(40), data longblob)";
/// The schema's words that make a key unique, and the same without that.
const UNIQUE_KEY: (&str, &str) = ("UNIQUE KEY (`key`)", "KEY (`key`)");

/// Creates a user with the password `p` and no privileges, and returns its name for `GRANT`.
fn create_user(server: &Server, database: &str, user: &str) -> String {
    // Without any privilege the user could not even use the database.
    let make = format!(
        "CREATE TABLE other (n int); CREATE USER {user}@'%' IDENTIFIED BY 'p'; \
         GRANT SELECT ON {database}.other TO {user}@'%'"
    );
    server.run(database, &make).unwrap();
    format!("{user}@'%'")
}

/// Closes all connections to a database and returns how many there were.
fn cut_connections(server: &Server, database: &str) -> usize {
    let ids = format!("SELECT id FROM information_schema.processlist WHERE db = '{database}'");
    let ids = server.run("mysql", &ids).unwrap();
    for id in ids.lines() {
        server.run("mysql", &format!("KILL {id}")).unwrap();
    }
    ids.lines().count()
}

/// Locks the table, and unlocks it.
const HOLD: [&str; 2] = ["LOCK TABLES session WRITE", "UNLOCK TABLES"];

/// Counts the statements that wait for a lock.
fn waiting(database: &str) -> usize {
    let count = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{database}' \
         AND state LIKE 'Waiting for table%'"
    );
    SERVER.run("mysql", &count).unwrap().trim().parse().unwrap()
}

/// Errors of servers that would not carry out any statement.
const UNSERVED: &[(u16, &str)] = &[
    (1047, "08S01"),
    (1290, "HY000"),
    (1792, "25006"),
    (1836, "HY000"),
    (1053, "08S01"),
    (1927, "70100"),
    (1021, "HY000"),
    (1041, "HY000"),
    (3100, "HY000"),
    (4031, "HY000"),
];

/// Returns the bytes of an error.
fn refusal(number: u16, state: &str) -> Vec<u8> {
    let text = format!("#{state}not here");
    let number = number.to_le_bytes();
    let length = u8::try_from(text.len() + 3).unwrap();
    [&[length, 0, 0, 1, 0xff], &number[..], text.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_whatever_the_servers_defaults_are() {
    if is_missing() {
        return;
    }
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    for (name, defaults) in [
        (
            "mariadb, ANSI, serializable",
            "SET GLOBAL sql_mode = 'ANSI,PAD_CHAR_TO_FULL_LENGTH', GLOBAL autocommit = 0, \
             GLOBAL tx_isolation = 'SERIALIZABLE', GLOBAL time_zone = '-05:00'",
        ),
        (
            "mariadb, lenient, read committed",
            "SET GLOBAL sql_mode = '', GLOBAL autocommit = 1, \
             GLOBAL tx_isolation = 'READ-COMMITTED', GLOBAL collation_server = 'latin1_swedish_ci'",
        ),
    ] {
        server.run(&database, defaults).unwrap();
        let fresh = server.database().unwrap();
        passes(name, &server.url(&fresh)).await;
    }
}

#[tokio::test]
async fn an_owner_that_does_not_fit_is_an_error_and_not_cut_off() {
    if is_missing() {
        return;
    }
    let store = SqlStore::open(fresh_url()).await.unwrap();
    let mut record = record_of(1);
    record.owner = Some("o".repeat(256).into());
    let insert = Command::Insert {
        key: &key_of(1),
        record: &record,
    };
    let error = store.write(insert, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("more than 255 bytes"), "{error}");
    let found = store.load(&key_of(1), &digest_of(0), moment_at(0)).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn a_pool_whose_connections_lose_data_is_refused() {
    if is_missing() {
        return;
    }
    let url = fresh_url();
    for (setting, says) in [
        ("SET autocommit = 0", "set autocommit = 1"),
        ("SET sql_mode = ''", "add STRICT_ALL_TABLES"),
    ] {
        let options = PoolOptions::new().max_connections(1);
        let pool = options.after_connect(move |connection, _| {
            Box::pin(async move { sqlx::query(setting).execute(connection).await.map(drop) })
        });
        let pool = pool.connect(&url).await.unwrap();
        let error = SqlStore::from_pool(pool).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_url_without_a_database_is_refused() {
    for url in ["mysql://ada@localhost", "mysql://ada@localhost/"] {
        let error = SqlStore::open(url).await.unwrap_err().to_string();
        assert!(error.contains("names no database"), "{error}");
    }
}

#[tokio::test]
async fn each_request_costs_the_server_as_few_statements_as_can_be() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let make = "CREATE USER counted@'%' IDENTIFIED BY 'p'; GRANT ALL ON *.* TO counted@'%'; \
                SET GLOBAL general_log = 1";
    SERVER.run(&database, make).unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("mysql://counted:p@{host}");
    let sessions = Sessions::new(Policy::default(), SqlStore::open(url).await.unwrap());
    costs::are_few(&sessions, || {
        // A statement is prepared once, which is not counted.
        let log = "SELECT command_type, LEFT(argument, 60) FROM general_log WHERE user_host LIKE \
                   'counted%' AND command_type IN ('Execute', 'Query') ORDER BY event_time";
        let log = SERVER.run("mysql", log).unwrap();
        log.lines().map(ToOwned::to_owned).collect()
    })
    .await;
}
