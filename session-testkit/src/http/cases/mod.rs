//! The cases, by subject.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::failure::Failure;
use super::{App, Client, Server};

pub(crate) mod aborts;
pub(crate) mod bearers;
pub(crate) mod caps;
pub(crate) mod cookies;
pub(crate) mod devices;
pub(crate) mod ended;
pub(crate) mod errors;
pub(crate) mod gone;
pub(crate) mod lifetime;
pub(crate) mod login;
pub(crate) mod origins;
pub(crate) mod races;
pub(crate) mod renewal;
pub(crate) mod requirements;
pub(crate) mod routes;
pub(crate) mod several;
pub(crate) mod values;

/// The result of a case.
pub(crate) type Outcome = Result<(), Failure>;

/// Starts the application without flags and opens a browser.
pub(crate) async fn client(server: &dyn Server) -> Result<Client, Failure> {
    client_with(server, &[]).await
}

pub(crate) async fn client_with(server: &dyn Server, flags: &[&str]) -> Result<Client, Failure> {
    let started: Result<Arc<dyn App>, _> = server.start(flags).await;
    match started {
        Ok(app) => Ok(Client::new(app)),
        Err(error) => Err(Failure::new(format!(
            "cannot start with {flags:?}: {error}"
        ))),
    }
}

/// Opens a browser that has a session, with `"here": true` in it.
pub(crate) async fn visitor(server: &dyn Server) -> Result<Client, Failure> {
    let client = client(server).await?;
    settle(&client).await?;
    Ok(client)
}

/// Waits by the server's clock, the only one that the suite can see.
pub(crate) async fn wait(client: &Client, millis: u32) -> Outcome {
    let target = format!("/api/session?delay_ms={millis}");
    client.stranger().get(&target).await?.is(200)?;
    Ok(())
}

pub(crate) async fn settle(client: &Client) -> Outcome {
    client
        .put("/api/data/here", "true")
        .await?
        .is(204)?
        .sets_one()?;
    Ok(())
}

/// Signs a user in.
pub(crate) async fn login(client: &Client, user: &str) -> Outcome {
    let body = serde_json::json!({ "user": user }).to_string();
    client
        .post("/api/login", &body)
        .await?
        .is(204)?
        .sets_one()?;
    Ok(())
}

/// Checks that a browser has its session, with exactly these values.
pub(crate) async fn has(client: &Client, data: serde_json::Value) -> Outcome {
    let answer = client.get("/api/session").await?.is(200)?;
    answer.says("exists", true)?.says("data", data)?;
    Ok(())
}

/// Checks that a browser's cookies, if any, open nothing and stay as they are.
pub(crate) async fn is_dead(client: &Client) -> Outcome {
    let answer = client.get("/api/session").await?.is(200)?.sets_nothing()?;
    answer
        .says("exists", false)?
        .says("data", serde_json::json!({}))?
        .says("owner", serde_json::Value::Null)?;
    Ok(())
}

/// Checks that an id from before a login reads exactly the data from before the login.
pub(crate) async fn sees_only(client: &Client, data: serde_json::Value) -> Outcome {
    let answer = client.get("/api/session").await?.is(200)?.sets_nothing()?;
    answer
        .says("data", data)?
        .says("owner", serde_json::Value::Null)?;
    Ok(())
}

/// Returns an unused name, also if the store outlives the process.
pub(crate) fn nobody_yet() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now();
    let nanos = now
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("user-{nanos}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
