use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use futures_util::future::LocalBoxFuture;
use rocket::http::Status;
use rocket::http::private::cookie::CookieBuilder;
use rocket::local::asynchronous::Client;
use rocket::{State, get, routes};
use rocket_session_store::memory::MemoryStore;
use rocket_session_store::redis::RedisStore;
use rocket_session_store::{Session as Theirs, SessionError, SessionResult, SessionStore, Store};
use session_costs::RocketSubject;

use super::servers::RocketSite;
use crate::Backend;
use crate::defects::faults::Call;
use crate::defects::session::perform;
use crate::defects::site::Setting;
use crate::defects::{Faults, Hold, Session, Site, Subject};
use crate::sockets::databases::Kind;

/// The one value that a session has.
type Values = HashMap<String, i64>;

/// As in [`peers`](crate::peers). A login is `regenerate_token`, and a logout `remove`, as its documentation says.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |kind, store| Subject {
        framework: "Rocket",
        library: "rocket_session_store",
        packages: &["rocket-session-store"],
        store,
        kind,
        cookie: "token",
        has_calls: true,
        finishes: true,
        configuration: "as its README; the session is a map; a login is `regenerate_token` and `set`, a logout `remove`",
        make,
    };
    vec![
        subject(Kind::Memory, "memory"),
        subject(Kind::Redis, "Redis"),
    ]
}

fn make(setting: Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>> {
    Box::pin(async move {
        let store: Box<dyn Store<Value = Values>> = match &setting.backend {
            Backend::Memory => Box::new(Faulty(MemoryStore::default(), setting.faults)),
            Backend::Redis(url) => {
                let store = RedisStore::new(redis_29::Client::open(&**url)?);
                Box::new(Faulty(store, setting.faults))
            }
            other => bail!("no store for {other}"),
        };
        let store = SessionStore {
            store,
            name: "token".to_owned(),
            duration: setting.life,
            cookie_builder: CookieBuilder::new("", "").path("/"),
        };
        let rocket = RocketSubject::quiet().attach(store.fairing());
        let rocket = rocket.manage(setting.hold).mount("/", routes![handler]);
        let client = Client::untracked(rocket).await;
        let client = client.map_err(|error| anyhow!("{error}"))?;
        Ok(Box::new(RocketSite(client)) as Box<dyn Site>)
    })
}

#[get("/<act>/<key>")]
async fn handler(
    act: &str,
    key: &str,
    mut session: Theirs<'_, Values>,
    hold: &State<Hold>,
) -> (Status, String) {
    let (status, body) = perform(&mut session, act, key, hold).await;
    (Status::new(status), body)
}

struct Faulty<S>(S, Faults);

#[rocket::async_trait]
impl<S: Store<Value = Values>> Store for Faulty<S> {
    type Value = Values;

    async fn get(&self, id: &str) -> SessionResult<Option<Values>> {
        self.1.before(Call::Load).await.map_err(|_| SessionError)?;
        self.0.get(id).await
    }

    async fn set(&self, id: &str, value: Values, duration: Duration) -> SessionResult<()> {
        self.1.before(Call::Write).await.map_err(|_| SessionError)?;
        self.0.set(id, value, duration).await
    }

    async fn touch(&self, id: &str, duration: Duration) -> SessionResult<()> {
        self.0.touch(id, duration).await
    }

    async fn remove(&self, id: &str) -> SessionResult<()> {
        self.0.remove(id).await
    }
}

impl Session for Theirs<'_, Values> {
    async fn get(&self, key: &str) -> Result<Option<i64>> {
        let values = self.get().await.map_err(failed)?;
        Ok(values.and_then(|values| values.get(key).copied()))
    }

    async fn put(&self, key: &str, value: i64) -> Result<()> {
        let mut values = self.get().await.map_err(failed)?.unwrap_or_default();
        values.insert(key.into(), value);
        self.set(values).await.map_err(failed)
    }

    async fn remove(&self, key: &str) -> Result<()> {
        let mut values = self.get().await.map_err(failed)?.unwrap_or_default();
        values.remove(key);
        self.set(values).await.map_err(failed)
    }

    async fn add(&self, key: &str) -> Result<()> {
        let mut values = self.get().await.map_err(failed)?.unwrap_or_default();
        *values.entry(key.into()).or_default() += 1;
        self.set(values).await.map_err(failed)
    }

    async fn clear(&self) -> Option<Result<()>> {
        None
    }

    async fn login(&mut self) -> Result<()> {
        self.regenerate_token().await.map_err(failed)?;
        self.put("user", 1).await
    }

    async fn logout(&self) -> Result<()> {
        self.remove().await.map_err(failed)
    }
}

fn failed(error: SessionError) -> anyhow::Error {
    anyhow!("{error}")
}
