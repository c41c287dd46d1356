//! Django's table in SQLite.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::django::Zone;
use session_core::{Command, Expiry, Store as _};
use session_servers::soon;
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{changed, moment_at, record_of};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;

use super::site::{Database, KEY, Site, key_of, keys, load};
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

#[cfg(feature = "redis")]
#[tokio::test]
async fn the_cache_of_a_site_follows() {
    let site = site().await.unwrap();
    super::cache::a_cache_that_cannot_be_meant_is_refused_at_start(&site).await;
    super::cache::what_changes_is_dropped_from_the_cache_and_once_more(&site).await;
    super::cache::a_cache_that_fails_is_no_error(&site).await;
}

#[cfg(feature = "cached")]
#[tokio::test]
async fn a_cache_of_ours_is_late_and_overwrites_nothing() {
    let site = site().await.unwrap();
    super::cached::what_django_saves_is_never_overwritten_from_a_cache(&site).await;
    site.run("DELETE FROM django_session").await;
    super::cached::a_logout_in_django_counts_behind_a_cache_when_its_limit_is_over(&site).await;
}

#[tokio::test]
async fn expired_sessions_are_removed_by_themselves() {
    let site = site().await.unwrap();
    let options = DjangoOptions::new().create(true);
    let options = options.sweep_every(Duration::from_secs(1));
    let store = DjangoStore::open_with(&site.url(), &keys(), options)
        .await
        .unwrap();
    site.insert("expired0", "{}", 0, 100).await;
    site.insert("expired1", "junk", 0, 100).await;
    site.insert(KEY, "{}", 0, 10_000).await;
    // Six minutes later, as calls say.
    load(&store, KEY, 460).await.unwrap();
    let count = "SELECT count(*) || '' FROM django_session";
    soon("they go", async || site.run(count).await == "1").await;
    assert!(load(&store, KEY, 460).await.is_some());
    store.close().await;
    assert!(store.check().await.is_err());
}

/// The wall clock of the site is five or four hours behind.
#[tokio::test]
async fn a_site_without_use_tz_has_local_moments() {
    let site = site().await.unwrap();
    let zone = Zone::local("America/New_York").unwrap();
    let options = DjangoOptions::new().create(true).zone(zone);
    let store = DjangoStore::open_with(&site.url(), &keys(), options)
        .await
        .unwrap();
    let expiry = Expiry::At(moment_at(3).into());
    let (key, record) = (&key_of(KEY), &changed!(record_of(1), expiry = expiry));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    let ends = site.run("SELECT expire_date FROM django_session").await;
    assert_eq!(ends, "2099-12-31 19:01:40");
    let json = site.json(KEY).await;
    assert!(
        json.contains(r#""_session_expiry":"2099-12-31T19:00:03""#),
        "{json}"
    );
    assert_eq!(load(&store, KEY, 0).await.unwrap().expiry, expiry);
    assert_eq!(store.sweep(moment_at(99), 10).await.unwrap(), 0);
    assert_eq!(store.sweep(moment_at(100), 10).await.unwrap(), 1);
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
