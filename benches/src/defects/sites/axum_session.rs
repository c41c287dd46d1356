use anyhow::Result;
use axum_session::{
    DatabaseError, DatabasePool, Session as Theirs, SessionConfig, SessionLayer, SessionStore,
};
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::SessionSqlitePool;
use futures_util::future::LocalBoxFuture;
use redis_pool::RedisPool;

use super::servers::{AxumSite, axum_routes};
use crate::Backend;
use crate::defects::faults::{Call, Outage};
use crate::defects::site::Setting;
use crate::defects::{Faults, Session, Site, Subject};
use crate::sockets::databases::Kind;

/// As in [`peers`](crate::peers). A login is `renew`, and a logout `destroy`, as its documentation says.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |kind, packages, store, make| Subject {
        framework: "axum",
        library: "axum_session",
        packages,
        store,
        kind,
        cookie: "session",
        has_calls: true,
        finishes: false,
        configuration: "the defaults, so without signed cookies; `with_lifetime` and `with_memory_lifetime`; a login is `renew` and `set`, a logout `destroy`",
        make,
    };
    vec![
        subject(
            Kind::SqliteNormal,
            &["axum_session", "axum_session_sqlx"],
            "SQLite",
            sqlite,
        ),
        subject(
            Kind::Redis,
            &["axum_session", "axum_session_redispool"],
            "Redis",
            redis,
        ),
    ]
}

fn sqlite(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        let pool = crate::peers::sqlite_9(&setting.backend).await?;
        site(SessionSqlitePool::from(pool), setting).await
    })
}

fn redis(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        let Backend::Redis(url) = &setting.backend else {
            anyhow::bail!("no store for {}", setting.backend);
        };
        let pool = SessionRedisPool::from(RedisPool::from(::redis::Client::open(&**url)?));
        site(pool, setting).await
    })
}

async fn site<P>(pool: P, setting: Setting) -> Result<Box<dyn Site>>
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    let life = time_of(setting.life);
    let config = SessionConfig::default()
        .with_table_name("sessions_table")
        .with_lifetime(life)
        .with_memory_lifetime(life);
    let store = SessionStore::new(Some(Faulty(pool, setting.faults)), config).await?;
    let routes = axum_routes::<Theirs<Faulty<P>>>(setting.hold);
    Ok(Box::new(AxumSite(routes.layer(SessionLayer::new(store)))))
}

fn time_of(life: std::time::Duration) -> time::Duration {
    time::Duration::try_from(life).unwrap_or(time::Duration::DAY)
}

#[derive(Debug, Clone)]
struct Faulty<P>(P, Faults);

#[rocket::async_trait]
impl<P: DatabasePool + Sync + Send> DatabasePool for Faulty<P> {
    async fn initiate(&self, table: &str) -> Result<(), DatabaseError> {
        self.0.initiate(table).await
    }

    async fn count(&self, table: &str) -> Result<i64, DatabaseError> {
        self.0.count(table).await
    }

    async fn store(
        &self,
        id: &str,
        session: &str,
        expires: i64,
        table: &str,
    ) -> Result<(), DatabaseError> {
        self.1.before(Call::Write).await?;
        self.0.store(id, session, expires, table).await
    }

    async fn load(&self, id: &str, table: &str) -> Result<Option<String>, DatabaseError> {
        self.1.before(Call::Load).await?;
        self.0.load(id, table).await
    }

    async fn delete_one_by_id(&self, id: &str, table: &str) -> Result<(), DatabaseError> {
        self.0.delete_one_by_id(id, table).await
    }

    async fn exists(&self, id: &str, table: &str) -> Result<bool, DatabaseError> {
        self.0.exists(id, table).await
    }

    async fn delete_by_expiry(&self, table: &str) -> Result<Vec<String>, DatabaseError> {
        self.0.delete_by_expiry(table).await
    }

    async fn delete_all(&self, table: &str) -> Result<(), DatabaseError> {
        self.0.delete_all(table).await
    }

    async fn get_ids(&self, table: &str) -> Result<Vec<String>, DatabaseError> {
        self.0.get_ids(table).await
    }

    fn auto_handles_expiry(&self) -> bool {
        self.0.auto_handles_expiry()
    }
}

impl From<Outage> for DatabaseError {
    fn from(_: Outage) -> Self {
        Self::GenericSelectError("the store is down".into())
    }
}

impl<P> Session for Theirs<P>
where
    P: DatabasePool + Clone + std::fmt::Debug + Sync + Send + 'static,
{
    async fn get(&self, key: &str) -> Result<Option<i64>> {
        Ok(self.get(key))
    }

    async fn put(&self, key: &str, value: i64) -> Result<()> {
        self.set(key, value);
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.remove(key);
        Ok(())
    }

    async fn add(&self, key: &str) -> Result<()> {
        self.set(key, self.get::<i64>(key).unwrap_or(0) + 1);
        Ok(())
    }

    async fn clear(&self) -> Option<Result<()>> {
        self.clear();
        Some(Ok(()))
    }

    async fn login(&mut self) -> Result<()> {
        self.renew();
        self.set("user", 1);
        Ok(())
    }

    async fn logout(&self) -> Result<()> {
        self.destroy();
        Ok(())
    }
}
