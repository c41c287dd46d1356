use std::sync::Arc;

use anyhow::{Result, bail};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use ruts::store::moka::MokaStoreBuilder;
use ruts::store::postgres::PostgresStoreBuilder;
use ruts::store::{SessionStore, Ttl};
use ruts::{CookieOptions, Session, SessionLayer};
use session_costs::{COUNTER, Family, Role, key, read_key, value, values};
use sqlx_8::postgres::PgPool;
use tower_cookies::CookieManagerLayer;

use super::LIFE;
use crate::{Backend, Peer};

/// Its Redis store needs Redis 7.4, which Debian 12 does not have.
pub(super) fn peer() -> Peer {
    Peer {
        name: "ruts",
        family: Family::Axum,
        role: Role::Peer,
        subject: || super::axum::subject(app),
        has: |backend| matches!(backend, Backend::Memory | Backend::Postgres(_)),
        share: Some(|| super::axum::shared(app)),
        serve: |served| super::axum::serve(served, app),
    }
}

/// As its README's "Quick Start", "Postgres" and "Moka", but the memory store has room for all sessions. To extend a
/// session's life, the handler calls `set_expiration` and `expire_field` (README, "Best Practices"); a field lives by
/// itself.
async fn app(backend: &Backend, sliding: bool) -> Result<Router> {
    Ok(match backend {
        Backend::Memory => {
            let store = MokaStoreBuilder::new().max_capacity(u64::MAX).build();
            router(store, sliding)
        }
        Backend::Postgres(url) => {
            let pool = PgPool::connect(url).await?;
            let store = PostgresStoreBuilder::new(pool).create_table(true);
            router(store.build().await?, sliding)
        }
        other => bail!("no store for {other}"),
    })
}

fn router<S: SessionStore + 'static>(store: S, sliding: bool) -> Router {
    let options = CookieOptions::build()
        .name("session")
        .http_only(true)
        .same_site(cookie::SameSite::Lax)
        .secure(true)
        .max_age(LIFE.whole_seconds().unsigned_abs())
        .path("/");
    let read = if sliding {
        get(read_and_extend::<S>)
    } else {
        get(read::<S>)
    };
    Router::new()
        .route("/seed", get(seed::<S>))
        .route("/untouched", get(async || "untouched"))
        .route("/read", read)
        .route("/increment", get(increment::<S>))
        .route("/create", get(create::<S>))
        .layer(SessionLayer::new(Arc::new(store)).with_cookie_options(options))
        .layer(CookieManagerLayer::new())
}

async fn seed<S: SessionStore>(session: Session<S>) -> Result<(), StatusCode> {
    for number in 0..values() {
        set(&session, &key(number), &value()).await?;
    }
    set(&session, COUNTER, &0_u64).await
}

async fn read<S: SessionStore>(session: Session<S>) -> Result<String, StatusCode> {
    let value: Option<String> = session.get(read_key()).await.map_err(failed)?;
    Ok(value.map_or(0, |value| value.len()).to_string())
}

async fn read_and_extend<S: SessionStore>(session: Session<S>) -> Result<String, StatusCode> {
    let value: Option<String> = session.get(read_key()).await.map_err(failed)?;
    let extended = session.expire_field(read_key(), life()?).await;
    extended.map_err(failed)?;
    session.set_expiration(LIFE.whole_seconds().unsigned_abs());
    Ok(value.map_or(0, |value| value.len()).to_string())
}

async fn increment<S: SessionStore>(session: Session<S>) -> Result<String, StatusCode> {
    let count: Option<u64> = session.get(COUNTER).await.map_err(failed)?;
    let count = count.unwrap_or(0) + 1;
    set(&session, COUNTER, &count).await?;
    Ok(count.to_string())
}

async fn create<S: SessionStore>(session: Session<S>) -> Result<&'static str, StatusCode> {
    set(&session, "user", &"ada").await?;
    Ok("created")
}

async fn set<S: SessionStore>(
    session: &Session<S>,
    field: &str,
    value: &(impl serde::Serialize + Send + Sync + 'static),
) -> Result<(), StatusCode> {
    let set = session.set(field, value, life()?, None).await;
    set.map(drop).map_err(failed)
}

fn life() -> Result<Ttl, StatusCode> {
    Ttl::new(LIFE.whole_seconds()).map_err(failed)
}

fn failed<E>(_: E) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
