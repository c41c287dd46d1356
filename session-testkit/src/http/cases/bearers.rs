//! Sessions whose id travels in `Authorization`, beside those with a cookie.

use serde_json::json;

use super::{Outcome, client, client_with, has, login, nobody_yet, settle, wait};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Answer, Client, Request, Server};

const BOTH: &[&str] = &["--carrier", "both"];

/// A client of an API.
struct Program {
    client: Client,
    token: String,
}

impl Program {
    /// Begins a session without a token.
    async fn begin(server: &dyn Server, flags: &[&str]) -> Result<Self, Failure> {
        let client = client_with(server, flags).await?;
        let mut program = Self {
            client,
            token: "new".into(),
        };
        let answer = program
            .send("PUT", "/api/data/here", "true")
            .await?
            .is(204)?;
        program.token = token_of(&answer)?;
        Ok(program)
    }

    async fn send(
        &self,
        method: &'static str,
        target: &str,
        json: &str,
    ) -> Result<Answer, Failure> {
        let bearer = format!("Bearer {}", self.token);
        self.send_as(method, target, json, &[&bearer]).await
    }

    /// Sends the client's cookies too, if it has some.
    async fn send_as(
        &self,
        method: &'static str,
        target: &str,
        json: &str,
        authorization: &[&str],
    ) -> Result<Answer, Failure> {
        let mut request = Request::new(method, target);
        for value in authorization {
            request = request.header("authorization", *value);
        }
        if !json.is_empty() {
            request = request.json(json);
        }
        self.client.send(request).await
    }

    async fn sees(&self, authorization: &[&str]) -> Result<Answer, Failure> {
        let answer = self.send_as("GET", "/api/session", "", authorization).await;
        answer?.is(200)?.sets_nothing()
    }
}

/// Checks that an answer has one token, that no cache keeps it, and that there is no cookie.
fn token_of(answer: &Answer) -> Result<String, Failure> {
    let answer = answer.clone().sets_nothing()?;
    let tokens = answer.values("session-token");
    let [token] = &tokens[..] else {
        return Err(Failure::new(format!(
            "expected one token, not {}",
            tokens.len()
        )));
    };
    equal("Cache-Control", answer.list("cache-control"), ["no-store"])?;
    varies(&answer)?;
    Ok(token.clone())
}

fn varies(answer: &Answer) -> Outcome {
    let vary = answer.list("vary");
    let named = |name: &str| vary.iter().filter(|other| *other == name).count() == 1;
    let is_right = named("cookie") && named("authorization");
    answer.holds(is_right, "Cookie and Authorization once in Vary")
}

fn tells_nothing(answer: Answer) -> Result<Answer, Failure> {
    let answer = answer.sets_nothing()?;
    answer.holds(answer.values("session-token").is_empty(), "no token")?;
    Ok(answer)
}

