//! The sessions of a Django site, in Rust, with the sentences of its `settings.py`.
//!
//! `DATABASE_URL=sqlite:db.sqlite3 SECRET_KEY=… cargo run -p django-bridge --example settings`

use std::env;

use axum::{Router, routing::get};
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_core::django::Settings;
use session_store::{DjangoOptions, DjangoStore};

const SETTINGS: &str = "
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 5 * 60
";

async fn visits(session: Session) -> Result<String, Rejection> {
    let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let var = |name| env::var(name).map_err(|_| format!("{name} is not in the environment"));
    let settings = Settings::parse(SETTINGS)?.secret_key(var("SECRET_KEY")?);
    // The table is the one that `manage.py migrate` makes; `create` makes it where Django has not been.
    let options = DjangoOptions::new().zone(settings.zone()?).create(true);
    let (url, keys) = (var("DATABASE_URL")?, settings.secret_keys()?);
    let store = DjangoStore::open_with(&url, &keys, options).await?;
    let sessions = Sessions::new(Policy::from_django_settings(&settings)?, store);

    let app = Router::new()
        .route("/", get(visits))
        .layer(SessionLayer::new(sessions));
    let address = var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
