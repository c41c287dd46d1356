//! A secret that is renewed by itself.

use futures_util::future::join_all;
use serde_json::json;

use super::{Outcome, client_with, has, settle, wait};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Client, Server};

/// Opens a browser whose secret is due in a second.
async fn young(server: &dyn Server) -> Result<Client, Failure> {
    let client = client_with(server, &["--rotate-every", "1"]).await?;
    settle(&client).await?;
    Ok(client)
}

pub(crate) async fn a_secret_is_renewed_by_the_first_request_that_is_late_enough(
    server: &dyn Server,
) -> Outcome {
    let client = young(server).await?;
    let before = client.copy();
    wait(&client, 1_100).await?;
    client
        .get("/api/untouched")
        .await?
        .is(204)?
        .sets_nothing()?;
    let answer = client.get("/api/session").await?.is(200)?;
    answer.sets_one()?;
    holds(client.cookie_header() != before.cookie_header(), || {
        "the id is the same".into()
    })?;
    // Within the grace it is not renewed again, and the id from before goes on.
    wait(&client, 1_100).await?;
    let again = client.put("/api/data/more", "1").await?;
    again.is(204)?.sets_nothing()?;
    let late = before.put("/api/data/late", "1").await?;
    late.is(204)?.sets_nothing()?;
    has(&client, json!({ "here": true, "more": 1, "late": 1 })).await
}

pub(crate) async fn an_error_renews_no_secret(server: &dyn Server) -> Outcome {
    let client = young(server).await?;
    wait(&client, 1_100).await?;
    for status in [500, 503, 599, 408, 499] {
        let target = format!("/api/session?status={status}");
        let answer = client.get(&target).await?;
        answer.is(status)?.sets_nothing()?;
    }
    let answer = client.get("/api/session?status=404").await?;
    answer.is(404)?.sets_one()?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn asking_what_remains_renews_no_secret(server: &dyn Server) -> Outcome {
    let client = young(server).await?;
    wait(&client, 1_100).await?;
    let asked = client.get("/api/remaining").await?.is(200)?;
    asked.sets_nothing()?;
    let calm = client.get("/api/calm").await?.is(200)?;
    calm.sets_nothing()?.says("exists", true)?;
    let read = client.get("/api/session").await?.is(200)?;
    read.sets_one()?;
    Ok(())
}

/// They are all under way when the secret is due, and finish at once.
pub(crate) async fn of_ten_requests_across_a_renewal_all_succeed_and_end_on_one_id(
    server: &dyn Server,
) -> Outcome {
    let client = young(server).await?;
    let old = client.cookie_header();
    wait(&client, 1_100).await?;
    let tabs: Vec<Client> = (0..10).map(|_| client.copy()).collect();
    let requests = tabs
        .iter()
        .enumerate()
        .map(async |(number, tab)| match number % 2 {
            0 => tab.get("/api/session?delay_ms=200").await?.is(200),
            _ => tab
                .post("/api/data/n/increment?delay_ms=200", "")
                .await?
                .is(200),
        });
    let answers: Result<Vec<_>, _> = join_all(requests).await.into_iter().collect();
    let told: usize = answers?
        .iter()
        .map(|answer| answer.set_cookies().len())
        .sum();
    equal("the number of new ids", told, 1)?;
    let new = tabs.iter().map(Client::cookie_header);
    let new: Vec<_> = new.filter(|cookie| *cookie != old).collect();
    equal("the number of changed jars", new.len(), 1)?;
    // The browser's other requests go on, and one that has heard of the new id is on it.
    for tab in &tabs {
        has(tab, json!({ "here": true, "n": 5 })).await?;
    }
    Ok(())
}
