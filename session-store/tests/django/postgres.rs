//! Django's table in PostgreSQL.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use session_servers::{Postgres as Server, skips};
use session_store::{DjangoOptions, DjangoStore};

use super::site::{Database, KEY, Site, keys, load};
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
