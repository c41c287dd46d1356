//! Two sessions of one application, each with a cookie of its own.

use serde_json::json;

use super::{Outcome, client, client_with, has, settle};
use crate::http::failure::{Failure, equal};
use crate::http::{Client, Server, SetCookie};

pub(crate) async fn two_sessions_have_a_cookie_each(server: &dyn Server) -> Outcome {
    let client = visitor_of_two(server).await?;
    let first = client.put("/api/data/a", "1").await?.is(204)?;
    let second = client.put("/second/api/data/b", "2").await?.is(204)?;
    let (first, second) = (first.sets_one()?, second.sets_one()?);
    let suffixed = format!("{}-second", first.name());
    equal("the second cookie's name", second.name(), &*suffixed)?;
    equal("the attributes", second.identity(), first.identity())
}

pub(crate) async fn two_sessions_hold_different_values(server: &dyn Server) -> Outcome {
    let client = visitor_of_two(server).await?;
    client.put("/api/data/a", "1").await?.is(204)?;
    second_has(&client, false, json!({})).await?;
    client.put("/second/api/data/a", "2").await?.is(204)?;
    client.put("/second/api/data/b", "3").await?.is(204)?;
    has(&client, json!({ "a": 1 })).await?;
    second_has(&client, true, json!({ "a": 2, "b": 3 })).await
}

pub(crate) async fn two_sessions_can_be_written_in_one_request(server: &dyn Server) -> Outcome {
    let client = visitor_of_two(server).await?;
    let answer = client.put("/both/data/here", "true").await?.is(204)?;
    let mut names: Vec<_> = answer.set_cookies().iter().map(SetCookie::name).collect();
    names.sort_unstable();
    names.dedup();
    equal("the number of cookies", names.len(), 2)?;
    answer.is_private()?;
    has(&client, json!({ "here": true })).await?;
    second_has(&client, true, json!({ "here": true })).await
}

pub(crate) async fn ending_one_session_leaves_the_other(server: &dyn Server) -> Outcome {
    for (ended, kept) in [("", "/second"), ("/second", "")] {
        let client = visitor_of_two(server).await?;
        settle(&client).await?;
        client.put("/second/api/data/here", "true").await?.is(204)?;
        let answer = client.post(&format!("{ended}/api/logout"), "").await?;
        answer.is(204)?.ends()?;
        let shown = client.get(&format!("{ended}/api/session")).await?;
        shown.says("exists", false)?;
        let shown = client.get(&format!("{kept}/api/session")).await?;
        shown
            .says("exists", true)?
            .says("data", json!({ "here": true }))?;
    }
    Ok(())
}

pub(crate) async fn reading_two_sessions_varies_once(server: &dyn Server) -> Outcome {
    let client = visitor_of_two(server).await?;
    client.put("/both/data/here", "true").await?.varies()?;
    // The same values again: both are read, and no cookie is sent.
    let answer = client
        .put("/both/data/here", "true")
        .await?
        .sets_nothing()?;
    answer.varies()
}

pub(crate) async fn two_sessions_are_not_there_unless_asked_for(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let answer = client.put("/both/data/here", "true").await?;
    answer.is(404)?.sets_nothing()?;
    let answer = client.get("/second/api/session").await?;
    answer.is(404)?.sets_nothing()?;
    Ok(())
}

async fn visitor_of_two(server: &dyn Server) -> Result<Client, Failure> {
    client_with(server, &["--second"]).await
}

async fn second_has(client: &Client, exists: bool, data: serde_json::Value) -> Outcome {
    let answer = client.get("/second/api/session").await?.is(200)?;
    answer.says("exists", exists)?.says("data", data)?;
    Ok(())
}
