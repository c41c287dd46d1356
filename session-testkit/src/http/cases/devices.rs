use serde_json::{Value, json};

use super::{Outcome, client, has, is_dead, login, nobody_yet, visitor, wait};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Client, Request, Server};

pub(crate) async fn devices_need_an_owner(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    for client in [stranger, visitor(server).await?] {
        client.get("/api/devices").await?.is(401)?.sets_nothing()?;
        let status = client.delete("/api/devices").await?.status();
        equal("status of DELETE /api/devices", status, 401)?;
    }
    Ok(())
}

pub(crate) async fn an_owner_sees_every_device(server: &dyn Server) -> Outcome {
    let user = nobody_yet();
    let clients = signed_in(server, &user, 3).await?;
    let mut currents = Vec::new();
    for client in &clients {
        let devices = list(client).await?;
        equal("the number of devices", devices.len(), 3)?;
        currents.push(current(&devices)?);
        for device in &devices {
            for moment in ["created_at", "last_seen_at", "expires_at"] {
                let shown = device[moment].as_str().unwrap_or_default();
                holds(parse(shown).is_some(), || {
                    format!("{moment} is no RFC 3339 moment: {shown:?}")
                })?;
            }
        }
    }
    currents.sort();
    currents.dedup();
    equal("the number of handles", currents.len(), 3)?;
    // A handle opens nothing.
    let header = clients[0].cookie_header();
    let shown = currents.iter().any(|handle| header.contains(handle));
    holds(!shown, || "a handle is an id".into())
}

pub(crate) async fn an_owner_revokes_one(server: &dyn Server) -> Outcome {
    let clients = signed_in(server, &nobody_yet(), 2).await?;
    let [here, there] = &*clients else {
        return Ok(());
    };
    let path = format!("/api/devices/{}", current(&list(there).await?)?);
    here.delete(&path).await?.is(204)?.sets_nothing()?;
    is_dead(there).await?;
    here.delete(&path).await?.is(404)?;
    equal("the number of devices", list(here).await?.len(), 1)
}

pub(crate) async fn an_owner_revokes_all_but_the_current(server: &dyn Server) -> Outcome {
    let clients = signed_in(server, &nobody_yet(), 3).await?;
    let [here, others @ ..] = &*clients else {
        return Ok(());
    };
    let answer = here.delete("/api/devices").await?.is(200)?;
    answer.says("revoked", 2)?;
    for other in others {
        is_dead(other).await?;
    }
    equal("the number of devices", list(here).await?.len(), 1)?;
    let again = here.delete("/api/devices").await?.is(200)?;
    again.says("revoked", 0)?;
    Ok(())
}

pub(crate) async fn nobody_revokes_another_owners_device(server: &dyn Server) -> Outcome {
    let ada = signed_in(server, &nobody_yet(), 1).await?;
    let (ada, bob) = (&ada[0], &ada[0].stranger());
    login(bob, &nobody_yet()).await?;
    let theirs = current(&list(ada).await?)?;
    let unknown = "0".repeat(32);
    for handle in [&*theirs, &unknown, "nonsense", "%2e%2e", "%FF%00"] {
        let answer = bob.delete(&format!("/api/devices/{handle}")).await?;
        let expected = if handle == "%FF%00" {
            400..=404
        } else {
            404..=404
        };
        answer.holds(expected.contains(&answer.status()), "a refusal")?;
    }
    equal("the number of devices", list(ada).await?.len(), 1)?;
    equal("the number of devices", list(bob).await?.len(), 1)
}

pub(crate) async fn a_device_is_named_after_its_user_agent(server: &dyn Server) -> Outcome {
    let first = client(server).await?;
    let user = nobody_yet();
    let body = json!({ "user": user }).to_string();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
    let hostile = "<script>alert(1)</script> Firefox/1 (Windows)";
    for (agent, label) in [
        (Some(firefox), Value::from("Firefox on Linux")),
        (Some(hostile), Value::from("Firefox on Windows")),
        (Some("unheard-of/1.0"), Value::Null),
        (None, Value::Null),
    ] {
        for path in ["/api/login", "/api/relogin"] {
            let client = first.stranger();
            let mut login = Request::new("POST", path).json(body.clone());
            if let Some(agent) = agent {
                login = login.header("user-agent", agent.to_owned());
            }
            client.send(login).await?.is(204)?;
            let devices = list(&client).await?;
            let here = devices.iter().find(|device| device["current"] == true);
            let shown = here.map_or(&Value::Null, |device| &device["label"]);
            equal("the label", shown, &label)?;
        }
    }
    Ok(())
}

