//! Overlapping requests of one browser; `delay_ms` holds the sessions open meanwhile.
//!
//! The slower of two opens its session long before the faster one ends it. That the requests did
//! overlap as they should is told by their times.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, try_join_all};
use serde_json::{Value, json};

use super::devices::{current, list};
use super::{Outcome, client, has, is_dead, login, nobody_yet, sees_only, visitor};
use crate::http::failure::equal;
use crate::http::{Answer, Client, Failure, Request, Server};

/// Sends two requests at once, of which the slow one acts 1,200 ms after it has opened its session, and
/// the fast one 600 ms after. Returns both answers, or `None` if they may not have overlapped.
///
/// If neither takes 600 ms longer than its wait, the slow one has opened its session before the fast
/// one acts, and acts after the fast one is done.
async fn overlap(
    slow: impl Future<Output = Sent>,
    fast: impl Future<Output = Sent>,
) -> Result<Option<(Answer, Answer)>, Failure> {
    let begun = Instant::now();
    let slow = async { (slow.await, begun.elapsed()) };
    let fast = async { (fast.await, begun.elapsed()) };
    let ((slow, slow_took), (fast, fast_took)) = join(slow, fast).await;
    let (slow, fast) = (slow?, fast?);
    let in_time = slow_took < SLOW + FAST && fast_took < SLOW;
    Ok(in_time.then_some((slow, fast)))
}

/// Plays a scene until its requests overlap; on a busy machine they may not.
async fn played<T, F>(scene: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    for _ in 0..ATTEMPTS {
        if let Some(end) = scene().await? {
            return Ok(end);
        }
    }
    Err(Failure::new(format!(
        "the machine is too busy: of {ATTEMPTS} attempts to let two requests overlap none did"
    )))
}

type Sent = Result<Answer, Failure>;

const SLOW: Duration = Duration::from_millis(1_200);
const FAST: Duration = Duration::from_millis(600);
const ATTEMPTS: usize = 8;

pub(crate) async fn overlapping_writes_of_different_keys_all_survive(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    let writes = (0..50).map(|number| {
        let (client, target) = (&client, format!("/api/data/key{number}?delay_ms=200"));
        async move { client.put(&target, &number.to_string()).await }
    });
    for answer in join_all(writes).await {
        answer?.is(204)?.sets_nothing()?;
    }
    let mut expected: serde_json::Map<String, Value> = (0..50)
        .map(|number| (format!("key{number}"), json!(number)))
        .collect();
    expected.insert("here".into(), json!(true));
    has(&client, Value::Object(expected)).await
}

pub(crate) async fn overlapping_increments_all_count(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let increments = (0..50).map(|_| client.post("/api/data/hits/increment?delay_ms=200", ""));
    let mut answered = Vec::new();
    for answer in join_all(increments).await {
        let answer = answer?.is(200)?.sets_nothing()?;
        answered.push(answer.json()?["value"].as_i64().unwrap_or_default());
    }
    answered.sort_unstable();
    equal("the answers", answered, (1..=50).collect::<Vec<i64>>())?;
    has(&client, json!({ "here": true, "hits": 50 })).await
}

pub(crate) async fn a_logout_during_a_slow_write_holds(server: &dyn Server) -> Outcome {
    let slow = [
        ("PUT", "/api/data/late?delay_ms=1200", "1", 204),
        ("POST", "/api/data/hits/increment?delay_ms=1200", "", 200),
        ("POST", "/api/cycle?delay_ms=1200", "", 204),
        // A dropped login must be reported.
        (
            "POST",
            "/api/login?delay_ms=1200",
            r#"{"user":"late"}"#,
            409,
        ),
        ("GET", "/api/session?delay_ms=1200", "", 200),
    ];
    try_join_all(slow.map(|(method, target, body, status)| async move {
        let (client, before, slow, logout) = played(|| async move {
            let client = visitor(server).await?;
            let before = client.copy();
            let mut slow = Request::new(method, target);
            if !body.is_empty() {
                slow = slow.json(body);
            }
            let logout = client.post("/api/logout?delay_ms=600", "");
            let answers = overlap(before.send(slow), logout).await?;
            Ok(answers.map(|(slow, logout)| (client, before, slow, logout)))
        })
        .await?;
        logout.is(204)?.ends()?;
        slow.is(status)?.sets_nothing()?;
        is_dead(&before).await?;
        is_dead(&client).await
    }))
    .await?;
    Ok(())
}

