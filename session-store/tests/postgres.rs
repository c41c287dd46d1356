//! The PostgreSQL store against a real server.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "postgres")]

mod servers;
mod workers;

use session_core::{Command, Policy, Sessions, Store as _};
use session_servers::Postgres as Server;
use session_store::{Notify, PostgresOptions as Options, PostgresStore as SqlStore};
use session_testkit::{changed, key_of, moment_at, record_of};

use self::servers::{SERVER, costs, fresh_url, is_missing, passes};

type Pool = sqlx::PgPool;
type PoolOptions = sqlx::postgres::PgPoolOptions;

/// Has a transaction block all others that use the table.
const LOCK_TABLE: &str = "LOCK TABLE session";
const NAME: &str = "postgres";
const SCHEME: &str = "postgresql";
/// A database of every server.
const DATABASE: &str = "postgres";
/// Has a URL demand TLS; the authority's file follows.
const TLS: &str = "sslmode=verify-full&sslrootcert=";
/// A table of version 1 with two sessions.
const FIXTURE: &str = include_str!("fixtures/postgres-1.sql");
/// Makes every transaction of a user read-only.
const READ_ONLY: &str = "ALTER ROLE USER SET default_transaction_read_only = on";
/// Makes every transaction read-only from now on, and undoes that.
///
/// The server reads its settings again before it takes the last command's connection.
const TURN_READ_ONLY: [&str; 3] = [
    "ALTER SYSTEM SET default_transaction_read_only = on",
    "SELECT pg_reload_conf()",
    "SELECT 1",
];
const TURN_BACK: [&str; 3] = [
    "ALTER SYSTEM RESET default_transaction_read_only",
    "SELECT pg_reload_conf()",
    "SELECT 1",
];
const SCHEMA: &str = include_str!("../migrations/postgres.sql");
/// A value of a column of bytes that is no text.
const NOT_UTF8: &str = r"'\xff'";
const QUOTED_TABLE: &str = "\"session\"";
const PARTIAL_TABLE: &str = "CREATE TABLE session (key bytea, data bytea)";
/// The schema's words that make a key unique, and the same without that.
const UNIQUE_KEY: (&str, &str) = (" PRIMARY KEY", "");

/// Creates a user with the password `p` and no privileges, and returns its name for `GRANT`.
fn create_user(server: &Server, database: &str, user: &str) -> String {
    let make = format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'p'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    );
    server.run(database, &make).unwrap();
    user.to_owned()
}

/// Closes all connections to a database and returns how many there were.
fn cut_connections(server: &Server, database: &str) -> usize {
    let cut = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    );
    let cut = server.run("postgres", &cut).unwrap();
    cut.lines().filter(|line| *line == "t").count()
}

/// Locks the table for some seconds.
const HOLD: &str = "LOCK TABLE session; SELECT pg_sleep(5)";

/// Counts the statements that wait for a lock.
fn waiting(database: &str) -> usize {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
         AND wait_event_type = 'Lock'"
    );
    SERVER
        .run("postgres", &count)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// Errors of servers that would not carry out any statement.
const UNSERVED: &[(u16, &str)] = &[
    (0, "57P01"),
    (0, "57P03"),
    (0, "25006"),
    (0, "53100"),
    (0, "53200"),
    (0, "53400"),
    (0, "58030"),
    (0, "XX000"),
    (0, "72000"),
];

/// Returns the bytes of an error, after which the server is ready.
fn refusal(_: u16, state: &str) -> Vec<u8> {
    let fields = format!("SERROR\0C{state}\0Mnot here\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    [b"E", &length[..], fields.as_bytes(), b"Z\0\0\0\x05I"].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_whatever_the_databases_settings_are() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    for setting in [
        "timezone = 'America/New_York'",
        "datestyle = 'German'",
        "default_transaction_isolation = 'serializable'",
        "bytea_output = 'escape'",
        "standard_conforming_strings = off",
    ] {
        let alter = format!("ALTER DATABASE {database} SET {setting}");
        SERVER.run(&database, &alter).unwrap();
    }
    passes("postgres, serializable, New York", &SERVER.url(&database)).await;
}

