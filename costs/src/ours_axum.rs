//! Ours on axum, and axum without sessions.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_core::Store;
use session_store::MemoryStore;
use tower_layer::Layer;
use tower_service::Service;

use crate::{AxumSubject, COUNTER, Subject, key, read_key, value, values};

/// Makes the subject without sessions.
///
/// # Errors
///
/// There is no runtime.
pub fn bare() -> Result<Box<dyn Subject>> {
    Ok(Box::new(AxumSubject::without_sessions(&bare_app())?))
}

pub(crate) fn floor() -> Result<Box<dyn Subject>> {
    let app = bare_app().layer(Floor(Arc::new(())));
    Ok(Box::new(AxumSubject::without_sessions(&app)?))
}

/// Makes ours on the memory store.
///
/// # Errors
///
/// There is no runtime.
pub fn ours() -> Result<Box<dyn Subject>> {
    over(&MemoryStore::new())
}

/// Makes ours on any store.
///
/// # Errors
///
/// There is no runtime.
pub fn over(store: &(impl Store + Clone)) -> Result<Box<dyn Subject>> {
    let subject = AxumSubject::new(async || {
        let sliding = Policy::builder().touch_every(Duration::ZERO).build()?;
        let sessions = |policy| Sessions::new(policy, store.clone());
        let usual = app(sessions(Policy::default()));
        Ok((usual, app(sessions(sliding))))
    })?;
    Ok(Box::new(subject))
}

/// Returns the application without sessions.
pub fn bare_app() -> Router {
    Router::new()
        .route("/untouched", get(untouched))
        .route("/read", get(async || value().len().to_string()))
        .route("/increment", get(async || 1.to_string()))
        .route("/create", get(untouched))
}

/// Returns the application with sessions.
pub fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/seed", get(seed))
        .route("/untouched", get(untouched))
        .route("/read", get(read))
        .route("/increment", get(increment))
        .route("/create", get(create))
        .layer(SessionLayer::new(sessions))
}

async fn seed(session: Session) -> Result<(), Rejection> {
    for number in 0..values() {
        session.insert(&key(number), value())?;
    }
    session.insert(COUNTER, 0)
}

async fn untouched() -> &'static str {
    "untouched"
}

async fn read(session: Session) -> Result<String, Rejection> {
    let value: Option<String> = session.get(read_key())?;
    Ok(value.map_or(0, |value| value.len()).to_string())
}

async fn increment(session: Session) -> Result<String, Rejection> {
    let count = session.update(COUNTER, |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(count.to_string())
}

async fn create(session: Session) -> Result<&'static str, Rejection> {
    session.insert("user", "ada")?;
    Ok("created")
}

/// A layer that does nothing but insert an extension.
#[derive(Clone)]
struct Floor(Arc<()>);

#[derive(Clone)]
struct FloorService<S> {
    inner: S,
    value: Arc<()>,
}

impl<S> Layer<S> for Floor {
    type Service = FloorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let value = self.0.clone();
        FloorService { inner, value }
    }
}

impl<S: Service<Request>> Service<Request> for FloorService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        request.extensions_mut().insert(self.value.clone());
        self.inner.call(request)
    }
}