pub(crate) async fn a_login_during_a_slow_read_keeps_its_cookie(server: &dyn Server) -> Outcome {
    let get = "/api/session?delay_ms=1200";
    let (client, user, slow) = slow_while_signing_in(server, "GET", get).await?;
    slow.is(200)?.sets_nothing()?;
    client.get("/api/session").await?.says("owner", user)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_login_during_a_slow_write_keeps_its_cookie(server: &dyn Server) -> Outcome {
    let put = "/api/data/late?delay_ms=1200";
    let (client, user, slow) = slow_while_signing_in(server, "PUT", put).await?;
    // An attacker who planted the old id must not write for the user.
    slow.is(204)?.sets_nothing()?;
    client.get("/api/session").await?.says("owner", user)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_write_that_starts_after_a_login_keeps_its_cookie(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    // These requests were sent before the login's answer arrived.
    let before = client.copy();
    let user = nobody_yet();
    login(&client, &user).await?;
    let put = before.put("/api/data/late", "1").await?;
    put.is(204)?.sets_nothing()?;
    let increment = before.post("/api/data/late/increment", "").await?;
    increment.is(200)?.sets_nothing()?;
    for (method, target) in [("POST", "/api/cycle"), ("POST", "/api/clear")] {
        let answer = before.send(Request::new(method, target)).await?;
        answer.is(204)?.sets_nothing()?;
    }
    sees_only(&before, json!({ "here": true })).await?;
    client.get("/api/session").await?.says("owner", user)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_write_during_a_slow_login_is_carried_along(server: &dyn Server) -> Outcome {
    let (client, login, put) = played(|| async move {
        let client = visitor(server).await?;
        let user = json!({ "user": nobody_yet() }).to_string();
        let login = client.post("/api/login?delay_ms=1200", &user);
        let put = client.put("/api/data/between?delay_ms=600", "1");
        let answers = overlap(login, put).await?;
        Ok(answers.map(|(login, put)| (client, login, put)))
    })
    .await?;
    put.is(204)?.sets_nothing()?;
    login.is(204)?.sets_one()?;
    has(&client, json!({ "here": true, "between": 1 })).await
}

pub(crate) async fn a_double_click_on_a_login_signs_in(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let user = nobody_yet();
    let body = json!({ "user": user }).to_string();
    let click = || client.post("/api/login?delay_ms=300", &body);
    let (one, other) = join(click(), click()).await;
    one?.is(204)?.sets_one()?;
    other?.is(204)?.sets_one()?;
    // The order of the answers does not matter.
    client.get("/api/session").await?.says("owner", user)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_second_login_from_before_the_first_works(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let before = client.copy();
    let user = nobody_yet();
    login(&client, &user).await?;
    login(&before, &user).await?;
    for browser in [&client, &before] {
        let shown = browser.get("/api/session").await?;
        shown.says("owner", &*user)?;
        has(browser, json!({ "here": true })).await?;
    }
    Ok(())
}

pub(crate) async fn a_logout_with_the_id_from_before_a_login_ends_the_old_session_alone(
    server: &dyn Server,
) -> Outcome {
    let client = visitor(server).await?;
    let before = client.copy();
    let planter = client.copy();
    let user = nobody_yet();
    login(&client, &user).await?;
    before.post("/api/logout", "").await?.is(204)?;
    is_dead(&planter).await?;
    client.get("/api/session").await?.says("owner", user)?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_logout_with_the_id_from_before_a_cycle_holds(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let before = client.copy();
    client.post("/api/cycle", "").await?.is(204)?.sets_one()?;
    before.post("/api/logout", "").await?.is(204)?.ends()?;
    is_dead(&client).await
}

pub(crate) async fn a_slow_write_follows_a_cycle(server: &dyn Server) -> Outcome {
    let (client, put, cycle) = played(|| async move {
        let client = visitor(server).await?;
        let put = client.put("/api/data/late?delay_ms=1200", "1");
        let answers = overlap(put, client.post("/api/cycle?delay_ms=600", "")).await?;
        Ok(answers.map(|(put, cycle)| (client, put, cycle)))
    })
    .await?;
    put.is(204)?.sets_nothing()?;
    cycle.is(204)?.sets_one()?;
    has(&client, json!({ "here": true, "late": 1 })).await
}

pub(crate) async fn of_two_cycles_one_gives_a_new_id(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let before = client.copy();
    let cycle = || client.post("/api/cycle?delay_ms=300", "");
    let (one, other) = join(cycle(), cycle()).await;
    let cookies = one?.set_cookies().len() + other?.set_cookies().len();
    equal("the number of new ids", cookies, 1)?;
    for browser in [&client, &before] {
        has(browser, json!({ "here": true })).await?;
    }
    Ok(())
}

pub(crate) async fn a_revocation_during_a_slow_write_holds(server: &dyn Server) -> Outcome {
    let (there, slow, revoked) = played(|| async move {
        let user = nobody_yet();
        let here = client(server).await?;
        let there = here.stranger();
        login(&here, &user).await?;
        login(&there, &user).await?;
        let handle = current(&list(&there).await?)?;
        let target = format!("/api/devices/{handle}?delay_ms=600");
        let slow = there.put("/api/data/late?delay_ms=1200", "1");
        let answers = overlap(slow, here.delete(&target)).await?;
        Ok(answers.map(|(slow, revoked)| (there, slow, revoked)))
    })
    .await?;
    revoked.is(204)?;
    slow.is(204)?.sets_nothing()?;
    is_dead(&there).await
}

/// Signs a visitor in during a slow request; returns the browser, the user and the slow answer.
async fn slow_while_signing_in(
    server: &dyn Server,
    method: &'static str,
    target: &str,
) -> Result<(Client, String, Answer), Failure> {
    played(|| async move {
        let client = visitor(server).await?;
        let user = nobody_yet();
        let body = json!({ "user": user }).to_string();
        let mut slow = Request::new(method, target);
        if method != "GET" {
            slow = slow.json("1");
        }
        let login = client.post("/api/login?delay_ms=600", &body);
        let Some((slow, login)) = overlap(client.send(slow), login).await? else {
            return Ok(None);
        };
        login.is(204)?.sets_one()?;
        Ok(Some((client, user, slow)))
    })
    .await
}
