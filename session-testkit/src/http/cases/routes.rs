use super::{Outcome, client, has, is_dead, visitor};
use crate::http::failure::equal;
use crate::http::{Request, Server};

pub(crate) async fn the_page_is_html(server: &dyn Server) -> Outcome {
    let answer = client(server).await?.get("/").await?.is(200)?;
    let kind = answer.list("content-type").concat();
    answer.holds(kind.starts_with("text/html"), "HTML")
}

pub(crate) async fn the_store_is_healthy(server: &dyn Server) -> Outcome {
    let answer = client(server).await?.get("/healthz").await?;
    answer.is(200)?.sets_nothing()?;
    Ok(())
}

pub(crate) async fn an_unknown_path_is_not_found(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for path in [
        "/nowhere",
        "/api/nowhere",
        "/api",
        "/api/data",
        "/api/data/",
    ] {
        client.get(path).await?.is(404)?.sets_nothing()?;
    }
    Ok(())
}

pub(crate) async fn another_method_is_told_the_right_ones(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for (method, path, allowed) in [
        ("POST", "/", "get, head"),
        ("DELETE", "/healthz", "get, head"),
        ("GET", "/api/login", "post"),
        ("PATCH", "/api/data/here", "get, head, put, delete"),
    ] {
        let answer = client.send(Request::new(method, path)).await?.is(405)?;
        equal("Allow", answer.list("allow").join(", "), allowed)?;
        answer.sets_nothing()?;
    }
    Ok(())
}

pub(crate) async fn head_answers_as_get_does(server: &dyn Server) -> Outcome {
    let client = visitor(server).await?;
    for path in [
        "/",
        "/healthz",
        "/api/untouched",
        "/api/calm",
        "/api/session",
        "/api/data/here",
        "/api/data/nothing",
    ] {
        let get = client.get(path).await?;
        let head = client.send(Request::new("HEAD", path)).await?;
        let head = head.is(get.status())?.sets_nothing()?;
        equal("the body of HEAD", head.text(), "")?;
        equal("Vary of HEAD", head.list("vary"), get.list("vary"))?;
    }
    Ok(())
}

pub(crate) async fn head_writes_as_get_does(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let head = client.send(Request::new("HEAD", "/api/stream")).await?;
    head.is(200)?.sets_one()?;
    has(&client, serde_json::json!({ "before": true })).await
}

pub(crate) async fn an_untouched_session_has_no_headers(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    for client in [stranger, visitor(server).await?] {
        let answer = client.get("/api/untouched").await?;
        let answer = answer.is(204)?.sets_nothing()?;
        answer.holds(answer.list("vary").is_empty(), "no Vary")?;
        answer.holds(answer.list("cache-control").is_empty(), "no Cache-Control")?;
    }
    Ok(())
}

pub(crate) async fn reading_creates_nothing(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    for path in ["/", "/api/session", "/api/session?status=404"] {
        client.get(path).await?.sets_nothing()?.varies()?;
    }
    client
        .get("/api/data/here")
        .await?
        .is(404)?
        .sets_nothing()?;
    is_dead(&client).await
}

pub(crate) async fn a_page_that_only_reads_sets_no_cookie(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    let visitor = visitor(server).await?;
    for (client, exists) in [(&stranger, false), (&visitor, true)] {
        for (query, status) in [
            ("", 200),
            ("?status=404&delay_ms=10", 404),
            ("?status=500", 500),
        ] {
            let answer = client.get(&format!("/api/calm{query}")).await?;
            let answer = answer.is(status)?.sets_nothing()?;
            answer.varies()?;
            answer.says("exists", exists)?.says("outage", false)?;
        }
    }
    is_dead(&stranger).await?;
    has(&visitor, serde_json::json!({ "here": true })).await
}

pub(crate) async fn changing_nothing_creates_nothing(server: &dyn Server) -> Outcome {
    let client = client(server).await?;
    let absent = client.delete("/api/data/here").await?;
    absent.is(204)?.sets_nothing()?;
    for path in ["/api/clear", "/api/cycle", "/api/logout"] {
        client.post(path, "").await?.is(204)?.sets_nothing()?;
    }
    let bad = client.put("/api/data/here", "{").await?;
    bad.is(400)?.sets_nothing()?;
    is_dead(&client).await?;
    // The same value again is no change either.
    let visitor = visitor(server).await?;
    let same = visitor.put("/api/data/here", "true").await?;
    same.is(204)?.sets_nothing()?;
    has(&visitor, serde_json::json!({ "here": true })).await
}
