use serde_json::{Value, json};

use super::{Outcome, client, has, settle, visitor};
use crate::http::Server;
use crate::http::failure::equal;

pub(crate) async fn a_value_is_set_read_and_removed(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    client.put("/api/data/theme", "\"dark\"").await?.is(204)?;
    let read = client.get("/api/data/theme").await?.is(200)?;
    equal("the value", read.json()?, json!("dark"))?;
    client.put("/api/data/theme", "\"light\"").await?.is(204)?;
    has(&client, json!({ "here": true, "theme": "light" })).await?;
    client.delete("/api/data/theme").await?.is(204)?;
    client.delete("/api/data/theme").await?.is(204)?;
    client.get("/api/data/theme").await?.is(404)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn every_json_value_comes_back(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for text in [
        "null",
        "false",
        "0",
        "-12.5",
        "9007199254740993",
        "\"\"",
        r#""ü \" \u0000 </script> 🍪""#,
        "[]",
        r#"{"a":[1,{"b":null}],"":{}}"#,
    ] {
        client.put("/api/data/any", text).await?.is(204)?;
        let read = client.get("/api/data/any").await?.is(200)?;
        let expected: Option<Value> = serde_json::from_str(text).ok();
        equal(text, Some(read.json()?), expected)?;
    }
    Ok(())
}

pub(crate) async fn keys_are_percent_decoded(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    client
        .put("/api/data/a%2Fb%20%C3%A9+", "1")
        .await?
        .is(204)?;
    has(&client, json!({ "here": true, "a/b é+": 1 })).await?;
    client.get("/api/data/a%2fb%20%c3%a9%2B").await?.is(200)?;
    Ok(())
}

pub(crate) async fn a_body_that_is_not_json_changes_nothing(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for bad in ["", "{", "nope", "1 2", "\"", "\u{feff}1"] {
        let answer = client.put("/api/data/here", bad).await?;
        answer.is(400)?.sets_nothing()?;
    }
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn an_increment_starts_at_one(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    for expected in 1..=3 {
        let answer = client.post("/api/data/hits/increment", "").await?;
        answer.is(200)?.says("value", expected)?;
    }
    // Not every JSON text is a value to a program that decodes it.
    let brackets = "[".repeat(200) + &"]".repeat(200);
    for text in ["\"many\"", "null", "1e999", "\"\\ud800\"", &*brackets] {
        client.put("/api/data/hits", text).await?.is(204)?;
        let answer = client.post("/api/data/hits/increment", "").await?;
        answer.is(200)?.says("value", 1)?;
    }
    has(&client, json!({ "hits": 1 })).await
}

pub(crate) async fn clearing_keeps_the_session(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let before = client.cookie_header();
    client.post("/api/clear", "").await?.is(204)?;
    equal("the cookie", client.cookie_header(), before)?;
    has(&client, json!({})).await
}

pub(crate) async fn two_browsers_are_apart(server: &dyn Server) -> Outcome {
    let one = visitor(server).await?;
    let other = one.stranger();
    settle(&other).await?;
    one.put("/api/data/mine", "1").await?.is(204)?;
    has(&other, json!({ "here": true })).await?;
    has(&one, json!({ "here": true, "mine": 1 })).await
}

pub(crate) async fn a_reader_is_told_that_answers_vary(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for path in ["/api/session", "/api/data/here", "/api/data/nothing"] {
        client.get(path).await?.sets_nothing()?.varies()?;
    }
    Ok(())
}

pub(crate) async fn a_second_write_sends_no_cookie(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let answer = client.put("/api/data/more", "1").await?;
    answer.is(204)?.sets_nothing()?.varies()
}
