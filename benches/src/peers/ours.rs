use std::time::Duration;

use actix_web::App;
use anyhow::Result;
use session_core::{Policy, Sessions};
use session_costs::{Family, Role, Subject, ours_actix, ours_axum, ours_rocket};
use session_store::{MemoryStore, PostgresStore, RedisStore, SqliteOptions, SqliteStore};

use crate::{Backend, Durability, Peer, Shared};

pub(super) fn axum() -> Vec<Peer> {
    let peer = |name, role, subject, has, share, serve| Peer {
        name,
        family: Family::Axum,
        role,
        subject,
        has,
        share,
        serve,
    };
    vec![
        peer(
            "axum",
            Role::Bare,
            ours_axum::bare,
            only_memory,
            None,
            |served| super::axum::serve(served, async |_, _| Ok(ours_axum::bare_app())),
        ),
        peer(
            "session-axum",
            Role::Ours,
            ours_axum::ours,
            any,
            Some(|| super::axum::shared(axum_app)),
            |served| super::axum::serve(served, axum_app),
        ),
    ]
}

async fn axum_app(backend: &Backend, sliding: bool) -> Result<axum::Router> {
    Ok(ours_axum::app(sessions(backend, sliding).await?))
}

pub(super) fn actix() -> Vec<Peer> {
    let bare = |served| {
        super::actix::serve(served, async |_: &Backend, _| {
            Ok(|| App::new().configure(ours_actix::bare_routes))
        })
    };
    let ours = |served| {
        super::actix::serve(served, async |backend: &Backend, sliding| {
            let sessions = sessions(backend, sliding).await?;
            Ok(move || {
                let middleware = session_actix::SessionMiddleware::new(sessions.clone());
                App::new().configure(ours_actix::routes).wrap(middleware)
            })
        })
    };
    let peer = |name, role, subject, has, share, serve| Peer {
        name,
        family: Family::Actix,
        role,
        subject,
        has,
        share,
        serve,
    };
    vec![
        peer(
            "actix-web",
            Role::Bare,
            ours_actix::bare,
            only_memory,
            None,
            bare,
        ),
        peer(
            "session-actix",
            Role::Ours,
            ours_actix::ours,
            any,
            Some(|| over(|store| ours_actix::over(store))),
            ours,
        ),
    ]
}

pub(super) fn rocket() -> Vec<Peer> {
    let bare = |served| {
        super::rocket::serve(served, async |rocket, _: &Backend, _| {
            Ok(rocket.mount("/", ours_rocket::bare_routes()))
        })
    };
    let ours = |served| {
        super::rocket::serve(served, async |rocket, backend: &Backend, sliding| {
            let sessions = sessions(backend, sliding).await?;
            let fairing = session_rocket::SessionFairing::new(sessions);
            Ok(rocket.mount("/", ours_rocket::all_routes()).attach(fairing))
        })
    };
    let peer = |name, role, subject, has, share, serve| Peer {
        name,
        family: Family::Rocket,
        role,
        subject,
        has,
        share,
        serve,
    };
    vec![
        peer(
            "rocket",
            Role::Bare,
            ours_rocket::bare,
            only_memory,
            None,
            bare,
        ),
        peer(
            "session-rocket",
            Role::Ours,
            ours_rocket::ours,
            any,
            Some(|| over(|store| ours_rocket::over(store))),
            ours,
        ),
    ]
}

/// Shares a store between applications, as their workers do.
#[allow(clippy::unnecessary_wraps, reason = "others fail")]
fn over(make: fn(&MemoryStore) -> Result<Box<dyn Subject>>) -> Result<Shared> {
    let store = MemoryStore::new();
    Ok(Box::new(move || make(&store)))
}

fn only_memory(backend: &Backend) -> bool {
    *backend == Backend::Memory
}

fn any(_: &Backend) -> bool {
    true
}

/// The documented start, with the defaults: README, "Quick start".
async fn sessions(backend: &Backend, sliding: bool) -> Result<Sessions> {
    let policy = match sliding {
        true => Policy::builder().touch_every(Duration::ZERO).build()?,
        false => Policy::default(),
    };
    Ok(match backend {
        Backend::Memory => Sessions::new(policy, MemoryStore::new()),
        Backend::Redis(url) => Sessions::new(policy, RedisStore::open(url).await?),
        Backend::Postgres(url) => Sessions::new(policy, PostgresStore::open(url).await?),
        Backend::Sqlite(path, durability) => {
            let durability = match durability {
                Durability::Full => session_store::Durability::PowerLoss,
                Durability::Normal => session_store::Durability::ProcessKill,
            };
            let options = SqliteOptions::new(path).durability(durability);
            Sessions::new(policy, SqliteStore::open_with(options).await?)
        }
    })
}