#[tokio::test]
async fn rows_that_a_policy_forbids_are_a_missing_right() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let user = format!("{database}_user");
    create_user(&SERVER, &database, &user);
    let make = format!(
        "{SCHEMA} GRANT SELECT, INSERT, UPDATE, DELETE ON session TO {user}; \
         GRANT SELECT ON session_version TO {user}; ALTER TABLE session ENABLE ROW LEVEL SECURITY"
    );
    SERVER.run(&database, &make).unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("{SCHEME}://{user}:p@{host}");
    let error = SqlStore::open(&url).await.unwrap_err().to_string();
    assert!(error.contains("lacks the right INSERT on"), "{error}");
    let policy = "CREATE POLICY all_rows ON session USING (true)";
    SERVER.run(&database, policy).unwrap();
    SqlStore::open(&url).await.unwrap();
}

#[tokio::test]
async fn a_table_can_be_in_another_schema() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let url = SERVER.url(&database);
    let make = "CREATE SCHEMA \"Web\"; CREATE TABLE \"Web\".session (n int); \
                CREATE SCHEMA session; CREATE SCHEMA session_data";
    SERVER.run(&database, make).unwrap();
    for (schema, table) in [
        ("Web", "order"),
        ("Web", &*"x".repeat(55)),
        ("session", "session_version"),
        ("session_data", "session"),
    ] {
        let options = Options::new(&url).table(table).schema(schema);
        for _ in 0..2 {
            let store = SqlStore::open_with(options.clone()).await.unwrap();
            store.check().await.unwrap();
        }
        let count = format!("SELECT version FROM \"{schema}\".\"{table}_version\"");
        assert_eq!(SERVER.run(&database, &count).unwrap().trim(), "2");
    }
    // A table of the same name in another schema does no harm.
    SqlStore::open(&url).await.unwrap();
    let options = Options::new(&url).schema("missing");
    let error = SqlStore::open_with(options).await.unwrap_err();
    assert!(error.to_string().contains("create the schema"), "{error}");
}

#[tokio::test]
async fn an_error_does_not_show_the_row_that_the_server_refused() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let check = "ALTER TABLE session ADD CONSTRAINT small CHECK (length(data) < 1000)";
    SERVER.run(&database, check).unwrap();
    let (key, record) = (
        &key_of(0x5e55_1055),
        &changed!(record_of(1), data = "x".repeat(2_000).into()),
    );
    let insert = Command::Insert { key, record };
    let error = store.write(insert, moment_at(0)).await.unwrap_err();
    let texts = format!("{error} {error:?}");
    assert!(texts.contains("small"), "{texts}");
    let key = key.public_id().to_string();
    assert!(
        !texts.contains(&key) && !texts.contains("Failing row"),
        "{texts}"
    );
}

#[tokio::test]
async fn each_request_costs_the_server_as_few_statements_as_can_be() {
    if is_missing() {
        return;
    }
    // A notification is part of the statement that writes.
    for notify in [Notify::Nothing, Notify::Ends, Notify::Changes] {
        let url = fresh_url();
        let (_, database) = url.rsplit_once('/').unwrap();
        let log = format!("ALTER DATABASE {database} SET log_statement = 'all'");
        SERVER.run("postgres", &log).unwrap();
        // Statements in other databases are not logged.
        let store = SqlStore::open_with(Options::new(&url).notify(notify)).await;
        let sessions = Sessions::new(Policy::default(), store.unwrap());
        costs::are_few(&sessions, || {
            let log = SERVER.log();
            let lines = log.lines().filter(|line| {
                // A transaction around a statement would be logged as well.
                line.contains("LOG:  execute") || line.contains("LOG:  statement: ")
            });
            lines.map(ToOwned::to_owned).collect()
        })
        .await;
    }
}
