//! Sessions that tower-sessions and actix-session have written, in the tables that they make, on each server that they know.
//!
//! `rows.txt` is what `cargo run --bin adopting -- --rows` in `benches/` has printed; that program also plays the change with both
//! libraries running.

#![allow(clippy::unwrap_used)]
#![cfg(all(
    feature = "legacy",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]

#[cfg(feature = "django")]
mod django;
mod faults;

use std::sync::Arc;

use session_core::{
    Cursor, LegacyCookie, ManualClock, Moment, Policy, SessionError, Sessions, Store,
};
use session_servers::{Mariadb, Postgres, Redis, skips};
use session_store::{Legacy, LegacyOptions, MemoryStore};
use session_testkit::ModelStore;
use sqlx::{AssertSqlSafe, Connection as _};

const ROWS: &str = include_str!("rows.txt");

/// A session of ada's as its library has written it.
struct Written {
    id: &'static str,
    row: Vec<u8>,
}

fn tower() -> Written {
    let lines: Vec<&str> = ROWS.lines().collect();
    let id = lines[1].strip_prefix("id ").unwrap();
    let pairs = (0..lines[3].len()).step_by(2);
    let byte = |at: usize| u8::from_str_radix(&lines[3][at..at + 2], 16).unwrap();
    let row = pairs.map(byte).collect();
    Written { id, row }
}

fn actix() -> Written {
    let lines: Vec<&str> = ROWS.lines().collect();
    let id = lines[5].strip_prefix("id ").unwrap();
    let row = lines[6].as_bytes().to_owned();
    Written { id, row }
}

/// Some hours before the recorded row ends.
fn recorded() -> Moment {
    let ends = ROWS.lines().nth(2).unwrap().strip_prefix("ends ").unwrap();
    let day = &ends[..10];
    let form = session_core::time::macros::format_description!("[year]-[month]-[day]");
    let day = session_core::time::Date::parse(day, form).unwrap();
    Moment::from(day.midnight().assume_utc())
}

async fn open(options: LegacyOptions, new: Arc<dyn Store>) -> Legacy {
    let options = options.owner(|values| values.get("user_id"));
    options.open(new).await.unwrap()
}

