//! A write whose session was ended meanwhile: silent by default, refused if the policy says so.

use futures_util::future::{join, try_join_all};
use serde_json::json;

use super::{Outcome, client_with, is_dead, login, nobody_yet, settle};
use crate::http::{Request, Server};

/// Requests that change a session, with the status of a kept change.
const WRITES: [(&str, &str, &str, u16); 6] = [
    ("PUT", "/api/data/late?delay_ms=1200", "1", 204),
    ("DELETE", "/api/data/here?delay_ms=1200", "", 204),
    ("POST", "/api/data/n/increment?delay_ms=1200", "", 200),
    ("POST", "/api/clear?delay_ms=1200", "", 204),
    ("POST", "/api/cycle?delay_ms=1200", "", 204),
    (
        "PUT",
        "/api/lifetime?delay_ms=1200",
        r#"{"seconds":300}"#,
        204,
    ),
];

const SILENT: [&[&str]; 2] = [&[], &["--gone", "silent"]];
const REFUSE: &[&str] = &["--gone", "refuse"];

/// Sends a slow request and ends its session while it waits; `status` is the expected answer.
async fn ended_meanwhile(
    server: &dyn Server,
    flags: &[&str],
    (method, target, body, status): (&'static str, &'static str, &str, u16),
) -> Outcome {
    let client = client_with(server, flags).await?;
    settle(&client).await?;
    let before = client.copy();
    let mut slow = Request::new(method, target);
    if !body.is_empty() {
        slow = slow.json(body);
    }
    let logout = client.post("/api/logout?delay_ms=600", "");
    let (slow, logout) = join(before.send(slow), logout).await;
    logout?.is(204)?.ends()?;
    slow?.is(status)?.sets_nothing()?;
    is_dead(&before).await?;
    is_dead(&client).await
}

pub(crate) async fn a_dropped_write_is_answered_as_a_kept_one(server: &dyn Server) -> Outcome {
    for flags in SILENT {
        let slow = WRITES.map(|write| ended_meanwhile(server, flags, write));
        try_join_all(slow).await?;
    }
    Ok(())
}

pub(crate) async fn a_dropped_write_is_refused_if_the_flag_says_so(server: &dyn Server) -> Outcome {
    let refused = |(method, target, body, _)| (method, target, body, 409);
    let slow = WRITES.map(|write| ended_meanwhile(server, REFUSE, refused(write)));
    try_join_all(slow).await?;
    Ok(())
}

pub(crate) async fn requests_that_lose_nothing_are_never_refused(server: &dyn Server) -> Outcome {
    let rows = [
        ("GET", "/api/session?delay_ms=1200", "", 200),
        ("POST", "/api/logout?delay_ms=1200", "", 204),
        ("PUT", "/api/data/late?delay_ms=1200&status=500", "1", 500),
    ];
    // A logout removes the cookie again.
    for (method, target, body, status) in rows {
        let client = client_with(server, REFUSE).await?;
        settle(&client).await?;
        let before = client.copy();
        let slow = before.send(Request::new(method, target).json(body));
        let logout = client.post("/api/logout?delay_ms=600", "");
        let (slow, logout) = join(slow, logout).await;
        logout?.is(204)?;
        slow?.is(status)?;
        is_dead(&before).await?;
    }
    Ok(())
}

pub(crate) async fn a_login_whose_session_was_ended_is_always_refused(
    server: &dyn Server,
) -> Outcome {
    for flags in [SILENT[0], SILENT[1], REFUSE] {
        let user = nobody_yet();
        let client = client_with(server, flags).await?;
        login(&client, &user).await?;
        let before = client.copy();
        let body = json!({ "user": user }).to_string();
        let (slow, logout) = join(
            before.post("/api/login?delay_ms=1200", &body),
            client.post("/api/logout?delay_ms=600", ""),
        )
        .await;
        logout?.is(204)?;
        slow?.is(409)?.sets_nothing()?;
        is_dead(&before).await?;
    }
    Ok(())
}

pub(crate) async fn a_password_change_of_an_ended_session_ends_no_other(
    server: &dyn Server,
) -> Outcome {
    for (flags, status) in [(SILENT[0], 200), (SILENT[1], 200), (REFUSE, 409)] {
        let user = nobody_yet();
        let other = client_with(server, flags).await?;
        let client = other.stranger();
        login(&other, &user).await?;
        login(&client, &user).await?;
        let before = client.copy();
        let (slow, logout) = join(
            before.post("/api/password?delay_ms=1200", ""),
            client.post("/api/logout?delay_ms=600", ""),
        )
        .await;
        logout?.is(204)?;
        let slow = slow?.is(status)?.sets_nothing()?;
        if status == 200 {
            slow.says("revoked", 0)?;
        }
        is_dead(&before).await?;
        other
            .get("/api/session")
            .await?
            .says("owner", user.as_str())?;
    }
    Ok(())
}
