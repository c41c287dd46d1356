//! Django's table in MariaDB.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use session_core::{Command, Only, Outcome, Store as _};
use session_servers::{Mariadb as Server, skips};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{changed, moment_at, record_of};

use super::site::{Database, KEY, Site, key_of, keys, load};
use super::{on_each, suite};

pub static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().unwrap());

fn site() -> Ready<Option<Site>> {
    if skips("Django's table in MariaDB", &Server::PROGRAMS) {
        return ready(None);
    }
    let database = Database::Mysql(SERVER.database().unwrap());
    ready(Some(Site { database }))
}

on_each!(site);

#[tokio::test(flavor = "multi_thread")]
async fn django_on_mariadb_passes_the_suite() {
    let Some(site) = site().await else {
        return;
    };
    suite::passes("django on mariadb", async || {
        site.run("DROP TABLE IF EXISTS django_session").await;
        site.open().await
    })
    .await;
}

#[tokio::test]
async fn a_pool_of_the_applications_is_used_and_left_open() {
    let Some(site) = site().await else {
        return;
    };
    let pool = sqlx::mysql::MySqlPoolOptions::new().after_connect(|connection, _| {
        Box::pin(async move {
            let strict = "SET sql_mode = 'STRICT_ALL_TABLES'";
            sqlx::query(strict).execute(connection).await.map(drop)
        })
    });
    let pool = pool.connect(&site.url()).await.unwrap();
    let options = DjangoOptions::new().create(true);
    let store = DjangoStore::from_mysql_pool(pool.clone(), &keys(), options)
        .await
        .unwrap();
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    assert!(load(&store, KEY, 0).await.is_some());
    store.close().await;
    assert!(!pool.is_closed());
}

/// The collation of a usual database knows neither case nor accents nor spaces at the end.
#[tokio::test]
async fn what_only_looks_the_same_to_the_collation_is_another() {
    let Some(site) = site().await else {
        return;
    };
    let store = site.open().await;
    let usual =
        "ALTER TABLE django_session CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci";
    site.run(usual).await;
    for stored in ["'ABCDEFGH'", "'\u{e4}bcdefgh'", "'abcdefgh '"] {
        site.insert("theirs00", r#"{"n":1}"#, 0, 100).await;
        let rename = format!("SET NAMES utf8mb4; UPDATE django_session SET session_key = {stored}");
        site.run(&rename).await;
        let alike = "SELECT count(*) FROM django_session WHERE session_key = 'abcdefgh'";
        assert_eq!(site.run(alike).await, "1", "{stored}");
        assert_eq!(load(&store, "abcdefgh", 0).await, None);
        let key = &key_of("abcdefgh");
        for only in [Only::Always, Only::Over(moment_at(1_000))] {
            store
                .write(Command::Delete { key, only }, moment_at(0))
                .await
                .unwrap();
        }
        assert_eq!(site.run("SELECT count(*) FROM django_session").await, "1");
        // The primary key is taken.
        let insert = Command::Insert {
            key,
            record: &record_of(1),
        };
        assert_eq!(
            store.write(insert, moment_at(0)).await.unwrap(),
            Outcome::Refused
        );
        site.run("DELETE FROM django_session").await;
    }
}

#[tokio::test]
async fn a_site_without_fractions_of_seconds_is_read_and_written() {
    let Some(site) = site().await else {
        return;
    };
    let store = site.open().await;
    site.run("ALTER TABLE django_session MODIFY expire_date datetime NOT NULL")
        .await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let found = load(&store, KEY, 0).await.unwrap();
    assert_eq!(found.expires, moment_at(100));
    let replace = Command::Replace {
        key: &key_of(KEY),
        expected: found.revision,
        record: &changed!(record_of(7), expires = moment_at(200)),
    };
    assert_eq!(
        store.write(replace, moment_at(0)).await.unwrap(),
        Outcome::Applied
    );
    assert_eq!(load(&store, KEY, 0).await.unwrap().expires, moment_at(200));
}

/// An import may leave it, and Django's `clearsessions` removes it.
#[tokio::test]
async fn a_row_that_has_ended_at_no_date_is_removed_too() {
    let Some(site) = site().await else {
        return;
    };
    let store = site.open().await;
    let zero = "SET sql_mode = ''; INSERT INTO django_session VALUES ";
    for round in 0..2 {
        let rows = (0..5).map(|row| format!("('{row}{round}', '', '0000-00-00')"));
        let rows = rows.collect::<Vec<_>>().join(", ");
        site.run(&format!("{zero}{rows}")).await;
        site.insert(KEY, r#"{"n":1}"#, 0, 50).await;
        let now = moment_at(100);
        for swept in [4, 2, 0] {
            assert_eq!(store.sweep(now, 4).await.unwrap(), swept, "{round}");
        }
    }
    // With the mode that MySQL has by default.
    site.run(&format!("{zero}('zero', '', '0000-00-00')")).await;
    let options = sqlx::mysql::MySqlPoolOptions::new().after_connect(|connection, _| {
        Box::pin(async move {
            let mode = "SET sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'";
            sqlx::Executor::execute(connection, mode).await.map(drop)
        })
    });
    let pool = options.connect(&site.url()).await.unwrap();
    let options = DjangoOptions::new();
    let store = DjangoStore::from_mysql_pool(pool, &keys(), options).await;
    assert_eq!(store.unwrap().sweep(moment_at(100), 4).await.unwrap(), 1);
}

pub const DESCRIBE: &str = "\
    SELECT column_name, column_type, is_nullable, column_key FROM information_schema.columns \
    WHERE table_schema = DATABASE() AND table_name = 'django_session' ORDER BY ordinal_position; \
    SELECT index_name, column_name, non_unique FROM information_schema.statistics \
    WHERE table_schema = DATABASE() AND table_name = 'django_session' ORDER BY index_name";

/// As `manage.py migrate` of Django 4.2 to 6.1 makes it.
pub const DJANGOS: &str = "\
session_key\tvarchar(40)\tNO\tPRI
session_data\tlongtext\tNO\t
expire_date\tdatetime(6)\tNO\tMUL
django_session_expire_date_a5c62663\texpire_date\t1
PRIMARY\tsession_key\t0";

pub const TRAPS: &[&str] = &[
    "CREATE TRIGGER audit BEFORE INSERT ON django_session FOR EACH ROW \
     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = NEW.session_key",
];
