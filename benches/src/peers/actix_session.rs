use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{CookieSessionStore, RedisSessionStore, SessionStore};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::test::init_service;
use actix_web::{App, Error, web};
use anyhow::{Result, bail};
use session_costs::{ActixSubject, COUNTER, Family, Role, Subject, key, read_key, value, values};

use super::LIFE;
use super::hash_map::HashMapStore;
use crate::peer::Served;
use crate::{Backend, Peer, Shared};

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, subject, has, share, serve| Peer {
        name,
        family: Family::Actix,
        role: Role::Peer,
        subject,
        has,
        share,
        serve,
    };
    vec![
        peer(
            "actix-session (cookie)",
            || subject(CookieSessionStore::default),
            |backend| *backend == Backend::Memory,
            // The cookie is all there is.
            None,
            |served| serve(served, |_| async { Ok(CookieSessionStore::default) }),
        ),
        peer(
            "actix-session",
            || subject(HashMapStore::default),
            |backend| matches!(backend, Backend::Memory | Backend::Redis(_)),
            Some(shared),
            |served| match &served.backend {
                Backend::Memory => serve(served, |_| async {
                    let store = HashMapStore::default();
                    Ok(move || store.clone())
                }),
                Backend::Redis(_) => serve(served, |url| async move {
                    let store = RedisSessionStore::new(url).await?;
                    Ok(move || store.clone())
                }),
                other => bail!("no store for {other}"),
            },
        ),
    ]
}

/// As its documentation's "Getting started" has it: `SessionMiddleware::new` with its defaults, a private cookie. To
/// extend a life by each request is a policy of the persistent session.
fn middleware<S: SessionStore>(store: S, secret: &Key, sliding: bool) -> SessionMiddleware<S> {
    if !sliding {
        return SessionMiddleware::new(store, secret.clone());
    }
    let life = actix_web::cookie::time::Duration::seconds(LIFE.whole_seconds());
    let lifecycle = PersistentSession::default()
        .session_ttl(life)
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    let builder = SessionMiddleware::builder(store, secret.clone());
    builder.session_lifecycle(lifecycle).build()
}

fn subject<S: SessionStore + 'static>(store: impl Fn() -> S) -> Result<Box<dyn Subject>> {
    let subject = ActixSubject::new(async || {
        let secret = Key::generate();
        let app = |sliding| {
            let middleware = middleware(store(), &secret, sliding);
            init_service(App::new().configure(routes).wrap(middleware))
        };
        Ok((app(false).await, app(true).await))
    })?;
    Ok(Box::new(subject))
}

#[allow(clippy::unnecessary_wraps, reason = "others fail")]
fn shared() -> Result<Shared> {
    let store = HashMapStore::default();
    Ok(Box::new(move || subject(|| store.clone())))
}

fn serve<S, M>(served: Served, store: impl AsyncFnOnce(String) -> Result<M>) -> Result<()>
where
    S: SessionStore + 'static,
    M: Fn() -> S + Clone + Send + 'static,
{
    super::actix::serve(served, async |backend: &Backend, sliding| {
        let store = store(backend.to_string()).await?;
        let secret = Key::generate();
        Ok(move || {
            let middleware = middleware(store(), &secret, sliding);
            App::new().configure(routes).wrap(middleware)
        })
    })
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/seed", web::get().to(seed))
        .route("/untouched", web::get().to(async || "untouched"))
        .route("/read", web::get().to(read))
        .route("/increment", web::get().to(increment))
        .route("/create", web::get().to(create));
}

async fn seed(session: Session) -> Result<&'static str, Error> {
    for number in 0..values() {
        session.insert(key(number), value())?;
    }
    session.insert(COUNTER, 0)?;
    Ok("seeded")
}

async fn read(session: Session) -> Result<String, Error> {
    let value: Option<String> = session.get(read_key())?;
    Ok(value.map_or(0, |value| value.len()).to_string())
}

async fn increment(session: Session) -> Result<String, Error> {
    let count: Option<u64> = session.get(COUNTER)?;
    let count = count.unwrap_or(0) + 1;
    session.insert(COUNTER, count)?;
    Ok(count.to_string())
}

async fn create(session: Session) -> Result<&'static str, Error> {
    session.insert("user", "ada")?;
    Ok("created")
}
