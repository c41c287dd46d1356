//! Requirements of the repository's SECURITY.md that no other case is about, under their numbers.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Outcome, client, client_with, has, is_dead, login, nobody_yet, settle, wait};
use crate::http::failure::{equal, holds};
use crate::http::{Answer, Request, Server, SetCookie};

pub(crate) async fn r07_an_id_elsewhere_than_in_its_cookie_opens_nothing(
    server: &dyn Server,
) -> Outcome {
    let client = client(server).await?;
    login(&client, &nobody_yet()).await?;
    let header = client.cookie_header();
    let (name, id) = header.split_once('=').unwrap_or_default();
    let stranger = client.stranger();
    for target in [
        format!("/api/session?{name}={id}"),
        format!("/api/session?sid={id}&session={id}&session_id={id}"),
        format!("/api/session?jsessionid={id}"),
        format!("/api/session?{id}"),
    ] {
        opens_nothing(stranger.get(&target).await?)?;
    }
    for (field, value) in [
        ("session", id.to_owned()),
        ("session-token", id.to_owned()),
        ("x-session-id", id.to_owned()),
        ("x-cookie", header.clone()),
        ("set-cookie", header.clone()),
        ("authorization", format!("Bearer {id}")),
        ("authorization", id.to_owned()),
    ] {
        let request = Request::new("GET", "/api/session").header(field, value);
        opens_nothing(stranger.send_without_cookies(request).await?)?;
    }
    // A form's field, and a body that is the cookie's header.
    for body in [json!({ "user": id, name: id }).to_string(), header.clone()] {
        let answer = stranger.post("/api/reauthenticate", &body).await?;
        answer.is(401)?.sets_nothing()?;
    }
    let answer = client.get("/api/session").await?;
    answer.says("exists", true)?;
    Ok(())
}

fn opens_nothing(answer: Answer) -> Outcome {
    let answer = answer.is(200)?.sets_nothing()?;
    answer
        .says("exists", false)?
        .says("owner", serde_json::Value::Null)?;
    Ok(())
}

pub(crate) async fn r27_what_a_client_says_of_times_changes_nothing(
    server: &dyn Server,
) -> Outcome {
    let client = client_with(server, &["--idle", "2"]).await?;
    settle(&client).await?;
    let header = client.cookie_header();
    wait(&client, 2_400).await?;
    for cookie in [
        header.clone(),
        format!("{header}; Max-Age=9999999; Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
        format!("$Version=1; {header}; $Path=/; expires=9999999999; last_seen=9999999999"),
    ] {
        let request = Request::new("GET", "/api/session")
            .header("cookie", cookie)
            .header("date", "Thu, 01 Jan 1970 00:00:00 GMT")
            .header("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")
            .header("x-time", "0");
        opens_nothing(client.send_without_cookies(request).await?)?;
    }
    Ok(())
}

pub(crate) async fn r35_every_act_sets_one_cookie_at_most_without_repeated_attributes(
    server: &dyn Server,
) -> Outcome {
    let client = client(server).await?;
    let user = json!({ "user": nobody_yet() }).to_string();
    let far = r#"{"at":"9999-12-31T23:59:59Z"}"#;
    let mut set = 0;
    for (method, target, body) in [
        ("PUT", "/api/data/a", "1"),
        ("PUT", "/api/lifetime", r#"{"seconds":300}"#),
        ("PUT", "/api/lifetime", far),
        ("PUT", "/api/lifetime", r#"{"browser_close":true}"#),
        ("POST", "/api/data/n/increment", ""),
        ("POST", "/api/cycle", ""),
        ("POST", "/api/login", &*user),
        ("POST", "/api/login", &*user),
        ("POST", "/api/reauthenticate", ""),
        ("POST", "/api/password", ""),
        ("POST", "/api/clear", ""),
        ("POST", "/api/relogin", &*user),
        ("GET", "/api/stream", ""),
        ("POST", "/api/logout", ""),
        ("PUT", "/api/data/b", "1"),
        ("POST", "/api/logout?status=500", ""),
    ] {
        let request = Request::new(method, target);
        let request = if body.is_empty() {
            request
        } else {
            request.json(body)
        };
        let answer = client.send(request).await?;
        let headers = answer.values("set-cookie");
        answer.holds(headers.len() <= 1, "one Set-Cookie at most")?;
        for header in headers {
            set += 1;
            is_well_formed(&header)?;
        }
    }
    holds(set >= 8, || format!("{set} of the acts have set a cookie"))
}

/// Checks the attributes of a `Set-Cookie`, and that its date is one of RFC 9110's with a year of four digits.
fn is_well_formed(header: &str) -> Outcome {
    let names: Vec<String> = header
        .split(';')
        .map(|part| part.split('=').next().unwrap_or_default())
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    equal(header, distinct.len(), names.len())?;
    let cookie = SetCookie::parse(header.as_bytes())?;
    let Some(date) = cookie.attribute("expires") else {
        return Ok(());
    };
    let form: String = date
        .chars()
        .map(|letter| match letter {
            'A'..='Z' => 'A',
            'a'..='z' => 'a',
            '0'..='9' => '0',
            other => other,
        })
        .collect();
    equal(date, &*form, "Aaa, 00 Aaa 0000 00:00:00 AAA")?;
    holds(date.ends_with(" GMT"), || format!("{date} is not in GMT"))
}

pub(crate) async fn r44_a_value_over_its_limit_is_refused_and_the_old_data_stay(
    server: &dyn Server,
) -> Outcome {
    let client = client_with(server, &["--max-value-bytes", "8"]).await?;
    settle(&client).await?;
    client.put("/api/data/draft", "\"123456\"").await?.is(204)?;
    for (key, value) in [("draft", "\"1234567\""), ("new", "[1,2,3,4,5]")] {
        let refused = client.put(&format!("/api/data/{key}"), value).await?;
        let refused = refused.is(413)?.sets_nothing()?;
        refused.holds(refused.text().contains(key), "the name of the value")?;
    }
    client.put("/api/data/other", "12345678").await?.is(204)?;
    let all = json!({ "here": true, "draft": "123456", "other": 12_345_678 });
    has(&client, all).await
}

pub(crate) async fn r63_without_consent_no_session_and_no_cookie_begin(
    server: &dyn Server,
) -> Outcome {
    let client = client_with(server, &["--consent"]).await?;
    for (target, body) in [("/api/data/n/increment", ""), ("/api/cycle", "")] {
        client.post(target, body).await?.sets_nothing()?;
    }
    let written = client.put("/api/data/here", "true").await?;
    written.is(204)?.sets_nothing()?;
    let lifetime = client.put("/api/lifetime", r#"{"seconds":300}"#).await?;
    lifetime.is(204)?.sets_nothing()?;
    is_dead(&client).await?;
    // What the visitor asks for needs none.
    login(&client.stranger(), &nobody_yet()).await?;
    let consents = client.put("/api/data/here?consent=1", "true").await?;
    consents.is(204)?.sets_one()?;
    client.put("/api/data/here", "false").await?.is(204)?;
    has(&client, json!({ "here": false })).await?;
    // It ends with the session that it was given for.
    client.post("/api/logout", "").await?.is(204)?;
    let written = client.put("/api/data/here", "true").await?;
    written.is(204)?.sets_nothing()?;
    is_dead(&client).await
}
