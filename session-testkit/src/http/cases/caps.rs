use super::devices::list;
use super::{Outcome, client_with, has, is_dead, login, nobody_yet, wait};
use crate::http::failure::{equal, holds};
use crate::http::{Client, Request, Server};

pub(crate) async fn past_the_cap_the_device_used_longest_ago_ends(server: &dyn Server) -> Outcome {
    let flags = ["--max-devices", "2", "--touch-every", "0"];
    let first = client_with(server, &flags).await?;
    let (second, third) = (first.stranger(), first.stranger());
    let user = nobody_yet();
    for client in [&first, &second] {
        login(client, &user).await?;
    }
    wait(&first, 20).await?;
    first.get("/api/session").await?.is(200)?;
    login(&third, &user).await?;
    is_dead(&second).await?;
    for client in [&first, &third] {
        equal("the number of devices", list(client).await?.len(), 2)?;
    }
    // A login that replaces the browser's own session ends no other.
    login(&third, &user).await?;
    first.get("/api/session").await?.says("owner", user)?;
    Ok(())
}

pub(crate) async fn past_the_cap_a_login_is_refused_if_the_flag_says_so(
    server: &dyn Server,
) -> Outcome {
    let first = client_with(server, &["--max-devices", "1:refuse"]).await?;
    let user = nobody_yet();
    login(&first, &user).await?;
    let other = first.stranger();
    other
        .put("/api/data/here", "true")
        .await?
        .is(204)?
        .sets_one()?;
    let answer = refused(&other, &user).await?;
    answer.is(409)?.sets_nothing()?;
    has(&other, serde_json::json!({ "here": true })).await?;
    equal("the number of devices", list(&first).await?.len(), 1)?;
    // Its own session goes, and another owner's do not count.
    login(&first, &user).await?;
    login(&other, &nobody_yet()).await?;
    // A place that is free again serves.
    first.post("/api/logout", "").await?.is(204)?;
    login(&first.stranger(), &user).await
}

pub(crate) async fn racing_logins_stay_under_the_cap(server: &dyn Server) -> Outcome {
    for flags in [["--max-devices", "2"], ["--max-devices", "2:refuse"]] {
        let first = client_with(server, &flags).await?;
        let user = nobody_yet();
        let clients: Vec<_> = (0..8).map(|_| first.stranger()).collect();
        let logins = clients.iter().map(|client| refused(client, &user));
        let answers = futures_util::future::try_join_all(logins).await?;
        let mut live = 0;
        for (client, answer) in clients.iter().zip(&answers) {
            answer.holds(
                [204, 409].contains(&answer.status()),
                "a login or a refusal",
            )?;
            let session = client.get("/api/session").await?.is(200)?;
            live += usize::from(session.json()?["owner"] == *user);
        }
        holds(live <= 2, || format!("{live} sessions with {flags:?}"))?;
        if flags[1] == "2" {
            holds(live >= 1, || "every login has ended another".into())?;
        }
    }
    Ok(())
}

/// Sends a login that may be refused.
async fn refused(
    client: &Client,
    user: &str,
) -> Result<crate::http::Answer, crate::http::failure::Failure> {
    let body = serde_json::json!({ "user": user }).to_string();
    client
        .send(Request::new("POST", "/api/login").json(body))
        .await
}
