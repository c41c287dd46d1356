//! A stream that tells when its session has ended.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, try_join_all};

use super::aborts::abort;
use super::devices::{current, list};
use super::{Outcome, client, client_with, login, nobody_yet, wait};
use crate::http::failure::{Failure, equal, holds};
use crate::http::{Answer, Client, Hangup, Request, Server};

const STREAM: &str = "/api/ended";

pub(crate) async fn a_stream_tells_when_its_session_has_ended(server: &dyn Server) -> Outcome {
    let ends = [
        ("POST", "/api/logout", false),
        ("POST", "/api/login", false),
        ("POST", "/api/relogin", false),
        ("DELETE", "/api/devices", true),
        ("DELETE", "/api/devices/{handle}", true),
        ("POST", "/api/password", true),
    ];
    let streams = ends.map(|end| ended_by(server, end));
    try_join_all(streams).await?;
    Ok(())
}

/// Ends a session by a request, which is another device's or its own.
async fn ended_by(
    server: &dyn Server,
    (method, target, by_another): (&'static str, &str, bool),
) -> Outcome {
    let user = nobody_yet();
    let device = client(server).await?;
    let other = device.stranger();
    for client in [&device, &other] {
        login(client, &user).await?;
    }
    let handle = current(&list(&device).await?)?;
    let act = async {
        let actor = if by_another { &other } else { &device.copy() };
        let body = serde_json::json!({ "user": user }).to_string();
        let request = Request::new(method, target.replace("{handle}", &handle));
        let request = if target.contains("login") {
            request.json(body)
        } else {
            request
        };
        let status = actor.send(request).await?.status();
        holds(status < 300, || format!("{method} {target}: {status}"))
    };
    ends_in_time(&format!("{method} {target}"), &device, act).await
}

pub(crate) async fn a_stream_tells_that_its_device_was_one_too_many(
    server: &dyn Server,
) -> Outcome {
    let device = client_with(server, &["--max-devices", "1"]).await?;
    let user = nobody_yet();
    login(&device, &user).await?;
    let other = device.stranger();
    ends_in_time("another device", &device, login(&other, &user)).await
}

/// Opens a stream, does what ends its session, and checks what is sent when.
async fn ends_in_time(
    name: &str,
    device: &Client,
    act: impl Future<Output = Outcome> + Send,
) -> Outcome {
    let act = async {
        wait(device, 400).await?;
        let begun = Instant::now();
        act.await?;
        Ok::<_, Failure>((begun, Instant::now()))
    };
    let ((stream, end), acted) = join(watched(device), act).await;
    is_whole(&stream?)?;
    let (begun, done) = acted?;
    let late = end.saturating_duration_since(done);
    holds(end >= begun && late <= BOUND, || {
        format!(
            "{name} ended the stream {late:?} later; before it: {}",
            end < begun
        )
    })
}

pub(crate) async fn a_renewed_id_ends_no_stream(server: &dyn Server) -> Outcome {
    let device = client(server).await?;
    login(&device, &nobody_yet()).await?;
    let tab = device.copy();
    let act = async {
        wait(&tab, 200).await?;
        tab.post("/api/cycle", "").await?.is(204)?;
        wait(&tab, 700).await?;
        tab.post("/api/reauthenticate", "").await?.is(204)?;
        wait(&tab, 700).await?;
        let begun = Instant::now();
        tab.post("/api/logout", "").await?.is(204)?;
        Ok::<_, Failure>(begun)
    };
    let ((stream, end), begun) = join(watched(&device), act).await;
    is_whole(&stream?)?;
    holds(end >= begun?, || "a new id has ended the stream".into())
}

pub(crate) async fn holding_a_stream_is_no_activity(server: &dyn Server) -> Outcome {
    let flags = ["--idle", "3", "--touch-every", "0", "--rotate-every", "1"];
    let device = client_with(server, &flags).await?;
    let before = Instant::now();
    login(&device, &nobody_yet()).await?;
    let since = Instant::now();
    // Opening it neither extends the life nor renews the secret, which is due.
    wait(&device, 1_200).await?;
    let (stream, end) = watched(&device).await;
    is_whole(&stream?)?;
    let idle = Duration::from_secs(3);
    holds(end - before >= idle && end - since <= idle + BOUND, || {
        format!("the stream ended {:?} after the login", end - since)
    })
}

pub(crate) async fn a_stream_needs_a_session(server: &dyn Server) -> Outcome {
    let stranger = client(server).await?;
    stranger.get(STREAM).await?.is(401)?.sets_nothing()?;
    let head = stranger.send(Request::new("HEAD", STREAM)).await?;
    head.is(401)?.sets_nothing()?;
    Ok(())
}

pub(crate) async fn the_head_of_a_stream_is_all_that_head_gets(server: &dyn Server) -> Outcome {
    let device = client(server).await?;
    login(&device, &nobody_yet()).await?;
    // It has no status and no delay of the client's.
    let target = "/api/ended?status=404&delay_ms=60000";
    let head = device.send(Request::new("HEAD", target)).await?;
    has_headers(&head)?;
    equal("the body", head.text(), "")?;
    head.is(200)?.sets_nothing()?;
    Ok(())
}

pub(crate) async fn past_sixty_four_streams_there_is_no_other(server: &dyn Server) -> Outcome {
    let device = client_with(server, &["--idle", "1000"]).await?;
    login(&device, &nobody_yet()).await?;
    let tabs: Vec<Client> = (0..65).map(|_| device.copy()).collect();
    let act = async {
        wait(&device, 2_000).await?;
        let head = device.copy().send(Request::new("HEAD", STREAM)).await?;
        head.is(503)?;
        device.copy().post("/api/logout", "").await?.is(204)
    };
    let streams = join_all(tabs.iter().map(|tab| tab.get(STREAM)));
    let (streams, acted) = join(streams, act).await;
    acted?;
    let mut refused = 0;
    for stream in streams {
        let stream = stream?;
        if stream.status() == 503 {
            refused += 1;
        } else {
            is_whole(&stream)?;
        }
    }
    equal("the number of refused streams", refused, 1)
}

pub(crate) async fn streams_whose_clients_have_gone_make_room_for_others(
    server: &dyn Server,
) -> Outcome {
    let device = client_with(server, &["--idle", "2000"]).await?;
    login(&device, &nobody_yet()).await?;
    // More than there are seats, in case that some leave before they have one.
    for _ in 0..160 {
        abort(&device, "GET", STREAM, Hangup::Close).await?;
    }
    let begun = Instant::now();
    loop {
        let head = device.send(Request::new("HEAD", STREAM)).await?;
        if head.status() != 503 {
            head.is(200)?;
            return Ok(());
        }
        holds(begun.elapsed() < BOUND, || {
            "the seats of those who have gone are still taken".into()
        })?;
        wait(&device, 50).await?;
    }
}

/// Opens a stream, and returns it with the moment of its end.
async fn watched(device: &Client) -> (Result<Answer, Failure>, Instant) {
    let stream = device.get(STREAM).await;
    (stream, Instant::now())
}

fn is_whole(stream: &Answer) -> Outcome {
    equal("the status", stream.status(), 200)?;
    has_headers(stream)?;
    let sent = "event: ready\ndata: {}\n\nevent: ended\ndata: {}\n\n";
    equal("the events", stream.text(), sent)?;
    equal("the number of cookies", stream.set_cookies().len(), 0)
}

fn has_headers(stream: &Answer) -> Outcome {
    let kinds = stream.values("content-type");
    let is_stream = kinds.len() == 1 && kinds[0].starts_with("text/event-stream");
    holds(is_stream, || format!("the content types are {kinds:?}"))?;
    let caches = stream.list("cache-control");
    holds(caches.iter().any(|it| it == "no-store"), || {
        format!("the caches are told {caches:?}")
    })
}

/// The delay that is promised.
const BOUND: Duration = Duration::from_secs(2);
