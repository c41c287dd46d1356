use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{Outcome, client, client_with, has, is_dead, settle, visitor, wait};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Client, Server};

pub(crate) async fn a_lifetime_in_seconds_holds(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let answer = client.put("/api/lifetime", r#"{"seconds":300}"#).await?;
    let answer = answer.is(204)?;
    equal("Max-Age", answer.sets_one()?.max_age(), Some(300))?;
    let shown = client.get("/api/session").await?;
    let shown = shown.says("browser_close", false)?;
    left(&shown.json()?, 240..=300)
}

pub(crate) async fn a_lifetime_until_a_moment_holds(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let moment = now(&client).await? + Duration::days(3);
    let text = moment.format(&Rfc3339).unwrap_or_default();
    let body = json!({ "at": text }).to_string();
    let answer = client.put("/api/lifetime", &body).await?.is(204)?;
    let age = answer.sets_one()?.max_age();
    let three_days = 259_100..=259_201;
    answer.holds(
        age.is_some_and(|age| three_days.contains(&age)),
        "three days",
    )?;
    let shown = client.get("/api/session").await?.json()?;
    let ends = shown["expires_at"].as_str().and_then(parse);
    equal("expires_at", ends, Some(moment))
}

pub(crate) async fn a_lifetime_until_browser_close_holds(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let answer = client
        .put("/api/lifetime", r#"{"browser_close":true}"#)
        .await?;
    let answer = answer.is(204)?;
    let cookie = answer.sets_one()?;
    let bare = !cookie.has("max-age") && !cookie.has("expires");
    answer.holds(bare, "neither Max-Age nor Expires")?;
    let shown = client.get("/api/session").await?;
    let shown = shown.says("browser_close", true)?;
    left(&shown.json()?, 1_209_000..=1_209_600)
}

pub(crate) async fn a_lifetime_goes_back_to_the_default(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for body in [r#"{"seconds":300}"#, r#"{"browser_close":true}"#] {
        client.put("/api/lifetime", body).await?.is(204)?;
        let answer = client.put("/api/lifetime", r#"{"default":true}"#).await?;
        let answer = answer.is(204)?;
        equal("Max-Age", answer.sets_one()?.max_age(), Some(1_209_600))?;
        let shown = client.get("/api/session").await?;
        let shown = shown.says("browser_close", false)?;
        left(&shown.json()?, 1_209_000..=1_209_600)?;
    }
    Ok(())
}

pub(crate) async fn a_lifetime_survives_later_writes(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    client
        .put("/api/lifetime", r#"{"seconds":300}"#)
        .await?
        .is(204)?;
    client
        .put("/api/data/more", "1")
        .await?
        .is(204)?
        .sets_nothing()?;
    let answer = client.post("/api/cycle", "").await?.is(204)?;
    let age = answer.sets_one()?.max_age();
    answer.holds(age.is_some_and(|age| (240..=300).contains(&age)), "300 s")?;
    left(&client.get("/api/session").await?.json()?, 240..=300)
}

pub(crate) async fn an_impossible_lifetime_is_refused(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    client
        .put("/api/lifetime", r#"{"seconds":300}"#)
        .await?
        .is(204)?;
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        "300",
        r#"{"seconds":0}"#,
        r#"{"seconds":-5}"#,
        r#"{"seconds":1.5}"#,
        r#"{"seconds":"300"}"#,
        r#"{"seconds":null}"#,
        r#"{"seconds":99999999999999999999}"#,
        r#"{"at":"2001-01-01T00:00:00Z"}"#,
        r#"{"at":"soon"}"#,
        r#"{"at":"2099-13-45T00:00:00Z"}"#,
        r#"{"at":4102444800}"#,
        r#"{"browser_close":false}"#,
        r#"{"default":"yes"}"#,
        r#"{"seconds":60,"default":true}"#,
        r#"{"years":2}"#,
    ] {
        let answer = client.put("/api/lifetime", bad).await?;
        holds(answer.status() == 400, || {
            format!("{bad} was answered {}", answer.status())
        })?;
        answer.sets_nothing()?;
    }
    left(&client.get("/api/session").await?.json()?, 240..=300)
}

pub(crate) async fn an_idle_session_ends(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--idle", "4"]).await?;
    settle(&client).await?;
    let other = client.copy();
    wait(&client, 4_400).await?;
    is_dead(&client).await?;
    // A write does not bring it back.
    other.put("/api/data/new", "1").await?.is(204)?.sets_one()?;
    has(&other, json!({ "new": 1 })).await?;
    is_dead(&client).await
}

pub(crate) async fn reading_keeps_a_session_alive(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--idle", "6", "--touch-every", "0"]).await?;
    settle(&client).await?;
    for _ in 0..3 {
        wait(&client, 2_200).await?;
        let answer = client.get("/api/session").await?.says("exists", true)?;
        // The cookie's age is extended together with the session's life.
        equal("Max-Age", answer.sets_one()?.max_age(), Some(6))?;
    }
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn what_remains_is_nothing_without_a_session(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let asked = client.get("/api/remaining").await?.is(200)?;
    asked.varies()?;
    asked.sets_nothing()?.says("seconds", Value::Null)?;
    is_dead(&client).await
}

pub(crate) async fn what_remains_is_what_the_session_has(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let asked = client.get("/api/remaining").await?.is(200)?;
    remains(&asked.sets_nothing()?.json()?, 1_209_000..=1_209_600)?;
    for body in [r#"{"seconds":300}"#, r#"{"browser_close":true}"#] {
        client.put("/api/lifetime", body).await?.is(204)?;
        let shown = client.get("/api/session").await?.json()?;
        let left = shown["expires_in"].as_i64().unwrap_or_default();
        let asked = client.get("/api/remaining").await?.is(200)?;
        remains(&asked.sets_nothing()?.json()?, left - 60..=left)?;
    }
    Ok(())
}

pub(crate) async fn asking_what_remains_is_no_activity(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--idle", "8", "--touch-every", "0"]).await?;
    settle(&client).await?;
    for most in [8, 6, 4] {
        let asked = client.get("/api/remaining").await?.is(200)?;
        remains(&asked.sets_nothing()?.json()?, 0..=most)?;
        wait(&client, 2_000).await?;
    }
    wait(&client, 2_500).await?;
    let asked = client.get("/api/remaining").await?.is(200)?;
    asked.sets_nothing()?.says("seconds", Value::Null)?;
    is_dead(&client).await
}

pub(crate) async fn a_page_that_only_reads_is_no_activity(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--idle", "2", "--touch-every", "0"]).await?;
    settle(&client).await?;
    for _ in 0..2 {
        wait(&client, 1_200).await?;
        client.get("/api/calm").await?.is(200)?.sets_nothing()?;
    }
    is_dead(&client).await
}

pub(crate) async fn an_absolute_limit_holds_whatever_the_activity(server: &dyn Server) -> Outcome {
    let flags = ["--idle", "60", "--absolute", "6", "--touch-every", "0"];
    let client = client_with(server, &flags).await?;
    let answer = client.put("/api/data/here", "true").await?.is(204)?;
    equal("Max-Age", answer.sets_one()?.max_age(), Some(6))?;
    wait(&client, 1_500).await?;
    let shown = client.get("/api/session").await?.says("exists", true)?;
    left(&shown.json()?, 0..=5)?;
    client.put("/api/data/more", "1").await?.is(204)?;
    client.post("/api/cycle", "").await?.is(204)?;
    wait(&client, 5_000).await?;
    is_dead(&client).await
}

/// Returns the server's time, computed from a session's lifetime.
async fn now(client: &Client) -> Result<OffsetDateTime, Failure> {
    let shown = client.get("/api/session").await?.json()?;
    let ends = shown["expires_at"].as_str().and_then(parse);
    let left = shown["expires_in"].as_i64();
    let Some((ends, left)) = ends.zip(left) else {
        return Err(Failure::new(format!("no lifetime in {shown}")));
    };
    let now = ends - Duration::seconds(left);
    Ok(now.replace_nanosecond(0).unwrap_or(now))
}

fn remains(answer: &Value, expected: std::ops::RangeInclusive<i64>) -> Outcome {
    let seconds = answer["seconds"].as_i64();
    holds(seconds.is_some_and(|left| expected.contains(&left)), || {
        format!("seconds: expected {expected:?}, saw {answer}")
    })
}

fn left(shown: &Value, expected: std::ops::RangeInclusive<i64>) -> Outcome {
    let seconds = shown["expires_in"].as_i64();
    holds(seconds.is_some_and(|left| expected.contains(&left)), || {
        format!("expires_in: expected {expected:?}, saw {shown}")
    })
}

fn parse(moment: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(moment, &Rfc3339).ok()
}
