use serde_json::json;

use super::{Outcome, client, client_with, visitor};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Answer, Client, Request, Server, SetCookie};

pub(crate) async fn the_cookie_has_its_attributes(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let answer = client.put("/api/data/here", "true").await?.is(204)?;
    let cookie = answer.sets_one()?;
    answer.holds(cookie.max_age() == Some(1_209_600), "Max-Age of two weeks")?;
    answer.holds(cookie.attribute("path") == Some("/"), "Path=/")?;
    answer.holds(cookie.has("httponly"), "HttpOnly")?;
    answer.holds(cookie.attribute("samesite") == Some("Lax"), "SameSite=Lax")?;
    answer.holds(!cookie.has("domain"), "no Domain")?;
    answer.holds(cookie.value().len() >= 32, "an id of 160 bits")?;
    // A prefix requires `Secure`, and without a prefix it must be absent.
    let prefixed = cookie.name().starts_with("__Host-") || cookie.name().starts_with("__Secure-");
    answer.holds(cookie.has("secure") == prefixed, "Secure with its prefix")
}

pub(crate) async fn the_cookie_has_the_name_of_the_flag(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--cookie-name", "other.name"]).await?;
    let answer = client.put("/api/data/here", "true").await?;
    equal("the name", answer.sets_one()?.name(), "other.name")?;
    super::has(&client, json!({ "here": true })).await
}

pub(crate) async fn until_browser_close_has_no_age(server: &dyn Server) -> Outcome {
    let client = client_with(server, &["--browser-close"]).await?;
    let answer = client.put("/api/data/here", "true").await?;
    let cookie = answer.sets_one()?;
    let bare = !cookie.has("max-age") && !cookie.has("expires");
    answer.holds(bare, "neither Max-Age nor Expires")?;
    // The server's limit holds all the same.
    let shown = client
        .get("/api/session")
        .await?
        .says("browser_close", true)?;
    let left = shown.json()?["expires_in"].as_i64();
    let two_weeks = 1_209_000..=1_209_600;
    shown.holds(
        left.is_some_and(|left| two_weeks.contains(&left)),
        "two weeks",
    )
}

pub(crate) async fn the_removal_repeats_the_cookies_identity(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let answer = client.put("/api/data/here", "true").await?;
    let set = answer.sets_one()?;
    let answer = client.post("/api/logout", "").await?.is(204)?;
    let removed = answer.removes()?;
    equal("the name", removed.name(), set.name())?;
    equal("the attributes", removed.identity(), set.identity())
}

