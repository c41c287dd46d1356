use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use sqlx_8::Row as _;
use tower::ServiceExt as _;
use tower_sessions_14::{Expiry, Session, SessionManagerLayer, SessionStore, session};
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::{MySqlStore, PostgresStore, SqliteStore};

use super::{Answer, Old};

/// An application on tower-sessions.
pub(super) struct Tower(Router);

impl Old for Tower {
    async fn call(&self, path: &str, cookie: &str) -> Result<Answer> {
        let request = Request::get(path)
            .header("cookie", cookie)
            .body(Body::empty())?;
        let response = self.0.clone().oneshot(request).await?;
        anyhow::ensure!(
            response.status() == StatusCode::OK,
            "{path}: {}",
            response.status()
        );
        let set_cookie = response.headers().get("set-cookie");
        let set_cookie = set_cookie.map(|value| value.to_str().map(str::to_owned));
        let set_cookie = set_cookie.transpose()?;
        let body = to_bytes(response.into_body(), 1_000).await?;
        let body = String::from_utf8(body.to_vec())?;
        Ok(Answer { set_cookie, body })
    }
}

fn app(store: impl SessionStore + Clone) -> Tower {
    let life = Expiry::OnInactivity(time::Duration::DAY);
    let layer = SessionManagerLayer::new(store).with_expiry(life);
    let routes = Router::new()
        .route("/login/{user}", get(login))
        .route("/hit", get(hit));
    Tower(routes.layer(layer))
}

async fn login(Path(user): Path<String>, session: Session) -> Result<String, StatusCode> {
    session.cycle_id().await.map_err(failed)?;
    session.insert("user_id", &user).await.map_err(failed)?;
    Ok(user)
}

async fn hit(session: Session) -> Result<String, StatusCode> {
    let hits: Option<u64> = session.get("hits").await.map_err(failed)?;
    let hits = hits.unwrap_or(0) + 1;
    session.insert("hits", hits).await.map_err(failed)?;
    Ok(hits.to_string())
}

fn failed(_: session::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

pub(super) async fn sqlite(file: &str) -> Result<Tower> {
    let options = sqlx_8::sqlite::SqliteConnectOptions::new();
    let options = options.filename(file).create_if_missing(true);
    let store = SqliteStore::new(sqlx_8::SqlitePool::connect_with(options).await?);
    store.migrate().await?;
    Ok(app(store))
}

pub(super) async fn postgres(url: &str) -> Result<Tower> {
    let store = PostgresStore::new(sqlx_8::PgPool::connect(url).await?);
    store.migrate().await?;
    Ok(app(store))
}

pub(super) async fn mysql(url: &str) -> Result<Tower> {
    let store = MySqlStore::new(sqlx_8::MySqlPool::connect(url).await?);
    store.migrate().await?;
    Ok(app(store))
}

pub(super) async fn redis(url: &str) -> Result<Tower> {
    let pool = Pool::new(Config::from_url(url)?, None, None, None, 2)?;
    pool.connect();
    pool.wait_for_connect().await?;
    Ok(app(tower_sessions_redis_store::RedisStore::new(pool)))
}

/// Prints a session's row: its id, the cookie's value, and its bytes in hexadecimal.
pub(super) async fn print_rows(file: &str) -> Result<()> {
    let old = sqlite(file).await?;
    let answer = old.call("/login/ada", "").await?;
    let cookie = answer.set_cookie.unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default();
    anyhow::ensure!(old.call("/hit", cookie).await?.body == "1");
    let options = sqlx_8::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx_8::SqlitePool::connect_with(options).await?;
    let row = sqlx_8::query("SELECT id, data, CAST(expiry_date AS TEXT) FROM tower_sessions");
    let row = row.fetch_one(&pool).await?;
    let (id, data, ends): (String, Vec<u8>, String) = (row.get(0), row.get(1), row.get(2));
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("tower-sessions {cookie}\nid {id}\nends {ends}\n{hex}");
    Ok(())
}