pub(crate) async fn a_bearer_has_its_id_in_one_header(server: &dyn Server) -> Outcome {
    let mut program = Program::begin(server, BOTH).await?;
    for (method, target, json) in [
        ("PUT", "/api/data/more", "1"),
        ("GET", "/api/session", ""),
        ("PUT", "/api/lifetime", r#"{"seconds":300}"#),
    ] {
        varies(&tells_nothing(program.send(method, target, json).await?)?)?;
    }
    let user = json!({ "user": nobody_yet() }).to_string();
    for (target, json) in [
        ("/api/login", &*user),
        ("/api/reauthenticate", ""),
        ("/api/relogin", &user),
    ] {
        let before = program.token.clone();
        let answer = program.send("POST", target, json).await?.is(204)?;
        program.token = token_of(&answer)?;
        holds(program.token != before, || format!("{target} kept the id"))?;
    }
    let answer = program.send("POST", "/api/cycle", "").await?.is(204)?;
    program.token = token_of(&answer)?;
    let untouched = program.send("GET", "/api/untouched", "").await?.is(204)?;
    equal("Vary", untouched.list("vary"), Vec::<String>::new())
}

pub(crate) async fn a_bearers_cookie_is_not_looked_at(server: &dyn Server) -> Outcome {
    let program = Program::begin(server, BOTH).await?;
    // The browser's session, on the same server.
    let user = nobody_yet();
    login(&program.client, &user).await?;
    let shown = program.client.get("/api/session").await?;
    varies(&shown)?;
    shown.says("owner", &*user)?;
    let bearer = format!("Bearer {}", program.token);
    program.sees(&[&bearer]).await?.says("owner", json!(null))?;
    program.sees(&["Basic YTpi"]).await?.says("owner", &*user)?;
    for unknown in ["Bearer new", "bearer", "Bearer x"] {
        program.sees(&[unknown]).await?.says("exists", false)?;
        let written = program
            .send_as("PUT", "/api/data/k", "1", &[unknown])
            .await?;
        token_of(&written.is(204)?)?;
    }
    has(&program.client, json!({})).await
}

pub(crate) async fn an_id_opens_nothing_by_another_carrier(server: &dyn Server) -> Outcome {
    let program = Program::begin(server, BOTH).await?;
    let browser = program.client.stranger();
    settle(&browser).await?;
    let header = browser.cookie_header();
    let (name, id) = header.split_once('=').unwrap_or_default();
    let cookies_id = format!("Bearer {id}");
    program.sees(&[&cookies_id]).await?.says("exists", false)?;
    let tokens_id = format!("{name}={}", program.token);
    for (method, target) in [("GET", "/api/session"), ("POST", "/api/logout")] {
        let request = Request::new(method, target).header("cookie", &*tokens_id);
        let answer = browser.send_without_cookies(request).await?;
        if method == "GET" {
            answer.says("exists", false)?;
        }
    }
    let ended = program
        .send_as("POST", "/api/logout", "", &[&cookies_id])
        .await?;
    tells_nothing(ended.is(204)?)?;
    has(&browser, json!({ "here": true })).await?;
    let bearer = format!("Bearer {}", program.token);
    program.sees(&[&bearer]).await?.says("exists", true)?;
    // A server without bearers does not read the header.
    let plain = client(server).await?;
    settle(&plain).await?;
    let request = Request::new("GET", "/api/session").header("authorization", "Bearer new");
    let answer = plain.send(request).await?.is(200)?.says("exists", true)?;
    equal("Vary", answer.list("vary"), ["cookie"])
}

pub(crate) async fn a_bearers_logout_sends_nothing(server: &dyn Server) -> Outcome {
    let program = Program::begin(server, BOTH).await?;
    settle(&program.client).await?;
    tells_nothing(program.send("POST", "/api/logout", "").await?.is(204)?)?;
    let bearer = format!("Bearer {}", program.token);
    program.sees(&[&bearer]).await?.says("exists", false)?;
    has(&program.client, json!({ "here": true })).await
}

pub(crate) async fn a_bearers_lifetime_holds_at_the_server(server: &dyn Server) -> Outcome {
    let flags = ["--carrier", "bearer", "--idle", "3", "--touch-every", "0"];
    let program = Program::begin(server, &flags).await?;
    let bearer = format!("Bearer {}", program.token);
    for _ in 0..3 {
        wait(&program.client, 1_500).await?;
        let shown = program.sees(&[&bearer]).await?.says("exists", true)?;
        tells_nothing(shown)?;
    }
    wait(&program.client, 3_500).await?;
    program.sees(&[&bearer]).await?.says("exists", false)?;
    Ok(())
}

pub(crate) async fn a_token_is_read_strictly(server: &dyn Server) -> Outcome {
    let program = Program::begin(server, BOTH).await?;
    let token = &program.token;
    let one = format!("Bearer {token}");
    for good in [one.clone(), format!("bEARER   {token}")] {
        program.sees(&[&good]).await?.says("exists", true)?;
    }
    let long = format!("Bearer {}", "A".repeat(3_000));
    let bad: [&[&str]; 8] = [
        &[&format!("Bearer {token}x")],
        &[&format!("Bearer \"{token}\"")],
        &[&format!("Bearer {token}, Bearer {token}")],
        &[&format!("Basic YTpi, Bearer {token}")],
        &[&format!("Token {token}")],
        &[&one, &one],
        &["Basic YTpi", &one],
        &[&long],
    ];
    for authorization in bad {
        let shown = program.sees(authorization).await?;
        shown.says("exists", false)?;
    }
    // Nor is it read from a query or a body.
    for target in ["/api/session?access_token=", "/api/session?session="] {
        let target = format!("{target}{token}");
        let answer = program.client.get(&target).await?.is(200)?;
        answer.says("exists", false)?;
    }
    Ok(())
}
