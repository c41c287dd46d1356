use std::collections::HashMap;
use std::future::ready;

use actix_session::config::PersistentSession;
use actix_session::storage::{
    CookieSessionStore, LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore,
    UpdateError,
};
use actix_session::{Session as Theirs, SessionMiddleware};
use actix_web::App;
use actix_web::cookie::{Key, time::Duration};
use anyhow::{Result, anyhow};
use futures_util::future::LocalBoxFuture;

use super::servers::{actix_routes, actix_site};
use crate::defects::faults::{Call, Outage};
use crate::defects::site::Setting;
use crate::defects::{Faults, Session, Site, Subject};
use crate::sockets::databases::Kind;

/// As in [`peers`](crate::peers). A login is `renew`, and a logout `purge`, as its documentation says.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |kind, store, make| Subject {
        framework: "actix-web",
        library: "actix-session",
        packages: &["actix-session"],
        store,
        kind,
        cookie: "id",
        has_calls: kind == Kind::Redis,
        finishes: false,
        configuration: "the defaults: an encrypted cookie; `PersistentSession`; a login is `renew` and `insert`, a logout `purge`",
        make,
    };
    vec![
        subject(Kind::Redis, "Redis", |setting| {
            Box::pin(async move {
                let store = RedisSessionStore::new(setting.backend.to_string()).await?;
                let store = Faulty(store, setting.faults.clone());
                Ok(site(store, setting).await)
            })
        }),
        subject(
            Kind::Memory,
            "the cookie",
            |setting| -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
                Box::pin(async move { Ok(site(CookieSessionStore::default(), setting).await) })
            },
        ),
    ]
}

async fn site(store: impl SessionStore + 'static, setting: Setting) -> Box<dyn Site> {
    // The same for each start of the application, as a key in a file is.
    let key = Key::from(&[7; 64]);
    let life = Duration::try_from(setting.life).unwrap_or(Duration::DAY);
    let middleware = SessionMiddleware::builder(store, key)
        .session_lifecycle(PersistentSession::default().session_ttl(life))
        .build();
    let app = App::new().configure(actix_routes::<Theirs>(setting.hold));
    actix_site(app.wrap(middleware)).await
}

struct Faulty<S>(S, Faults);

type State = HashMap<String, String>;

impl<S: SessionStore> SessionStore for Faulty<S> {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let call = self.1.before(Call::Load).await;
        call.map_err(|_: Outage| LoadError::Other(anyhow!("the store is down")))?;
        self.0.load(key).await
    }

    async fn save(&self, state: State, life: &Duration) -> Result<SessionKey, SaveError> {
        let call = self.1.before(Call::Write).await;
        call.map_err(|_: Outage| SaveError::Other(anyhow!("the store is down")))?;
        self.0.save(state, life).await
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        life: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let call = self.1.before(Call::Write).await;
        call.map_err(|_: Outage| UpdateError::Other(anyhow!("the store is down")))?;
        self.0.update(key, state, life).await
    }

    async fn update_ttl(&self, key: &SessionKey, life: &Duration) -> Result<()> {
        self.0.update_ttl(key, life).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<()> {
        self.0.delete(key).await
    }
}

impl Session for Theirs {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<i64>>> + Send {
        ready(self.get(key).map_err(Into::into))
    }

    fn put(&self, key: &str, value: i64) -> impl Future<Output = Result<()>> + Send {
        ready(self.insert(key, value).map_err(Into::into))
    }

    fn remove(&self, key: &str) -> impl Future<Output = Result<()>> + Send {
        self.remove(key);
        ready(Ok(()))
    }

    fn add(&self, key: &str) -> impl Future<Output = Result<()>> + Send {
        let value = self.get::<i64>(key).map_err(anyhow::Error::from);
        ready(value.and_then(|value| Ok(self.insert(key, value.unwrap_or(0) + 1)?)))
    }

    fn update(&self, key: &str) -> impl Future<Output = Option<Result<()>>> + Send {
        let updated = self.update(key, |value: i64| value + 1);
        ready(Some(updated.map_err(|error| anyhow!("{error}"))))
    }

    fn clear(&self) -> impl Future<Output = Option<Result<()>>> + Send {
        self.clear();
        ready(Some(Ok(())))
    }

    fn login(&mut self) -> impl Future<Output = Result<()>> + Send {
        self.renew();
        ready(self.insert("user", 1).map_err(Into::into))
    }

    fn logout(&self) -> impl Future<Output = Result<()>> + Send {
        self.purge();
        ready(Ok(()))
    }
}
