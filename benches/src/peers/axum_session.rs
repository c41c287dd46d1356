use anyhow::Result;
use axum::Router;
use axum::routing::get;
use axum_session::{
    DatabasePool, Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore,
};
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::{SessionPgPool, SessionSqlitePool};
use redis_pool::RedisPool;
use session_costs::{COUNTER, Family, Role, key, read_key, value, values};
use sqlx::postgres::PgPool;

use crate::{Backend, Peer};

pub(super) fn peer() -> Peer {
    Peer {
        name: "axum_session",
        family: Family::Axum,
        role: Role::Peer,
        subject: || super::axum::subject(app),
        has: |_| true,
        share: Some(|| super::axum::shared(app)),
        serve: |served| super::axum::serve(served, app),
    }
}

/// As its README's "Example Default Setup" and the examples of its stores: the default configuration with a table,
/// without signed cookies. Each request extends a session's life in memory; with `sliding` also in the database, which
/// by default waits ten seconds.
async fn app(backend: &Backend, sliding: bool) -> Result<Router> {
    let mut config = SessionConfig::default().with_table_name("sessions_table");
    if sliding {
        config = config.with_db_update_interval(time::Duration::ZERO);
    }
    Ok(match backend {
        Backend::Memory => router(SessionStore::<SessionNullPool>::new(None, config).await?),
        Backend::Redis(url) => {
            let pool = RedisPool::from(redis::Client::open(&**url)?);
            let pool = Some(SessionRedisPool::from(pool));
            router(SessionStore::new(pool, config).await?)
        }
        Backend::Postgres(url) => {
            let pool = Some(SessionPgPool::from(PgPool::connect(url).await?));
            router(SessionStore::new(pool, config).await?)
        }
        Backend::Sqlite(..) => {
            let pool = super::sqlite_9(backend).await?;
            let pool = Some(SessionSqlitePool::from(pool));
            router(SessionStore::new(pool, config).await?)
        }
    })
}

fn router<P>(store: SessionStore<P>) -> Router
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    Router::new()
        .route("/seed", get(seed::<P>))
        .route("/untouched", get(async || "untouched"))
        .route("/read", get(read::<P>))
        .route("/increment", get(increment::<P>))
        .route("/create", get(create::<P>))
        .layer(SessionLayer::new(store))
}

async fn seed<P>(session: Session<P>)
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    for number in 0..values() {
        session.set(&key(number), value());
    }
    session.set(COUNTER, 0);
}

async fn read<P>(session: Session<P>) -> String
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    let value: Option<String> = session.get(read_key());
    value.map_or(0, |value| value.len()).to_string()
}

async fn increment<P>(session: Session<P>) -> String
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    let count = session.get(COUNTER).unwrap_or(0) + 1;
    session.set(COUNTER, count);
    count.to_string()
}

async fn create<P>(session: Session<P>) -> &'static str
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    session.set("user", "ada");
    "created"
}
