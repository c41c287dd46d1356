use std::marker::PhantomData;
use std::sync::Arc;

use anyhow::{Result, bail};
use futures_util::future::LocalBoxFuture;
use ruts::store::moka::MokaStoreBuilder;
use ruts::store::postgres::PostgresStoreBuilder;
use ruts::store::{Error, SessionMap, SessionStore, Ttl};
use ruts::{CookieOptions, Id, Session as Theirs, SessionLayer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx_8::postgres::PgPool;
use tower_cookies::CookieManagerLayer;

use super::servers::{AxumSite, axum_routes};
use crate::Backend;
use crate::defects::faults::{Call, Outage};
use crate::defects::site::Setting;
use crate::defects::{Faults, Session, Site, Subject};
use crate::sockets::databases::Kind;

/// As in [`peers`](crate::peers). A login is `prepare_regenerate`, and a logout `delete`, as its documentation says.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |kind, store| Subject {
        framework: "axum",
        library: "ruts",
        packages: &["ruts"],
        store,
        kind,
        cookie: "session",
        has_calls: true,
        finishes: false,
        configuration: "as its README; a field lives as long as the session; a login is `prepare_regenerate` and `set`, a logout `delete`",
        make,
    };
    vec![
        subject(Kind::Memory, "memory (moka)"),
        subject(Kind::Postgres, "PostgreSQL"),
    ]
}

fn make(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        Ok(match &setting.backend {
            Backend::Memory => site(
                MokaStoreBuilder::new().max_capacity(u64::MAX).build(),
                &setting,
            ),
            Backend::Postgres(url) => {
                let store = PostgresStoreBuilder::new(PgPool::connect(url).await?);
                site(store.create_table(true).build().await?, &setting)
            }
            other => bail!("no store for {other}"),
        })
    })
}

fn site(store: impl SessionStore, setting: &Setting) -> Box<dyn Site> {
    let options = CookieOptions::build()
        .name("session")
        .http_only(true)
        .same_site(cookie::SameSite::Lax)
        .secure(true)
        .max_age(setting.life.as_secs())
        .path("/");
    let store = Arc::new(Faulty(store, setting.faults.clone()));
    let routes = routes_of(&store, setting);
    let routes = routes.layer(SessionLayer::new(store).with_cookie_options(options));
    Box::new(AxumSite(routes.layer(CookieManagerLayer::new())))
}

fn routes_of<S: SessionStore>(_: &Arc<S>, setting: &Setting) -> axum::Router {
    axum_routes::<Theirs<S>>(setting.hold.clone())
}

#[derive(Clone)]
struct Faulty<S>(S, Faults);

type Hot = Option<PhantomData<()>>;

impl<S: SessionStore> SessionStore for Faulty<S> {
    async fn get<T>(&self, id: &Id, field: &str) -> Result<Option<T>, Error>
    where
        T: Send + Sync + DeserializeOwned,
    {
        self.1.before(Call::Load).await?;
        self.0.get(id, field).await
    }

    async fn get_all(&self, id: &Id) -> Result<Option<SessionMap>, Error> {
        self.1.before(Call::Load).await?;
        self.0.get_all(id).await
    }

    async fn set<T>(
        &self,
        id: &Id,
        field: &str,
        value: &T,
        life: Ttl,
        hot: Hot,
    ) -> Result<(), Error>
    where
        T: Send + Sync + Serialize,
    {
        self.1.before(Call::Write).await?;
        self.0.set(id, field, value, life, hot).await
    }

    async fn set_and_rename<T>(
        &self,
        old: &Id,
        new: &Id,
        field: &str,
        value: &T,
        life: Ttl,
        hot: Hot,
    ) -> Result<(), Error>
    where
        T: Send + Sync + Serialize,
    {
        self.1.before(Call::Write).await?;
        self.0
            .set_and_rename(old, new, field, value, life, hot)
            .await
    }

    async fn rename_session_id(&self, old: &Id, new: &Id) -> Result<bool, Error> {
        self.1.before(Call::Write).await?;
        self.0.rename_session_id(old, new).await
    }

    async fn remove(&self, id: &Id, field: &str) -> Result<bool, Error> {
        self.0.remove(id, field).await
    }

    async fn delete(&self, id: &Id) -> Result<bool, Error> {
        self.0.delete(id).await
    }

    async fn expire_field(&self, id: &Id, field: &str, life: Ttl) -> Result<bool, Error> {
        self.0.expire_field(id, field, life).await
    }
}

impl From<Outage> for Error {
    fn from(_: Outage) -> Self {
        Self::Backend("the store is down".into())
    }
}

impl<S: SessionStore> Session for Theirs<S> {
    async fn get(&self, key: &str) -> Result<Option<i64>> {
        Ok(self.get(key).await?)
    }

    async fn put(&self, key: &str, value: i64) -> Result<()> {
        let life = self.cookie_max_age().unwrap_or_default();
        let life = Ttl::new(life.cast_signed())?;
        Ok(self.set(key, &value, life, None).await?)
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.remove(key).await?;
        Ok(())
    }

    async fn add(&self, key: &str) -> Result<()> {
        let value: Option<i64> = self.get(key).await?;
        self.put(key, value.unwrap_or(0) + 1).await
    }

    async fn clear(&self) -> Option<Result<()>> {
        None
    }

    async fn login(&mut self) -> Result<()> {
        self.prepare_regenerate();
        self.put("user", 1).await
    }

    async fn logout(&self) -> Result<()> {
        self.delete().await?;
        Ok(())
    }
}
