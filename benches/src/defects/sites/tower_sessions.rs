use anyhow::Result;
use futures_util::future::LocalBoxFuture;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::SqliteStore;

use crate::Backend;
use crate::defects::site::Setting;
use crate::defects::{Site, Subject};
use crate::sockets::databases::Kind;

/// As in [`peers`](crate::peers). A login is `cycle_id`, and a logout `flush`, as its documentation says.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |kind, packages, make| Subject {
        framework: "axum",
        library: "tower-sessions",
        packages,
        store: match kind {
            Kind::Memory => "memory",
            Kind::Redis => "Redis",
            _ => "SQLite",
        },
        kind,
        cookie: "id",
        has_calls: true,
        finishes: false,
        configuration: "`Expiry::OnInactivity`; a login is `cycle_id` and `insert`, a logout `flush`",
        make,
    };
    vec![
        subject(
            Kind::Memory,
            &["tower-sessions 0.15", "tower-sessions-memory-store 0.15"],
            |setting| {
                Box::pin(
                    async move { Ok(v15::site(tower_sessions::MemoryStore::default(), &setting)) },
                )
            },
        ),
        subject(
            Kind::SqliteNormal,
            &["tower-sessions 0.14", "tower-sessions-sqlx-store"],
            sqlite,
        ),
        subject(
            Kind::Redis,
            &["tower-sessions 0.14", "tower-sessions-redis-store"],
            redis,
        ),
    ]
}

fn sqlite(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        let store = SqliteStore::new(crate::peers::sqlite_8(&setting.backend).await?);
        store.migrate().await?;
        Ok(v14::site(store, &setting))
    })
}

fn redis(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        let Backend::Redis(url) = &setting.backend else {
            anyhow::bail!("no store for {}", setting.backend);
        };
        let pool = Pool::new(Config::from_url(url)?, None, None, None, 6)?;
        pool.connect();
        pool.wait_for_connect().await?;
        Ok(v14::site(
            tower_sessions_redis_store::RedisStore::new(pool),
            &setting,
        ))
    })
}

/// The same on two versions: the stores of databases are not yet published for the newest one.
macro_rules! on {
    ($version:ident, $library:ident) => {
        mod $version {
            use $library::session::{Id, Record};
            use $library::session_store::{Error, Result as Answered};
            use $library::{Expiry, Session as Theirs, SessionManagerLayer, SessionStore};

            use super::super::servers::{AxumSite, axum_routes};
            use crate::defects::faults::{Call, Outage};
            use crate::defects::site::Setting;
            use crate::defects::{Faults, Session, Site};

            pub(super) fn site(
                store: impl SessionStore + Clone,
                setting: &Setting,
            ) -> Box<dyn Site> {
                let store = Faulty(store, setting.faults.clone());
                let life = time::Duration::try_from(setting.life).unwrap_or(time::Duration::DAY);
                let layer = SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(life));
                Box::new(AxumSite(
                    axum_routes::<Theirs>(setting.hold.clone()).layer(layer),
                ))
            }

            #[derive(Debug, Clone)]
            struct Faulty<S>(S, Faults);

            #[rocket::async_trait]
            impl<S: SessionStore> SessionStore for Faulty<S> {
                async fn create(&self, record: &mut Record) -> Answered<()> {
                    self.1.before(Call::Write).await?;
                    self.0.create(record).await
                }

                async fn save(&self, record: &Record) -> Answered<()> {
                    self.1.before(Call::Write).await?;
                    self.0.save(record).await
                }

                async fn load(&self, id: &Id) -> Answered<Option<Record>> {
                    self.1.before(Call::Load).await?;
                    self.0.load(id).await
                }

                async fn delete(&self, id: &Id) -> Answered<()> {
                    self.0.delete(id).await
                }
            }

            impl From<Outage> for Error {
                fn from(_: Outage) -> Self {
                    Self::Backend("the store is down".into())
                }
            }

            impl Session for Theirs {
                async fn get(&self, key: &str) -> anyhow::Result<Option<i64>> {
                    Ok(self.get(key).await?)
                }

                async fn put(&self, key: &str, value: i64) -> anyhow::Result<()> {
                    Ok(self.insert(key, value).await?)
                }

                async fn remove(&self, key: &str) -> anyhow::Result<()> {
                    self.remove::<i64>(key).await?;
                    Ok(())
                }

                async fn add(&self, key: &str) -> anyhow::Result<()> {
                    let value: Option<i64> = self.get(key).await?;
                    Ok(self.insert(key, value.unwrap_or(0) + 1).await?)
                }

                async fn clear(&self) -> Option<anyhow::Result<()>> {
                    self.clear().await;
                    Some(Ok(()))
                }

                async fn login(&mut self) -> anyhow::Result<()> {
                    self.cycle_id().await?;
                    Ok(self.insert("user", 1).await?)
                }

                async fn logout(&self) -> anyhow::Result<()> {
                    Ok(self.flush().await?)
                }
            }
        }
    };
}

on!(v15, tower_sessions);
on!(v14, tower_sessions_14);