/// Adopts a session by its visitor's cookie, and everything that can follow.
async fn is_adopted(options: LegacyOptions, id: &str, rows: impl AsyncFn() -> u64) {
    assert_eq!(rows().await, 1);
    let new: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let old = open(options.clone(), Arc::clone(&new)).await;
    let clock = Arc::new(ManualClock::new(recorded()));
    let policy = Policy::builder().clock(clock).build().unwrap();
    let sessions = Sessions::shared(policy, new);
    let sessions = sessions.adopting(LegacyCookie::new("id"), Arc::new(old.clone()));
    let cookie = format!("id={id}");
    let mut ours = String::new();
    for _ in 0..2 {
        let request = sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await.unwrap();
        assert_eq!(session.owner().as_deref(), Some("ada"));
        assert_eq!(session.get("user_id").unwrap(), Some("ada".to_owned()));
        assert_eq!(session.get("hits").unwrap(), Some(1));
        let reply = request.commit(200).await.unwrap();
        if ours.is_empty() {
            reply.set_cookie().unwrap().clone_into(&mut ours);
        }
    }
    assert_eq!(rows().await, 0);
    assert_eq!(sessions.devices("ada").await.unwrap().len(), 1);
    let pass = old.adopt_batch(&sessions, &Cursor::default(), 100).await;
    assert_eq!(pass.unwrap().met, 0);
    let request = sessions.open([ours.as_bytes(), cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    session.destroy().unwrap();
    let reply = request.commit(200).await.unwrap();
    assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
    for cookie in [&cookie, &ours] {
        let request = sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await.unwrap();
        assert_eq!(session.owner(), None);
    }
    old.close().await;
}

/// The job adopts what the table has, and leaves what it can't read.
async fn is_adopted_by_the_job(options: LegacyOptions, id: &str) {
    let new: Arc<dyn Store> = Arc::new(ModelStore::new());
    let old = open(options, Arc::clone(&new)).await;
    let clock = Arc::new(ManualClock::new(recorded()));
    let policy = Policy::builder().clock(clock).build().unwrap();
    let sessions = Sessions::shared(policy, new);
    let sessions = sessions.adopting(LegacyCookie::new("id"), Arc::new(old.clone()));
    let (mut from, mut moved) = (Cursor::default(), 0);
    loop {
        let pass = old.adopt_batch(&sessions, &from, 1).await.unwrap();
        moved += pass.moved;
        match pass.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(moved, 1);
    assert_eq!(sessions.devices("ada").await.unwrap().len(), 1);
    let cookie = format!("id={id}");
    let request = sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    assert_eq!(session.owner().as_deref(), Some("ada"));
    assert!(request.commit(200).await.unwrap().set_cookie().is_some());
    old.close().await;
}

/// As the library makes it.
fn table(kind: &str, schema: &str) -> Vec<String> {
    match kind {
        "sqlite" => vec![
            "CREATE TABLE tower_sessions (id TEXT PRIMARY KEY NOT NULL, data BLOB NOT NULL, expiry_date INTEGER NOT NULL)".to_owned(),
        ],
        "postgres" => vec![
            format!("CREATE SCHEMA \"{schema}\""),
            format!("CREATE TABLE \"{schema}\".session (id text PRIMARY KEY NOT NULL, data bytea NOT NULL, expiry_date timestamptz NOT NULL)"),
        ],
        _ => vec![format!(
            "CREATE TABLE {schema}.session (id char(22) PRIMARY KEY NOT NULL, data blob NOT NULL, expiry_date timestamp(6) NOT NULL)"
        )],
    }
}

/// Runs both courses on a table of tower-sessions in a database of `sqlx`.
macro_rules! on {
    ($Connection:ty, $url:expr, $options:expr, $kind:expr, $schema:expr, $name:expr, $place:expr, $ends:expr) => {{
        let mut connection = <$Connection>::connect(&$url).await.unwrap();
        for statement in table($kind, $schema) {
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let Written { id, row } = tower();
        let insert = format!(
            "INSERT INTO {} (id, data, expiry_date) VALUES ({}, {}, {})",
            $name, $place[0], $place[1], $ends
        );
        let count = format!("SELECT count(*) FROM {}", $name);
        let connection = tokio::sync::Mutex::new(connection);
        let fill = async || {
            let mut connection = connection.lock().await;
            let insert = sqlx::query(AssertSqlSafe(insert.clone()))
                .bind(id)
                .bind(&*row);
            insert.execute(&mut *connection).await.unwrap();
        };
        let rows = async || {
            let mut connection = connection.lock().await;
            let count = sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone()));
            u64::try_from(count.fetch_one(&mut *connection).await.unwrap()).unwrap()
        };
        fill().await;
        is_adopted($options, id, rows).await;
        fill().await;
        is_adopted_by_the_job($options, id).await;
    }};
}

#[tokio::test]
async fn sessions_of_tower_sessions_are_adopted_from_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let url = format!("sqlite:{}?mode=rwc", path.display());
    let options = LegacyOptions::tower_sessions(format!("sqlite:{}", path.display()));
    on!(
        sqlx::SqliteConnection,
        url,
        options.clone(),
        "sqlite",
        "",
        "tower_sessions",
        ["?", "?"],
        "'2026-11-29 00:00:00.0 +00:00:00'"
    );
}

#[tokio::test]
async fn sessions_of_tower_sessions_are_adopted_from_postgres() {
    if skips("PostgreSQL", &Postgres::PROGRAMS) {
        return;
    }
    let server = Postgres::start().unwrap();
    for schema in ["tower_sessions", "other"] {
        let url = server.url(&server.database().unwrap());
        let options = LegacyOptions::tower_sessions(&url).table(format!("{schema}.session"));
        on!(
            sqlx::PgConnection,
            url,
            options.clone(),
            "postgres",
            schema,
            format!("{schema}.session"),
            ["$1", "$2"],
            "now() + interval '1 day'"
        );
    }
}

#[tokio::test]
async fn sessions_of_tower_sessions_are_adopted_from_mariadb() {
    if skips("MariaDB", &Mariadb::PROGRAMS) {
        return;
    }
    let server = Mariadb::start().unwrap();
    let schema = server.database().unwrap();
    let url = server.url(&schema);
    let options = LegacyOptions::tower_sessions(&url).table(format!("{schema}.session"));
    on!(
        sqlx::MySqlConnection,
        url,
        options.clone(),
        "mysql",
        &schema,
        "session",
        ["?", "?"],
        "now() + interval 1 day"
    );
}

#[tokio::test]
async fn sessions_of_both_are_adopted_from_redis() {
    if skips("Redis", &Redis::PROGRAMS) {
        return;
    }
    let server = Redis::start().unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let rows = async || {
        let mut connection = connection.clone();
        let size = redis::cmd("DBSIZE");
        size.query_async::<u64>(&mut connection).await.unwrap()
    };
    for (written, options, prefix) in [
        (tower(), LegacyOptions::tower_sessions(server.url()), ""),
        (actix(), LegacyOptions::actix_session(server.url()), ""),
        (
            actix(),
            LegacyOptions::actix_session(server.url()).prefix("shop:"),
            "shop:",
        ),
    ] {
        let fill = async || {
            let key = format!("{prefix}{}", written.id);
            let set = redis::cmd("SET")
                .arg(key)
                .arg(&written.row)
                .arg("EX")
                .arg(3600)
                .to_owned();
            set.query_async::<()>(&mut connection.clone())
                .await
                .unwrap();
        };
        fill().await;
        is_adopted(options.clone(), written.id, rows).await;
        fill().await;
        is_adopted_by_the_job(options, written.id).await;
    }
}

#[tokio::test]
async fn what_can_not_work_is_refused_with_the_remedy() {
    let new = || -> Arc<dyn Store> { Arc::new(ModelStore::new()) };
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", folder.path().join("no.db").display());
    for (options, part) in [
        (
            LegacyOptions::actix_session("sqlite:x"),
            "must begin with redis://",
        ),
        (
            LegacyOptions::tower_sessions("file:x"),
            "must begin with sqlite:",
        ),
        (
            LegacyOptions::tower_sessions(&*missing),
            "can't read a session of",
        ),
        (
            LegacyOptions::tower_sessions(&*missing).table("a.b.c"),
            "more than a schema and a name",
        ),
        (
            LegacyOptions::tower_sessions(&*missing).prefix("shop:"),
            "prefix: only Redis has one",
        ),
        (
            LegacyOptions::actix_session("redis://127.0.0.1:1").table("shop:"),
            "table: Redis has none",
        ),
        (
            LegacyOptions::tower_sessions(&*missing).table("a b"),
            "can't name a table",
        ),
        (
            LegacyOptions::tower_sessions(&*missing).timeout(std::time::Duration::ZERO),
            "timeout: must be",
        ),
        (
            LegacyOptions::tower_sessions("postgres://ada:secret@127.0.0.1:1/shop"),
            "can't read a session of tower_sessions.session on 127.0.0.1:1",
        ),
    ] {
        let error = options.open(new()).await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(part) && !message.contains("secret"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_old_server_that_is_gone_is_a_503() {
    if skips("Redis", &Redis::PROGRAMS) {
        return;
    }
    let server = Redis::start().unwrap();
    let new: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let options = LegacyOptions::actix_session(server.url());
    let old = open(
        options.timeout(std::time::Duration::from_millis(500)),
        Arc::clone(&new),
    )
    .await;
    let sessions = Sessions::shared(Policy::default(), new);
    let sessions = sessions.adopting(LegacyCookie::new("id"), Arc::new(old));
    drop(server);
    let cookie = format!("id={}", actix().id);
    let request = sessions.open([cookie.as_bytes()]);
    let error = request.handle().load().await.unwrap_err();
    assert!(
        matches!(error, SessionError::Store(_)) && error.status() == 503,
        "{error}"
    );
    // Who has no old cookie is not concerned.
    let request = sessions.open([]);
    assert!(request.handle().load().await.is_ok());
}
