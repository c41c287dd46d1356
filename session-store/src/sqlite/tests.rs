mod files;
mod lists;
mod locks;
mod moved;
mod pools;
mod queue;
mod tables;
mod upkeep;
mod versions;

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Command, Only, Outcome, PublicId, Record, Revision, Revoke, Store as _, Whose};
use session_servers::soon;
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::sql::tests::searching;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("sessions.db")
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open_with(self.hasty()).await.unwrap()
    }

    /// Options under which a lock is an error soon.
    fn hasty(&self) -> SqliteOptions {
        SqliteOptions::new(self.path()).timeout(HASTE)
    }

    /// Opens the file as another program does.
    async fn other_program(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path());
        options.create_if_missing(true).connect().await.unwrap()
    }

    /// Returns the error of opening the file, which must name it.
    async fn refusal(&self) -> String {
        let message = SqliteStore::open(self.path())
            .await
            .unwrap_err()
            .to_string();
        let path = self.path().display().to_string();
        assert!(message.contains(&path), "{message}");
        message.replace(&path, "PATH")
    }
}

async fn run(connection: &mut SqliteConnection, sql: impl Into<String>) {
    let query = sqlx::query(AssertSqlSafe(sql.into()));
    query.execute(connection).await.unwrap();
}

async fn insert(store: &SqliteStore, number: u32, record: &Record) -> Result<Outcome, StoreError> {
    let key = &key_of(number.into());
    store
        .write(Command::Insert { key, record }, moment_at(0))
        .await
}

async fn load(store: &SqliteStore, number: u32) -> Option<Record> {
    let (key, secret) = (&key_of(number.into()), &digest_of(0));
    store.load(key, secret, moment_at(0)).await.unwrap()
}

async fn delete(store: &SqliteStore, number: u32) -> Outcome {
    let key = &key_of(number.into());
    let only = Only::Always;
    let delete = Command::Delete { key, only };
    store.write(delete, moment_at(0)).await.unwrap()
}

#[tokio::test]
async fn sessions_outlive_the_store() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    store.close().await;
    assert_eq!(load(&folder.open().await, 1).await, Some(record_of(1)));
    // Also if it was never closed.
    let store = folder.open().await;
    insert(&store, 2, &record_of(2)).await.unwrap();
    drop(store);
    assert_eq!(load(&folder.open().await, 2).await, Some(record_of(2)));
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_loses_nothing() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    let mut connection = store
        .0
        .store()
        .database
        .connections
        .writer
        .take()
        .await
        .unwrap();
    run(&mut connection, "PRAGMA max_page_count = 1").await;
    drop(connection);
    let large = changed!(record_of(2), data = "x".repeat(100_000).into());
    let error = insert(&store, 2, &large).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the disk is full; nothing was changed"),
        "{error}"
    );
    let replace = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        record: &large,
    };
    assert!(store.write(replace, moment_at(0)).await.is_err());
    assert_eq!(load(&store, 1).await, Some(record_of(1)));
    // A delete still works, and so does everything once there is room.
    assert_eq!(delete(&store, 1).await, Outcome::Applied);
    assert_eq!(load(&store, 1).await, None);
    let mut connection = store
        .0
        .store()
        .database
        .connections
        .writer
        .take()
        .await
        .unwrap();
    run(&mut connection, "PRAGMA max_page_count = 4294967294").await;
    drop(connection);
    assert_eq!(insert(&store, 2, &large).await.unwrap(), Outcome::Applied);
}

#[tokio::test]
async fn checkpoints_keep_the_log_short_before_a_writer_has_to() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut late = 0;
    for number in 0..3_000 {
        let begun = Instant::now();
        insert(&store, number, &record_of(number)).await.unwrap();
        late += u64::from(begun.elapsed() >= Duration::from_millis(40));
    }
    let log = format!("{}-wal", folder.path().display());
    // SQLite's own checkpoint would come at 40 MB. A checkpoint that takes longer than a writer waits for
    // it, on a busy machine, lets the log grow until the next one.
    let length = fs::metadata(log).unwrap().len();
    assert!(
        length < 12_000_000 * (1 + late),
        "{length}, {late} were late"
    );
}

#[tokio::test]
async fn no_statement_reads_the_whole_table() {
    let folder = Folder::new();
    let store = folder.open().await;
    let Statements { common, sweep } = &store.0.store().statements;
    let mut record = record_of(1);
    record.owner = Some("ada".into());
    let key = key_of(1);
    let searching = searching(common, &key, &record).into_iter();
    let mut other = folder.other_program().await;
    for text in searching.map(|(text, _)| text).chain([sweep]) {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let plan = sqlx::query(explain).fetch_all(&mut other).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(3)).collect();
        assert!(
            plan.iter().any(|line| line.contains("USING")),
            "{text}: {plan:?}"
        );
        assert!(
            !plan.iter().any(|line| line.starts_with("SCAN")),
            "{text}: {plan:?}"
        );
    }
}

#[tokio::test]
async fn errors_and_debug_name_no_key_and_no_digest() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    store.close().await;
    let error = insert(&store, 2, &record_of(2)).await.unwrap_err();
    let texts = format!("{error} {error:?} {store:?}");
    assert!(texts.contains("sessions.db"), "{texts}");
    let key = key_of(2).public_id().to_string();
    assert!(!texts.to_lowercase().contains(&key), "{texts}");
    for bytes in [key_of(2).as_bytes(), digest_of(0).as_bytes()] {
        let bytes = format!("{bytes:?}");
        assert!(!texts.contains(&bytes[1..bytes.len() - 1]), "{texts}");
    }
}

/// The time-out of the tests that wait for one.
const HASTE: Duration = Duration::from_secs(1);
