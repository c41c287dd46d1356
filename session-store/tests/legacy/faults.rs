//! What a database does to a session on its way, and what it says of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Command, LegacyCookie, ManualClock, Moment, Outcome, Policy, Sessions, Store, StoreError,
};
use session_servers::{Mariadb, Postgres, skips};
use session_store::LegacyOptions;
use session_testkit::{Around, ModelStore, Wrapped};

use super::{ROWS, open, recorded, tower};

/// A new store that refuses the session itself, so that it stays on its way.
#[derive(Debug)]
struct Unfinished(ModelStore);

#[async_trait]
impl Around for Unfinished {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        if let Command::Replace { .. } = command {
            return Err(StoreError::new("the new store is down"));
        }
        self.0.write(command, now).await
    }
}

/// Makes the usual table, with something behind the type of its end, and puts the recorded session into it.
fn filled(server: &Mariadb, database: &str, end: &str) {
    let hex = ROWS.lines().nth(3).unwrap();
    let id = tower().id;
    let sql = format!(
        "CREATE TABLE session (id char(22) PRIMARY KEY NOT NULL, data blob NOT NULL, expiry_date timestamp(6) NOT NULL {end}); \
         INSERT INTO session VALUES ('{id}', x'{hex}', '2030-01-02 03:04:05');"
    );
    server.run(database, &sql).unwrap();
}

fn sessions(new: Arc<dyn Store>, old: session_store::Legacy) -> Sessions {
    let clock = Arc::new(ManualClock::new(recorded()));
    let policy = Policy::builder().clock(clock).build().unwrap();
    Sessions::shared(policy, new).adopting(LegacyCookie::new("id"), Arc::new(old))
}

async fn failure(sessions: &Sessions) -> session_core::SessionError {
    let cookie = format!("id={}", tower().id);
    let request = sessions.open([cookie.as_bytes()]);
    let error = request.handle().load().await.unwrap_err();
    assert_eq!(error.status(), 503, "{error}");
    error
}

#[tokio::test]
async fn a_session_on_its_way_keeps_its_end_and_no_error_shows_its_id() {
    if skips("MariaDB", &Mariadb::PROGRAMS) {
        return;
    }
    let server = Mariadb::start().unwrap();
    let database = server.database().unwrap();
    let now = "CURRENT_TIMESTAMP(6)";
    filled(
        &server,
        &database,
        &format!("DEFAULT {now} ON UPDATE {now}"),
    );
    let new: Arc<dyn Store> = Arc::new(Wrapped(Unfinished(ModelStore::new())));
    let options = LegacyOptions::tower_sessions(server.url(&database));
    let options = options.table(format!("{database}.session"));
    let sessions = sessions(Arc::clone(&new), open(options, new).await);

    // The server's message has the id, as that of a refused value does.
    let id = tower().id;
    let trigger = format!(
        "CREATE TRIGGER refuses BEFORE UPDATE ON session FOR EACH ROW \
         SIGNAL SQLSTATE '23000' SET MESSAGE_TEXT = 'no entry ''{id}''';"
    );
    server.run(&database, &trigger).unwrap();
    let shown = format!("{:?}", failure(&sessions).await);
    assert!(
        shown.contains("error 1644") && !shown.contains(id),
        "{shown}"
    );
    server.run(&database, "DROP TRIGGER refuses").unwrap();

    failure(&sessions).await;
    let ask = "SELECT expiry_date, instr(data, 'session.moving:') > 0 FROM session";
    let found = server.run(&database, ask).unwrap();
    assert!(found.contains("2030-01-02 03:04:05"), "{found}");
    assert!(
        found.trim_end().ends_with('1'),
        "it is not on its way: {found}"
    );
}

#[tokio::test]
async fn a_server_does_not_wait_for_a_lock_longer_than_the_visitor() {
    if skips("PostgreSQL", &Postgres::PROGRAMS) {
        return;
    }
    let server = Postgres::start().unwrap();
    let database = server.database().unwrap();
    let hex = ROWS.lines().nth(3).unwrap();
    let id = tower().id;
    let sql = format!(
        "CREATE SCHEMA tower_sessions; CREATE TABLE tower_sessions.session \
         (id text PRIMARY KEY NOT NULL, data bytea NOT NULL, expiry_date timestamptz NOT NULL); \
         INSERT INTO tower_sessions.session VALUES ('{id}', '\\x{hex}', now() + interval '1 day');"
    );
    server.run(&database, &sql).unwrap();
    let new: Arc<dyn Store> = Arc::new(ModelStore::new());
    let options = LegacyOptions::tower_sessions(server.url(&database));
    let options = options.timeout(Duration::from_secs(1));
    let sessions = sessions(Arc::clone(&new), open(options, new).await);
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(&server.url(&database))
        .await
        .unwrap();
    let lock = "BEGIN; LOCK TABLE tower_sessions.session IN SHARE MODE";
    sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
    failure(&sessions).await;
    let ask = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let is_free = || server.run(&database, ask).unwrap().trim() == "0";
    assert!((0..200).any(|_| is_free()), "the server waits on");
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    let cookie = format!("id={id}");
    let request = sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    assert_eq!(session.owner().as_deref(), Some("ada"));
}
