use anyhow::Result;
use axum::Router;
use session_costs::{Family, Role};
use sqlx_8::postgres::PgPool;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{Backend, Peer};

pub(super) fn peer() -> Peer {
    Peer {
        name: "tower-sessions",
        family: Family::Axum,
        role: Role::Peer,
        subject: || super::axum::subject(app),
        has: |_| true,
        share: Some(|| super::axum::shared(app)),
        serve: |served| super::axum::serve(served, app),
    }
}

/// As the READMEs of `tower-sessions`, its Redis and its SQL stores have it: a layer with an expiry of inactivity, a
/// pool of six clients for Redis, `connect` for SQL, and the task that deletes expired sessions. The cookie keeps its
/// default, which is `Secure`. `with_always_save` is its documented way to extend a life by reading.
async fn app(backend: &Backend, sliding: bool) -> Result<Router> {
    Ok(match backend {
        Backend::Memory => v15::app(tower_sessions::MemoryStore::default(), sliding),
        Backend::Redis(url) => {
            let pool = Pool::new(Config::from_url(url)?, None, None, None, 6)?;
            pool.connect();
            pool.wait_for_connect().await?;
            v14::app(tower_sessions_redis_store::RedisStore::new(pool), sliding)
        }
        Backend::Postgres(url) => {
            let store = PostgresStore::new(PgPool::connect(url).await?);
            store.migrate().await?;
            delete_expired(store.clone());
            v14::app(store, sliding)
        }
        Backend::Sqlite(..) => {
            let store = SqliteStore::new(super::sqlite_8(backend).await?);
            store.migrate().await?;
            delete_expired(store.clone());
            v14::app(store, sliding)
        }
    })
}

/// The same application on two versions: the stores of databases are not yet published for the newest one.
macro_rules! on {
    ($version:ident, $library:ident) => {
        mod $version {
            use axum::Router;
            use axum::http::StatusCode;
            use axum::routing::get;
            use session_costs::{COUNTER, key, read_key, value, values};
            use $library::{Expiry, Session, SessionManagerLayer, SessionStore, session};

            use super::super::LIFE;

            pub(super) fn app(store: impl SessionStore + Clone, sliding: bool) -> Router {
                let layer = SessionManagerLayer::new(store)
                    .with_expiry(Expiry::OnInactivity(LIFE))
                    .with_always_save(sliding);
                Router::new()
                    .route("/seed", get(seed))
                    .route("/untouched", get(async || "untouched"))
                    .route("/read", get(read))
                    .route("/increment", get(increment))
                    .route("/create", get(create))
                    .layer(layer)
            }

            async fn seed(session: Session) -> Result<(), StatusCode> {
                for number in 0..values() {
                    let inserted = session.insert(&key(number), value()).await;
                    inserted.map_err(failed)?;
                }
                session.insert(COUNTER, 0).await.map_err(failed)
            }

            async fn read(session: Session) -> Result<String, StatusCode> {
                let value: Option<String> = session.get(read_key()).await.map_err(failed)?;
                Ok(value.map_or(0, |value| value.len()).to_string())
            }

            async fn increment(session: Session) -> Result<String, StatusCode> {
                let count: Option<u64> = session.get(COUNTER).await.map_err(failed)?;
                let count = count.unwrap_or(0) + 1;
                session.insert(COUNTER, count).await.map_err(failed)?;
                Ok(count.to_string())
            }

            async fn create(session: Session) -> Result<&'static str, StatusCode> {
                session.insert("user", "ada").await.map_err(failed)?;
                Ok("created")
            }

            fn failed(_: session::Error) -> StatusCode {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    };
}

on!(v15, tower_sessions);
on!(v14, tower_sessions_14);

fn delete_expired(store: impl tower_sessions_14::ExpiredDeletion + 'static) {
    tokio::spawn(store.continuously_delete_expired(std::time::Duration::from_secs(60)));
}
