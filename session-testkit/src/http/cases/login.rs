use serde_json::json;

use super::devices::{current, list};
use super::{Outcome, client, has, is_dead, login, nobody_yet, sees_only, visitor, wait};
use crate::http::Server;
use crate::http::failure::{equal, holds};

pub(crate) async fn signing_in_gives_a_new_id_and_keeps_the_data(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let before = client.copy();
    let user = nobody_yet();
    login(&client, &user).await?;
    holds(client.cookie_header() != before.cookie_header(), || {
        "the id is the same".into()
    })?;
    has(&client, json!({ "here": true })).await?;
    client.get("/api/session").await?.says("owner", user)?;
    // An attacker who planted the old id learns nothing from here on.
    client.put("/api/data/secret", "1").await?.is(204)?;
    sees_only(&before, json!({ "here": true })).await
}

pub(crate) async fn another_owner_finds_none_of_the_data(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let (ada, bob) = (nobody_yet(), nobody_yet());
    login(&client, &ada).await?;
    client.put("/api/data/secret", "1").await?.is(204)?;
    let before = client.copy();
    login(&client, &bob).await?;
    has(&client, json!({})).await?;
    client.get("/api/session").await?.says("owner", bob)?;
    is_dead(&before).await
}

pub(crate) async fn the_same_owner_gets_a_new_id_too(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let user = nobody_yet();
    login(&client, &user).await?;
    let before = client.copy();
    login(&client, &user).await?;
    has(&client, json!({ "here": true })).await?;
    is_dead(&before).await
}

pub(crate) async fn cycling_keeps_the_data_and_ends_the_old_id_in_the_end(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    let user = nobody_yet();
    login(&client, &user).await?;
    let before = client.copy();
    client.post("/api/cycle", "").await?.is(204)?.sets_one()?;
    holds(client.cookie_header() != before.cookie_header(), || {
        "the id is the same".into()
    })?;
    client.get("/api/session").await?.says("owner", user)?;
    // Requests under way go on with the old id, and set no cookie.
    let put = before.put("/api/data/more", "1").await?;
    put.is(204)?.sets_nothing()?;
    let data = json!({ "here": true, "more": 1 });
    for browser in [&before, &client] {
        has(browser, data.clone()).await?;
    }
    wait(&client, GRACE + 500).await?;
    is_dead(&before).await?;
    has(&client, data).await
}

pub(crate) async fn cycling_twice_at_once_changes_the_id_once(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    client.post("/api/cycle", "").await?.is(204)?.sets_one()?;
    let again = client.post("/api/cycle", "").await?;
    again.is(204)?.sets_nothing()?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn reauthenticating_gives_a_new_id_and_keeps_the_handle(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let handle = current(&list(&client).await?)?;
    for _ in 0..2 {
        let before = client.copy();
        let answer = client.post("/api/reauthenticate", "").await?.is(204)?;
        answer.sets_one()?;
        holds(client.cookie_header() != before.cookie_header(), || {
            "the id is the same".into()
        })?;
        equal("the handle", current(&list(&client).await?)?, &*handle)?;
    }
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn reauthenticating_needs_an_owner(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    for client in [stranger, visitor(server).await?] {
        let refused = client.post("/api/reauthenticate", "").await?;
        refused.is(401)?.sets_nothing()?;
    }
    Ok(())
}

pub(crate) async fn logging_out_ends_the_session_everywhere(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let thief = client.copy();
    let answer = client.post("/api/logout", "").await?.is(204)?;
    answer.ends()?;
    holds(
        answer.is_bearers() || client.cookie_header().is_empty(),
        || "the cookie is still there".into(),
    )?;
    is_dead(&client).await?;
    is_dead(&thief).await?;
    // A later write begins another session.
    thief.put("/api/data/new", "1").await?.is(204)?.sets_one()?;
    has(&thief, json!({ "new": 1 })).await
}

pub(crate) async fn logging_out_without_a_session_is_fine(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    client
        .post("/api/logout", "")
        .await?
        .is(204)?
        .sets_nothing()?;
    is_dead(&client).await
}

pub(crate) async fn a_stale_cookie_keeps_nobody_from_signing_in(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let stale = client.copy();
    client.post("/api/logout", "").await?.is(204)?;
    is_dead(&stale).await?;
    let user = nobody_yet();
    login(&stale, &user).await?;
    stale.get("/api/session").await?.says("owner", user)?;
    has(&stale, json!({})).await
}

pub(crate) async fn relogin_starts_from_nothing(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let before = client.copy();
    let user = nobody_yet();
    let body = json!({ "user": user }).to_string();
    let answer = client.post("/api/relogin", &body).await?.is(204)?;
    answer.sets_one()?;
    has(&client, json!({})).await?;
    client.get("/api/session").await?.says("owner", user)?;
    is_dead(&before).await
}

pub(crate) async fn a_user_without_a_name_is_refused(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let long = json!({ "user": "x".repeat(256) }).to_string();
    for bad in ["", "{}", "[]", r#"{"user":""}"#, r#"{"user":7}"#, &long] {
        for path in ["/api/login", "/api/relogin"] {
            client.post(path, bad).await?.is(400)?.sets_nothing()?;
        }
    }
    has(&client, json!({ "here": true })).await
}

/// The milliseconds for which a rotated id stays valid after its successor was presented.
const GRACE: u32 = 10_000;
