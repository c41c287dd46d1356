use serde_json::json;

use super::{Outcome, client, has, is_dead, login, nobody_yet, visitor};
use crate::http::Server;
use crate::http::failure::holds;

pub(crate) async fn signing_in_gives_a_new_id_and_keeps_the_data(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let before = client.copy();
    let user = nobody_yet();
    login(&client, &user).await?;
    has(&client, json!({ "here": true })).await?;
    client.get("/api/session").await?.says("owner", user)?;
    is_dead(&before).await
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

pub(crate) async fn cycling_keeps_the_data_and_kills_the_old_id(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let user = nobody_yet();
    login(&client, &user).await?;
    let before = client.copy();
    client.post("/api/cycle", "").await?.is(204)?.sets_one()?;
    holds(client.cookie_header() != before.cookie_header(), || {
        "the id is the same".into()
    })?;
    has(&client, json!({ "here": true })).await?;
    client.get("/api/session").await?.says("owner", user)?;
    is_dead(&before).await
}

pub(crate) async fn logging_out_ends_the_session_everywhere(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let thief = client.copy();
    client.post("/api/logout", "").await?.is(204)?.removes()?;
    holds(client.cookie_header().is_empty(), || {
        "the cookie is still there".into()
    })?;
    is_dead(&client).await?;
    is_dead(&thief).await?;
    // What is written afterwards is another session.
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
