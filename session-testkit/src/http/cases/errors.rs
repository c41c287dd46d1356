use serde_json::json;

use super::{Outcome, client, has, is_dead, login, nobody_yet, visitor};
use crate::http::failure::equal;
use crate::http::{Request, Server};

pub(crate) async fn an_error_of_the_server_drops_the_changes(server: &dyn Server) -> Outcome {
    let visitor = visitor(server).await?;
    let stranger = client(server).await?;
    for client in [&visitor, &stranger] {
        // A time-out or a lost client cuts a handler off, perhaps half-way.
        for status in [408, 499, 500, 502, 504, 599] {
            let target = format!("/api/data/lost?status={status}");
            let answer = client.put(&target, "1").await?;
            answer.is(status)?.sets_nothing()?;
        }
    }
    visitor.post("/api/clear?status=500", "").await?.is(500)?;
    has(&visitor, json!({ "here": true })).await?;
    is_dead(&stranger).await
}

pub(crate) async fn an_error_of_the_client_keeps_them(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let answer = client.put("/api/data/kept?status=404", "1").await?;
    answer.is(404)?.sets_one()?;
    client.put("/api/data/too?status=498", "2").await?.is(498)?;
    has(&client, json!({ "kept": 1, "too": 2 })).await
}

pub(crate) async fn every_other_status_commits(server: &dyn Server) -> Outcome {
    for status in [200, 201, 302, 303, 307, 400, 401, 403, 404, 409, 418, 429] {
        let client = client(server).await?;
        let target = format!("/api/data/kept?status={status}");
        let answer = client.put(&target, "1").await?.is(status)?;
        answer.sets_one()?;
        answer.varies()?;
        has(&client, json!({ "kept": 1 })).await?;
    }
    Ok(())
}

pub(crate) async fn a_failed_cycle_leaves_the_old_id(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let answer = client.post("/api/cycle?status=500", "").await?;
    answer.is(500)?.sets_nothing()?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_failed_login_signs_nobody_in(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    let body = json!({ "user": nobody_yet() }).to_string();
    let answer = client.post("/api/login?status=500", &body).await?;
    answer.is(500)?.sets_nothing()?;
    let shown = client.get("/api/session").await?;
    shown.says("owner", json!(null))?;
    has(&client, json!({ "here": true })).await
}

pub(crate) async fn a_failed_logout_logs_out(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    login(&client, &nobody_yet()).await?;
    let thief = client.copy();
    let answer = client.post("/api/logout?status=500", "").await?;
    answer.is(500)?.ends()?;
    is_dead(&thief).await
}

pub(crate) async fn a_panic_saves_nothing(server: &dyn Server) -> Outcome {
    let visitor = visitor(server).await?;
    let stranger = client(server).await?;
    for client in [&visitor, &stranger] {
        let cookies = client.cookie_header();
        let mut request = Request::new("POST", "/api/panic");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        // Some servers answer 500, others close the connection.
        if let Ok(answer) = client.send_without_cookies(request).await {
            answer.is(500)?.sets_nothing()?;
        }
    }
    has(&visitor, json!({ "here": true })).await?;
    is_dead(&stranger).await
}

pub(crate) async fn a_stream_cannot_write(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let answer = client.get("/api/stream").await?.is(200)?;
    answer.sets_one()?;
    equal("the stream", answer.text().trim(), "after: refused")?;
    has(&client, json!({ "before": true })).await
}
