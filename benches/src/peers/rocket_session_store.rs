use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use rocket::http::private::cookie::CookieBuilder;
use rocket::{Build, Rocket, get, routes};
use rocket_session_store::memory::MemoryStore;
use rocket_session_store::redis::RedisStore;
use rocket_session_store::{Session, SessionError, SessionResult, SessionStore, Store};
use session_costs::{COUNTER, Family, Role, key, read_key, value, values};

use super::LIFE;
use crate::{Backend, Peer, Shared};

/// The one value that a session has.
type Values = HashMap<String, String>;

pub(super) fn peer() -> Peer {
    Peer {
        name: "rocket_session_store",
        family: Family::Rocket,
        role: Role::Peer,
        subject: || super::rocket::subject(app),
        has: |backend| matches!(backend, Backend::Memory | Backend::Redis(_)),
        share: Some(shared),
        serve: |served| super::rocket::serve(served, app),
    }
}

/// As its README's "Quickstart" and its Redis module have it. To extend a life, the handler calls `touch`.
async fn app(rocket: Rocket<Build>, backend: &Backend, sliding: bool) -> Result<Rocket<Build>> {
    let store: Box<dyn Store<Value = Values>> = match backend {
        Backend::Memory => Box::new(MemoryStore::default()),
        Backend::Redis(url) => Box::new(RedisStore::new(redis_29::Client::open(&**url)?)),
        other => bail!("no store for {other}"),
    };
    Ok(over(rocket, store, sliding))
}

fn over(
    rocket: Rocket<Build>,
    store: Box<dyn Store<Value = Values>>,
    sliding: bool,
) -> Rocket<Build> {
    let store = SessionStore {
        store,
        name: "token".to_owned(),
        duration: LIFE.unsigned_abs(),
        cookie_builder: CookieBuilder::new("", "").path("/"),
    };
    let routes = if sliding {
        routes![seed, untouched, read_and_touch, increment, create]
    } else {
        routes![seed, untouched, read, increment, create]
    };
    rocket.attach(store.fairing()).mount("/", routes)
}

#[allow(clippy::unnecessary_wraps, reason = "others fail")]
fn shared() -> Result<Shared> {
    let memory = Memory::default();
    Ok(Box::new(move || {
        super::rocket::subject(async |rocket, _: &Backend, sliding| {
            Ok(over(rocket, Box::new(memory.clone()), sliding))
        })
    }))
}

/// Its store in memory, for several applications.
#[derive(Clone, Default)]
struct Memory(Arc<MemoryStore<Values>>);

#[rocket::async_trait]
impl Store for Memory {
    type Value = Values;

    async fn get(&self, id: &str) -> SessionResult<Option<Values>> {
        self.0.get(id).await
    }

    async fn set(&self, id: &str, value: Values, duration: Duration) -> SessionResult<()> {
        self.0.set(id, value, duration).await
    }

    async fn touch(&self, id: &str, duration: Duration) -> SessionResult<()> {
        self.0.touch(id, duration).await
    }

    async fn remove(&self, id: &str) -> SessionResult<()> {
        self.0.remove(id).await
    }
}

#[get("/seed")]
async fn seed(session: Session<'_, Values>) -> Result<(), SessionError> {
    let values = (0..values()).map(|number| (key(number), value().to_owned()));
    let counter = (COUNTER.to_owned(), 0.to_string());
    session.set(values.chain([counter]).collect()).await
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "untouched"
}

#[get("/read")]
async fn read(session: Session<'_, Values>) -> Result<String, SessionError> {
    let values = session.get().await?.unwrap_or_default();
    Ok(values.get(read_key()).map_or(0, String::len).to_string())
}

#[get("/read")]
async fn read_and_touch(session: Session<'_, Values>) -> Result<String, SessionError> {
    let values = session.get().await?.unwrap_or_default();
    session.touch().await?;
    Ok(values.get(read_key()).map_or(0, String::len).to_string())
}

#[get("/increment")]
async fn increment(session: Session<'_, Values>) -> Result<String, SessionError> {
    let mut values = session.get().await?.unwrap_or_default();
    let count = values.get(COUNTER).and_then(|count| count.parse().ok());
    let count = (count.unwrap_or(0_u64) + 1).to_string();
    values.insert(COUNTER.to_owned(), count.clone());
    session.set(values).await?;
    Ok(count)
}

#[get("/create")]
async fn create(session: Session<'_, Values>) -> Result<&'static str, SessionError> {
    let user = ("user".to_owned(), "ada".to_owned());
    session.set(HashMap::from([user])).await?;
    Ok("created")
}
