//! Django's table in PostgreSQL.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use session_core::{Command, Only, Outcome, Store as _};
use session_servers::{Postgres as Server, skips};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{moment_at, record_of};

use super::site::{Database, KEY, Site, key_of, keys, load};
use super::{on_each, suite};

pub static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().unwrap());

fn site() -> Ready<Option<Site>> {
    if skips("Django's table in PostgreSQL", &Server::PROGRAMS) {
        return ready(None);
    }
    let database = Database::Postgres(SERVER.database().unwrap());
    ready(Some(Site { database }))
}

on_each!(site);

#[tokio::test(flavor = "multi_thread")]
async fn django_on_postgres_passes_the_suite() {
    let Some(site) = site().await else {
        return;
    };
    suite::passes("django on postgres", async || {
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
    let pool = sqlx::PgPool::connect(&site.url()).await.unwrap();
    let options = DjangoOptions::new().create(true);
    let store = DjangoStore::from_postgres_pool(pool.clone(), &keys(), options)
        .await
        .unwrap();
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    assert!(load(&store, KEY, 0).await.is_some());
    store.close().await;
    assert!(!pool.is_closed());
}

#[tokio::test]
async fn each_call_costs_the_server_as_few_statements_as_can_be() {
    let Some(site) = site().await else {
        return;
    };
    let Database::Postgres(database) = &site.database else {
        return;
    };
    let log = format!("ALTER DATABASE {database} SET log_statement = 'all'");
    SERVER.run("postgres", &log).unwrap();
    let store = site.open().await;
    let (key, to, record) = (&key_of(KEY), &key_of("another0"), &record_of(2));
    let expected = record.revision;
    let insert = Command::Insert { key, record };
    let replace = Command::Replace {
        key,
        expected,
        record,
    };
    let touch = Command::Touch {
        key,
        expected,
        seen: moment_at(1),
        expires: moment_at(200),
    };
    let moving = Command::Move {
        key,
        to,
        expected,
        record,
    };
    let delete = Command::Delete {
        key: to,
        only: Only::Always,
    };
    let statements = || {
        let log = SERVER.log();
        log.lines()
            .filter(|line| line.contains("LOG:  execute"))
            .count()
    };
    for (command, count) in [
        (insert, 1),
        (replace, 2),
        (touch, 2),
        (moving, 2),
        (delete, 1),
    ] {
        let before = statements();
        assert_eq!(
            store.write(command, moment_at(0)).await.unwrap(),
            Outcome::Applied
        );
        assert_eq!(statements() - before, count, "{command:?}");
        let before = statements();
        load(&store, KEY, 0).await;
        assert_eq!(statements() - before, 1, "a load");
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let Some(site) = site().await else {
        return;
    };
    site.open().await;
    let Database::Postgres(database) = &site.database else {
        return;
    };
    let user = format!("{database}_user");
    let make = format!(
        "CREATE USER {user} PASSWORD 'p'; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO {user}"
    );
    site.run(&make).await;
    let admin = site.url();
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("postgres://{user}:p@{host}");
    let store = DjangoStore::open(&url, &keys()).await.unwrap();
    for right in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
        site.run(&format!("REVOKE {right} ON django_session FROM {user}"))
            .await;
        let error = store.check().await.unwrap_err().to_string();
        assert!(
            error.contains(&format!("lacks the right {right} on table")),
            "{error}"
        );
        site.run(&format!("GRANT {right} ON django_session TO {user}"))
            .await;
        store.check().await.unwrap();
    }
    assert_eq!(site.run("SELECT count(*) FROM django_session").await, "0");
}

pub const DESCRIBE: &str = "\
    SELECT format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull) \
    FROM pg_attribute WHERE attrelid = 'django_session'::regclass AND attnum > 0 ORDER BY attnum; \
    SELECT indexdef FROM pg_indexes WHERE tablename = 'django_session' ORDER BY indexname";

/// As `manage.py migrate` of Django 4.2 to 6.1 makes it.
pub const DJANGOS: &str = "\
session_key character varying(40) t
session_data text t
expire_date timestamp with time zone t
CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date)
CREATE UNIQUE INDEX django_session_pkey ON public.django_session USING btree (session_key)
CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree \
(session_key varchar_pattern_ops)";

pub const TRAPS: &[&str] = &[
    "ALTER TABLE django_session ADD COLUMN account_id int NOT NULL",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN RAISE EXCEPTION ''no %'', NEW.session_key; END'; \
     CREATE TRIGGER audit BEFORE INSERT ON django_session FOR EACH ROW EXECUTE FUNCTION refuse()",
];
