//! Metrics of sessions for Prometheus, on axum. `cargo run -p metrics-axum`, then ask for `/metrics`.
//!
//! `dashboard.json` beside this folder is a dashboard for Grafana: import it and choose the Prometheus that scrapes this.

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use session_axum::{
    Policy, PolicyError, Rejection, Session, SessionHandle, SessionLayer, Sessions, StoreError,
    Tracing,
};
use session_core::Metrics;
use session_store::{MemoryStore, Metered};

/// Installs the exporter. Before anything is counted, or it is counted nowhere.
///
/// # Errors
///
/// Another one is installed.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let seconds = Matcher::Full("session_store_seconds".into());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &BUCKETS)?
        .install_recorder()
}

/// Returns the application, and the route `/metrics`, which belongs on a port that the world does not reach.
///
/// # Errors
///
/// The policy is wrong.
pub fn app(prometheus: PrometheusHandle) -> Result<(Router, Router), PolicyError> {
    // Any store; here it is measured as requests see it.
    let store = Metered::new(MemoryStore::new());
    let policy = Policy::builder()
        .insecure()
        .observer((Tracing::default(), Metrics::new()));
    let sessions = Sessions::new(policy.build()?, store.clone());
    let app = Router::new()
        .route("/", get(visit))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(sessions));
    let scrape = async move || {
        // The gauge is as fresh as the answer.
        store.count().await.map_err(unavailable)?;
        Ok::<_, (axum::http::StatusCode, &'static str)>(prometheus.render())
    };
    Ok((app, Router::new().route("/metrics", get(scrape))))
}

fn unavailable(_: StoreError) -> (axum::http::StatusCode, &'static str) {
    (axum::http::StatusCode::SERVICE_UNAVAILABLE, "no store")
}

async fn visit(session: Session) -> Result<String, Rejection> {
    let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("{visits} visits\n"))
}

async fn login(session: Session, owner: String) -> Result<(), Rejection> {
    // A real one checks a password.
    session.sign_in(owner)
}

async fn logout(session: SessionHandle) -> Result<(), Rejection> {
    session.destroy()
}

/// From a look into a cache to the time limit of a call, in seconds.
const BUCKETS: [f64; 10] = [
    0.000_05, 0.000_2, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 5.0,
];
