//! Django's table in SQLite.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store as _;
use session_store::{DjangoOptions, DjangoStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;

use super::site::{Database, Site, keys};
use super::{on_each, suite};

pub fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("db.sqlite3")
}

/// Runs statements on a connection of their own, as another program would.
pub async fn run(path: &Path, sql: &str) -> String {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection);
    let rows = rows.await.unwrap();
    connection.close().await.unwrap();
    let line = |row: &sqlx::sqlite::SqliteRow| {
        let cell = |column: &sqlx::sqlite::SqliteColumn| -> String {
            row.try_get_unchecked(column.ordinal()).unwrap()
        };
        row.columns()
            .iter()
            .map(cell)
            .collect::<Vec<_>>()
            .join("\t")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn site() -> Option<Site> {
    let folder = tempfile::tempdir().unwrap();
    // An application's database, with the journal of its choice.
    run(&path(&folder), "CREATE TABLE auth_user (id int)").await;
    let database = Database::Sqlite(folder);
    Some(Site { database })
}

on_each!(site);

/// On a pool that does not wait for the disk.
#[tokio::test]
async fn django_on_sqlite_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    suite::passes("django on sqlite", async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        let file = SqliteConnectOptions::new()
            .filename(directory.path().join(name))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new().connect_with(file).await.unwrap();
        let options = DjangoOptions::new().create(true);
        DjangoStore::from_sqlite_pool(pool, &keys(), options)
            .await
            .unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_file_keeps_its_journal() {
    for mode in ["delete", "wal"] {
        let site = site().await.unwrap();
        site.run(&format!("PRAGMA journal_mode = {mode}")).await;
        let store = site.open().await;
        store.check().await.unwrap();
        assert_eq!(site.run("PRAGMA journal_mode").await, mode);
    }
}

#[tokio::test]
async fn a_file_that_is_missing_is_not_made_for_a_table_that_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder);
    let database = Database::Sqlite(folder);
    let site = Site { database };
    let error = DjangoStore::open(&site.url(), &keys()).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no such file"),
        "{error}"
    );
    assert!(!file.exists());
    let memory = DjangoStore::open("sqlite::memory:", &keys()).await;
    let text = memory.unwrap_err().to_string();
    assert!(text.contains("in memory"), "{text}");
}

pub const DESCRIBE: &str = "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE tbl_name = 'django_session' ORDER BY name";

/// As `manage.py migrate` of Django 4.2 to 6.1 makes it.
pub const DJANGOS: &str = "\
django_session\tCREATE TABLE \"django_session\" (\"session_key\" varchar(40) NOT NULL PRIMARY KEY, \
\"session_data\" text NOT NULL, \"expire_date\" datetime NOT NULL)
django_session_expire_date_a5c62663\tCREATE INDEX \"django_session_expire_date_a5c62663\" ON \
\"django_session\" (\"expire_date\")
sqlite_autoindex_django_session_1\t";

pub const TRAPS: &[&str] = &["ALTER TABLE django_session ADD COLUMN account_id int CHECK (1 = 0)"];
