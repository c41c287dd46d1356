//! The handlers of Django's table of decisions, in Rust on axum.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, StatusCode};
use axum::routing::any;
use session_axum::{Rejection, SessionHandle, SessionLayer, Sessions};
use session_testkit::http::App;

use crate::scene::SESSIONID;
use crate::servers::serve;

/// Serves the routes of `drive.py` that the table needs.
pub fn decider(sessions: Sessions) -> Arc<dyn App> {
    let router = Router::new()
        .route("/api/{*path}", any(decide))
        .layer(SessionLayer::new(sessions.clone()))
        .with_state(sessions);
    serve(router)
}

async fn decide(
    State(sessions): State<Sessions>,
    method: Method,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    handle: SessionHandle,
) -> Result<StatusCode, Rejection> {
    let query = query.unwrap_or_default();
    let pairs: HashMap<&str, &str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let status = StatusCode::from_bytes(pairs["status"].as_bytes()).unwrap();
    if path == "untouched" {
        return Ok(status);
    }
    let session = handle.load().await?;
    match (method, &*path) {
        (_, "session") => drop(session.keys()),
        (Method::PUT, "data/new") => session.insert("new", 1)?,
        (Method::DELETE, "data/k") => drop(session.remove("k")?),
        (_, "flush") => session.destroy()?,
        (_, "flush_write") => {
            session.destroy()?;
            session.insert("new", 1)?;
        }
        (_, "cycle") => session.cycle()?,
        (_, "clear") => session.clear()?,
        (_, "gone") => {
            // Another request ends the session while this one holds it.
            let cookie = format!("{SESSIONID}={}", pairs["key"]);
            let other = sessions.open([cookie.as_bytes()]);
            other.handle().destroy()?;
            let _ = other.commit(200).await.unwrap();
            session.insert("late", 1)?;
        }
        (method, path) => panic!("no route: {method} {path}"),
    }
    Ok(status)
}
