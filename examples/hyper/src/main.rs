//! Sessions on bare hyper: `session-core`'s async driver without an adapter.
//!
//! Run it with `cargo run -p hello-hyper -- 127.0.0.1:3000 sessions.db`; without a file name
//! sessions live in memory. `GET /` counts visits, `POST /logout` forgets them. All that sessions
//! need is in `serve`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{COOKIE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use session_core::{Handle, Headers, Policy, SessionError, Sessions};
use session_store::{MemoryStore, SqliteStore};
use tokio::net::TcpListener;

type Answer = Response<Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:3000".into());
    // Over https, as in production, use `Policy::default()`.
    let policy = Policy::development();
    let sessions = match arguments.next() {
        Some(path) => Sessions::new(policy, SqliteStore::open(path).await?),
        None => Sessions::new(policy, MemoryStore::new()),
    };
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // There are no descriptors left; wait for some.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let sessions = sessions.clone();
        let service = service_fn(move |request| serve(sessions.clone(), request));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()); // It cuts off clients that never end their head.
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

/// Does an adapter's work. A panic below unwinds past the commit, so it commits nothing.
async fn serve(sessions: Sessions, request: Request<Incoming>) -> Result<Answer, Infallible> {
    // The bytes of the Cookie headers go to the core, which does no I/O yet.
    let cookies = request.headers().get_all(COOKIE).iter();
    let guard = sessions.open(cookies.map(HeaderValue::as_bytes));
    let routed = route(&request, guard.handle()).await;
    Ok(commit(&guard, routed.unwrap_or_else(|error| refusal(&error))).await)
}

/// Commits, once the status is known and before the head is sent.
async fn commit(guard: &session_core::Request, mut response: Answer) -> Answer {
    let reply = match guard.commit(response.status().as_u16()).await {
        Ok(reply) => reply,
        // The answer reports a success that was not one. An early save still counts.
        Err(failed) => {
            let (error, reply) = failed.into_parts();
            response = refusal(&error);
            reply
        }
    };
    reply.apply(&mut Head(response.headers_mut()));
    response
}

async fn route(request: &Request<Incoming>, handle: &Handle) -> Result<Answer, SessionError> {
    let text = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => {
            let session = handle.load().await?;
            let visits = session.update("visits", |n| n.unwrap_or(0_u32) + 1)?;
            format!("visit {visits}\n")
        }
        (&Method::POST, "/logout") => {
            handle.destroy()?;
            "forgotten\n".into()
        }
        _ => return Ok(answer(404, "not found\n")),
    };
    Ok(answer(200, text))
}

/// Logs the cause, and answers with the status alone.
fn refusal(error: &SessionError) -> Answer {
    eprintln!("session: {error}: {:?}", error.source());
    answer(error.status(), error.public_json())
}

fn answer(status: u16, text: impl Into<Bytes>) -> Answer {
    let head = Response::builder().status(status);
    head.body(Full::new(text.into()))
        .expect("200, 404 and the core's statuses are statuses")
}

/// A response's headers, for the core's reply to write to.
struct Head<'a>(&'a mut HeaderMap);

impl Headers for Head<'_> {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in self.0.iter() {
            show(name.as_str(), value.as_bytes());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        if let Ok(mut value) = value.parse::<HeaderValue>() {
            value.set_sensitive(name == "set-cookie");
            self.0.append(name, value);
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use session_testkit::FaultyStore;

    use super::*;

    #[tokio::test]
    async fn a_failed_commit_after_an_early_save_sets_the_cookie_of_the_saved_session() {
        let store = FaultyStore::new(MemoryStore::new());
        let sessions = Sessions::new(Policy::default(), store.clone());
        let guard = sessions.open([]);
        let session = guard.handle().load().await.unwrap();
        session.sign_in("ada").unwrap();
        session.save().await.unwrap();
        session.insert("late", true).unwrap();
        store.go_down();
        let response = commit(&guard, answer(200, "done")).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["vary"], "Cookie");
        let cookie = response.headers()["set-cookie"].clone();

        store.come_up();
        let again = sessions.open([cookie.as_bytes()]);
        let session = again.handle().load().await.unwrap();
        assert_eq!(session.owner().as_deref(), Some("ada"));
        assert!(session.is_empty());
    }
}