pub(crate) async fn an_answer_with_the_cookie_is_private(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let user = json!({ "user": super::nobody_yet() }).to_string();
    for answer in [
        client.put("/api/data/here", "true").await?,
        client.post("/api/login", &user).await?,
        client.post("/api/cycle", "").await?,
        client.put("/api/lifetime", r#"{"seconds":300}"#).await?,
        client.post("/api/logout", "").await?,
    ] {
        equal("the number of cookies", answer.set_cookies().len(), 1)?;
        answer.is_private()?;
        answer.varies()?;
    }
    Ok(())
}

pub(crate) async fn an_unknown_id_is_never_adopted(server: &dyn Server) -> Outcome {
    let cookie = session_cookie(&client(server).await?).await?;
    let (name, length) = (cookie.name(), cookie.value().len());
    for unknown in ["a".repeat(length), "7".repeat(length)] {
        let stranger = client(server).await?;
        let presented = format!("{name}={unknown}");
        let read = with_cookies(&stranger, "GET", "/api/session", &[presented.as_bytes()]).await?;
        read.is(200)?.says("exists", false)?.sets_nothing()?;
        let request = Request::new("PUT", "/api/data/here").json("true");
        let written = stranger
            .send_without_cookies(request.header("cookie", presented.as_bytes()))
            .await?;
        let drawn = written.sets_one()?;
        holds(drawn.value() != unknown, || {
            "the presented id was adopted".into()
        })?;
        let again = with_cookies(&stranger, "GET", "/api/session", &[presented.as_bytes()]).await?;
        again.says("exists", false)?;
    }
    Ok(())
}

pub(crate) async fn a_malformed_neighbour_does_no_harm(server: &dyn Server) -> Outcome {
    let long = format!("long={}", "x".repeat(6_000));
    let neighbours: [&[u8]; 8] = [
        b"",
        b"=",
        b"bare",
        b";;; ,",
        b"quoted=\"a;b\"",
        b"percent=%00%ff%zz",
        b"json={\"a\":[1,2]}",
        long.as_bytes(),
    ];
    stand_beside(server, &neighbours).await
}

pub(crate) async fn a_neighbour_that_is_no_utf_8_does_no_harm(server: &dyn Server) -> Outcome {
    stand_beside(server, &[b"\xff\xfe=\xff\xfe", b"town=K\xf6ln"]).await
}

async fn stand_beside(server: &dyn Server, neighbours: &[&[u8]]) -> Outcome {
    let client = visitor(server).await?;
    let good = client.cookie_header();
    for neighbour in neighbours {
        for (before, after) in [(*neighbour, good.as_bytes()), (good.as_bytes(), *neighbour)] {
            let header = [before, after].join(&b"; "[..]);
            let answer = with_cookies(&client, "GET", "/api/session", &[&header]).await?;
            answer.is(200)?.says("exists", true)?.sets_nothing()?;
        }
    }
    Ok(())
}

pub(crate) async fn every_duplicate_is_looked_up(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let good = client.cookie_header();
    let (name, id) = good.split_once('=').unwrap_or_default();
    let (unknown, garbage) = (
        format!("{name}={}", "b".repeat(id.len())),
        format!("{name}=garbage"),
    );
    for header in [
        format!("{garbage}; {good}"),
        format!("{good}; {garbage}"),
        format!("{unknown}; {good}"),
        format!("{unknown}; {garbage}; {garbage}; {garbage}; {garbage}; {good}"),
        format!("{good}; {good}"),
        format!("{name}=; {name}; {good}"),
    ] {
        let answer = with_cookies(&client, "GET", "/api/session", &[header.as_bytes()]).await?;
        answer.is(200)?.says("exists", true)?.sets_nothing()?;
    }
    Ok(())
}

pub(crate) async fn several_cookie_headers_are_one_list(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let good = client.cookie_header();
    for headers in [
        [&b"a=b"[..], good.as_bytes(), b"c=d"],
        [good.as_bytes(), b"\xff", b""],
        [b"a=b", b"c=d", good.as_bytes()],
    ] {
        let answer = with_cookies(&client, "GET", "/api/session", &headers).await?;
        answer.is(200)?.says("exists", true)?;
    }
    Ok(())
}

pub(crate) async fn a_malformed_id_is_no_session(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let good = client.cookie_header();
    let Some((name, id)) = good.split_once('=') else {
        return Err(Failure::new(format!("no cookie: {good:?}")));
    };
    let first = id.as_bytes().first().copied().unwrap_or_default();
    let last = id.as_bytes().last().copied().unwrap_or_default();
    let other = if last == b'A' { "Q" } else { "A" };
    let start = id.get(..id.len() - 1).unwrap_or_default();
    let rest = id.get(1..).unwrap_or_default();
    let presented: Vec<Vec<u8>> = vec![
        format!("{name}=").into(),
        format!("{name}=\"\"").into(),
        name.into(),
        format!("{name}=%{first:02x}{rest}").into(),
        format!("{name}={id}x").into(),
        format!("{name}={rest}").into(),
        // Only the complete id opens a session.
        format!("{name}={start}{other}").into(),
        format!("{name}={}", "a".repeat(6_000)).into(),
        format!("x{name}={id}; {name}x={id}; x={name}={id}").into(),
        format!("{}={id}", swap_case(name)).into(),
        format!("{name}=../../../../../../etc/passwd").into(),
        format!("{name}=' OR 1=1 --").into(),
        [name.as_bytes(), b"=", &[0xff; 48]].concat(),
        [name.as_bytes(), b"=", "é".repeat(24).as_bytes()].concat(),
    ];
    for header in presented {
        let answer = with_cookies(&client, "GET", "/api/session", &[&header]).await?;
        let shown = String::from_utf8_lossy(&header);
        let answer = answer.is(200)?.sets_nothing()?;
        let exists = answer.json()?["exists"].clone();
        equal(&format!("`exists` with {shown:?}"), exists, false)?;
    }
    super::has(&client, json!({ "here": true })).await
}

pub(crate) async fn the_id_never_shows_in_a_body(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    super::login(&client, &super::nobody_yet()).await?;
    let header = client.cookie_header();
    let id = header.split('=').nth(1).unwrap_or_default();
    for path in ["/", "/api/session", "/api/devices", "/healthz", "/nowhere"] {
        let text = client.get(path).await?.text();
        holds(!text.contains(id), || format!("{path} shows the id"))?;
    }
    Ok(())
}

async fn session_cookie(client: &Client) -> Result<SetCookie, Failure> {
    let answer = client.put("/api/data/here", "true").await?;
    Ok(answer.sets_one()?.clone())
}

/// Sends exactly these `Cookie` headers.
async fn with_cookies(
    client: &Client,
    method: &'static str,
    target: &str,
    headers: &[&[u8]],
) -> Result<Answer, Failure> {
    let request = headers
        .iter()
        .fold(Request::new(method, target), |request, value| {
            request.header("cookie", *value)
        });
    client.send_without_cookies(request).await
}

/// Cookie names are case-sensitive.
fn swap_case(name: &str) -> String {
    name.chars()
        .map(|letter| {
            if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect()
}