pub(crate) async fn a_sensitive_page_wants_a_fresh_moment(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    for nobody in [stranger.stranger(), visitor(server).await?] {
        nobody.get("/api/sensitive?within=60").await?.is(401)?;
    }
    let user = nobody_yet();
    login(&stranger, &user).await?;
    let fresh = stranger.get("/api/sensitive?within=60").await?.is(200)?;
    fresh.says("owner", user)?;
    wait(&stranger, 1_200).await?;
    // Activity is no authentication.
    stranger.put("/api/data/busy", "1").await?.is(204)?;
    stranger
        .get("/api/sensitive?within=1")
        .await?
        .is(403)?
        .sets_nothing()?;
    stranger.get("/api/sensitive?within=60").await?.is(200)?;
    for bad in ["", "?within=", "?within=-1", "?within=soon"] {
        stranger
            .get(&format!("/api/sensitive{bad}"))
            .await?
            .is(400)?;
    }
    Ok(())
}

pub(crate) async fn a_re_authentication_is_a_fresh_moment(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    login(&client, &nobody_yet()).await?;
    wait(&client, 1_200).await?;
    let thief = client.copy();
    client
        .post("/api/reauthenticate", "")
        .await?
        .is(204)?
        .sets_one()?;
    client.get("/api/sensitive?within=1").await?.is(200)?;
    // The id from before gains nothing.
    let stolen = thief.get("/api/sensitive?within=60").await?.status();
    holds([401, 403].contains(&stolen), || {
        format!("the id from before is answered {stolen}")
    })
}

pub(crate) async fn a_new_password_ends_the_other_sessions(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    for nobody in [stranger, visitor(server).await?] {
        nobody
            .post("/api/password", "")
            .await?
            .is(401)?
            .sets_nothing()?;
    }
    let clients = signed_in(server, &nobody_yet(), 3).await?;
    let [here, others @ ..] = &*clients else {
        return Ok(());
    };
    here.put("/api/data/kept", "1").await?.is(204)?;
    let before = here.cookie_header();
    let answer = here.post("/api/password", "").await?.is(200)?;
    answer.sets_one()?;
    answer.says("revoked", 2)?;
    holds(here.cookie_header() != before, || {
        "the id is the same".into()
    })?;
    for other in others {
        is_dead(other).await?;
    }
    equal("the number of devices", list(here).await?.len(), 1)?;
    has(here, json!({ "kept": 1 })).await?;
    here.get("/api/sensitive?within=60").await?.is(200)?;
    Ok(())
}

async fn signed_in(server: &dyn Server, user: &str, count: usize) -> Result<Vec<Client>, Failure> {
    let first = client(server).await?;
    let clients: Vec<_> = (0..count).map(|_| first.stranger()).collect();
    for client in &clients {
        login(client, user).await?;
    }
    Ok(clients)
}

pub(crate) async fn list(client: &Client) -> Result<Vec<Value>, Failure> {
    let answer = client.get("/api/devices").await?.is(200)?;
    match answer.json()? {
        Value::Array(devices) => Ok(devices),
        other => Err(Failure::new(format!("no list of devices: {other}"))),
    }
}

/// Returns the handle of the one current device.
pub(crate) fn current(devices: &[Value]) -> Result<String, Failure> {
    let mut here = devices.iter().filter(|device| device["current"] == true);
    match (here.next(), here.next()) {
        (Some(device), None) => Ok(device["handle"].as_str().unwrap_or_default().to_owned()),
        _ => Err(Failure::new(format!(
            "not one device is current: {devices:?}"
        ))),
    }
}

fn parse(moment: &str) -> Option<time::OffsetDateTime> {
    use time::format_description::well_known::Rfc3339;

    time::OffsetDateTime::parse(moment, &Rfc3339).ok()
}
