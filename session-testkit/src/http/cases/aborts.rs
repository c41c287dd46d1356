//! Clients that leave in mid-request: their request takes effect wholly or not at all.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Outcome, client, has, is_dead, nobody_yet, settle, visitor, wait};
use crate::http::failure::{Failure, holds};
use crate::http::{Client, Hangup, Request, Server};

const HANGUPS: [Hangup; 3] = [Hangup::Close, Hangup::HalfClose, Hangup::Reset];

pub(crate) async fn an_aborted_write_is_whole_or_absent(server: &dyn Server) -> Outcome {
    for hangup in HANGUPS {
        let client = visitor(server).await?;
        abort(&client, "PUT", "/api/data/late?delay_ms=200", hangup).await?;
        let increment = "/api/data/hits/increment?delay_ms=200";
        abort(&client, "POST", increment, hangup).await?;
        let data = settled(&client).await?["data"].clone();
        let whole = |key: &str| data.get(key).is_none() || data[key] == 1;
        holds(
            data["here"] == true && whole("late") && whole("hits"),
            || format!("after {hangup:?} there is {data}"),
        )?;
        // The session can be written as before.
        client
            .put("/api/data/here", "2")
            .await?
            .is(204)?
            .sets_nothing()?;
    }
    Ok(())
}

pub(crate) async fn an_aborted_logout_is_whole_or_absent(server: &dyn Server) -> Outcome {
    for hangup in HANGUPS {
        let client = visitor(server).await?;
        abort(&client, "POST", "/api/logout?delay_ms=200", hangup).await?;
        let shown = settled(&client).await?;
        let expected = match shown["exists"].as_bool() {
            Some(true) => json!({ "here": true }),
            _ => json!({}),
        };
        holds(
            shown["data"] == expected && shown["owner"] == Value::Null,
            || format!("after {hangup:?} there is {shown}"),
        )?;
    }
    Ok(())
}

pub(crate) async fn a_logout_after_an_aborted_request_holds(server: &dyn Server) -> Outcome {
    for hangup in HANGUPS {
        let client = visitor(server).await?;
        let thief = client.copy();
        abort(&client, "PUT", "/api/data/late?delay_ms=200", hangup).await?;
        client.post("/api/logout", "").await?.is(204)?.ends()?;
        is_dead(&thief).await?;
        // Some servers carry the aborted request through.
        wait(&client, 500).await?;
        is_dead(&thief).await?;
    }
    Ok(())
}

pub(crate) async fn a_server_survives_many_aborts(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    settle(&client).await?;
    let user = json!({ "user": nobody_yet() }).to_string();
    let aborts = (0..30).map(|number| {
        let hangup = HANGUPS[number % HANGUPS.len()];
        let (client, user) = (client.stranger(), user.clone());
        async move {
            let login = Request::new("POST", "/api/login?delay_ms=100").json(user);
            let sent = client.app().abort(login, hangup).await;
            sent.map_err(|error| Failure::new(format!("not even sent: {error}")))
        }
    });
    join_all(aborts).await.into_iter().collect::<Outcome>()?;
    client.get("/healthz").await?.is(200)?;
    has(&client, json!({ "here": true })).await
}

/// Returns the session once the aborted request is over; the server does the waiting.
async fn settled(client: &Client) -> Result<Value, Failure> {
    client.get("/api/session?delay_ms=500").await?.is(200)?;
    client.get("/api/session").await?.is(200)?.json()
}

pub(super) async fn abort(
    client: &Client,
    method: &'static str,
    target: &str,
    hangup: Hangup,
) -> Outcome {
    let request = Request::new(method, target).header("cookie", client.cookie_header());
    let request = if method == "PUT" {
        request.json("1")
    } else {
        request
    };
    let sent = client.app().abort(request, hangup).await;
    sent.map_err(|error| Failure::new(format!("not even sent: {error}")))
}
