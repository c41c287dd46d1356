use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use anyhow::{Result, anyhow, bail};
use futures_util::future::LocalBoxFuture;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::{State, get, routes};
use session_core::{Policy, Sessions, Store};
use session_costs::RocketSubject;
use session_store::{MemoryStore, RedisStore, SqliteOptions, SqliteStore};
use session_testkit::FaultyStore;

use super::servers::{AxumSite, RocketSite, actix_routes, actix_site, axum_routes};
use crate::Backend;
use crate::defects::session::perform;
use crate::defects::site::Setting;
use crate::defects::{Hold, Session, Site, Subject};
use crate::sockets::databases::Kind;

const KINDS: [(Kind, &str); 3] = [
    (Kind::Memory, "memory"),
    (Kind::SqliteNormal, "SQLite"),
    (Kind::Redis, "Redis"),
];

pub(super) fn axum() -> Vec<Subject> {
    subjects("axum", "session-axum", &["session-axum"], |setting| {
        Box::pin(async move {
            let sessions = sessions(&setting).await?;
            let routes = axum_routes::<session_axum::Session>(setting.hold);
            let routes = routes.layer(session_axum::SessionLayer::new(sessions));
            Ok(Box::new(AxumSite(routes)) as Box<dyn Site>)
        })
    })
}

pub(super) fn actix() -> Vec<Subject> {
    subjects(
        "actix-web",
        "session-actix",
        &["session-actix"],
        |setting| {
            Box::pin(async move {
                let sessions = sessions(&setting).await?;
                let app =
                    App::new().configure(actix_routes::<session_actix::Session>(setting.hold));
                Ok(actix_site(app.wrap(session_actix::SessionMiddleware::new(sessions))).await)
            })
        },
    )
}

pub(super) fn rocket() -> Vec<Subject> {
    subjects("Rocket", "session-rocket", &["session-rocket"], |setting| {
        Box::pin(async move {
            let sessions = sessions(&setting).await?;
            let rocket =
                RocketSubject::quiet().attach(session_rocket::SessionFairing::new(sessions));
            let rocket = rocket.manage(setting.hold).mount("/", routes![handler]);
            let client = Client::untracked(rocket).await;
            let client = client.map_err(|error| anyhow!("{error}"))?;
            Ok(Box::new(RocketSite(client)) as Box<dyn Site>)
        })
    })
}

fn subjects(
    framework: &'static str,
    library: &'static str,
    packages: &'static [&'static str],
    make: fn(Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>>,
) -> Vec<Subject> {
    let subject = |(kind, store)| Subject {
        framework,
        library,
        packages,
        store,
        kind,
        cookie: "__Host-session",
        has_calls: true,
        finishes: framework == "Rocket",
        configuration: "the defaults; `idle`; a login is `sign_in` and `insert`, a logout `destroy`",
        make,
    };
    KINDS.map(subject).to_vec()
}

#[get("/<act>/<key>")]
async fn handler(
    act: &str,
    key: &str,
    mut session: session_rocket::Session,
    hold: &State<Hold>,
) -> (Status, String) {
    let (status, body) = perform(&mut session, act, key, hold).await;
    (Status::new(status), body)
}

async fn sessions(setting: &Setting) -> Result<Sessions> {
    let touch = (setting.life / 2).min(Duration::from_secs(3_600));
    let policy = Policy::builder()
        .idle(setting.life)
        .touch_every(touch)
        .build()?;
    let store: Arc<dyn Store> = match &setting.backend {
        Backend::Memory => Arc::new(MemoryStore::new()),
        Backend::Redis(url) => Arc::new(RedisStore::open(url).await?),
        Backend::Sqlite(path, _) => {
            let options =
                SqliteOptions::new(path).durability(session_store::Durability::ProcessKill);
            Arc::new(SqliteStore::open_with(options).await?)
        }
        other => bail!("no store for {other}"),
    };
    let store = FaultyStore::shared(store);
    setting.faults.ours(&store);
    Ok(Sessions::new(policy, store))
}

/// The adapters' sessions are different types around one.
macro_rules! session {
    ($($session:ty),*) => {$(
        impl Session for $session {
            async fn get(&self, key: &str) -> Result<Option<i64>> {
                Ok((**self).get(key)?)
            }

            async fn put(&self, key: &str, value: i64) -> Result<()> {
                Ok((**self).insert(key, value)?)
            }

            async fn remove(&self, key: &str) -> Result<()> {
                (**self).remove(key)?;
                Ok(())
            }

            async fn add(&self, key: &str) -> Result<()> {
                (**self).update(key, |value: Option<i64>| value.unwrap_or(0) + 1)?;
                Ok(())
            }

            async fn update(&self, key: &str) -> Option<Result<()>> {
                Some(self.add(key).await)
            }

            async fn clear(&self) -> Option<Result<()>> {
                Some((**self).clear().map_err(Into::into))
            }

            async fn login(&mut self) -> Result<()> {
                (**self).sign_in("ada")?;
                Ok((**self).insert("user", 1)?)
            }

            async fn logout(&self) -> Result<()> {
                Ok((**self).destroy()?)
            }
        }
    )*};
}

session!(
    session_axum::Session,
    session_actix::Session,
    session_rocket::Session
);
