//! The rule about origins: what another site may have caused is refused, and changes nothing.

use serde_json::json;

use super::{Outcome, has, login, visitor};
use crate::http::{Request, Server};

/// Headers that a browser sends for another site's form or script.
const FOREIGN: [(&str, &str); 5] = [
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
    ("origin", "https://evil.example"),
    ("origin", "http://127.0.0.1:1"),
    ("origin", "null"),
];

const UNSAFE: [(&str, &str, &str); 9] = [
    ("PUT", "/api/data/color", r#""blue""#),
    ("DELETE", "/api/data/color", ""),
    ("POST", "/api/data/n/increment", ""),
    ("POST", "/api/clear", ""),
    ("POST", "/api/cycle", ""),
    ("POST", "/api/login", r#"{"user":"mallory"}"#),
    ("POST", "/api/logout", ""),
    ("PUT", "/api/lifetime", r#"{"browser_close":true}"#),
    ("DELETE", "/api/devices", ""),
];

pub(crate) async fn what_another_site_may_have_caused_changes_nothing(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    login(&client, "ada").await?;
    client.put("/api/data/color", r#""red""#).await?.is(204)?;
    let cookie = client.cookie_header();
    for (method, target, body) in UNSAFE {
        for (name, value) in FOREIGN {
            let request = Request::new(method, target).json(body).header(name, value);
            client.send(request).await?.is(403)?.sets_nothing()?;
        }
    }
    has(&client, json!({ "here": true, "color": "red" })).await?;
    let answer = client.get("/api/session").await?.says("owner", "ada")?;
    answer.holds(client.cookie_header() == cookie, "the cookie as before")
}

pub(crate) async fn what_a_page_of_the_site_sends_is_taken(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for value in ["same-origin", "none"] {
        let request = Request::new("PUT", "/api/data/by").json(format!("{value:?}"));
        let request = request.header("sec-fetch-site", value);
        client.send(request).await?.is(204)?;
        has(&client, json!({ "here": true, "by": value })).await?;
    }
    Ok(())
}

pub(crate) async fn a_link_from_another_site_is_followed(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for (name, value) in FOREIGN {
        for target in ["/", "/api/session"] {
            let request = Request::new("GET", target).header(name, value);
            client.send(request).await?.is(200)?;
        }
    }
    has(&client, json!({ "here": true })).await
}
