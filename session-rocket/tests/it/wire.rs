//! Behaviour that only a socket shows.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use rocket::data::{IoHandler, IoStream};
use rocket::fairing::AdHoc;
use rocket::response::{self, Responder};
use rocket::{Build, Request, Response, Rocket, Shutdown, State, async_trait, get, routes};
use session_rocket::{Session, SessionFairing, Sessions};
use session_store::MemoryStore;
use session_testkit::FaultyStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::support::{plain, policy, usual};

struct Server {
    port: u16,
    shutdown: Shutdown,
    running: JoinHandle<()>,
}

impl Server {
    async fn start(rocket: Rocket<Build>) -> Self {
        let (tell, told) = oneshot::channel();
        let tell = Mutex::new(Some(tell));
        let liftoff = AdHoc::on_liftoff("address", move |rocket| {
            Box::pin(async move {
                let tell = tell.lock().unwrap().take().unwrap();
                tell.send((rocket.config().port, rocket.shutdown()))
                    .unwrap();
            })
        });
        let rocket = rocket.attach(liftoff);
        let running = tokio::spawn(async move {
            // Connections that have not ended in time do not matter here.
            let _ = rocket.launch().await.map_err(|error| error.to_string());
        });
        let (port, shutdown) = told.await.unwrap();
        Self {
            port,
            shutdown,
            running,
        }
    }

    async fn connect(&self, head: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(head).await.unwrap();
        stream
    }

    /// Sends a request and returns the complete response.
    async fn send(&self, line: &str, cookie: &[u8]) -> String {
        let head = format!("{line} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nCookie: ");
        let head = [head.as_bytes(), cookie, b"\r\n\r\n"].concat();
        let mut stream = self.connect(&head).await;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        String::from_utf8(response).unwrap()
    }

    async fn stop(self) {
        self.shutdown.notify();
        self.running.await.unwrap();
    }
}

#[tokio::test]
async fn names_that_only_rocket_decodes_are_not_ours() {
    let sessions = Sessions::new(policy("session"), MemoryStore::new());
    let rocket = plain()
        .mount("/", usual())
        .attach(SessionFairing::new(sessions));
    let server = Server::start(rocket).await;
    let response = server.send("POST /write", b"").await;
    let (_, cookie) = response.split_once("set-cookie: session=").unwrap();
    let id = cookie.split(';').next().unwrap();
    for (cookie, expected) in [
        (format!("session={id}"), "1"),
        (format!("session=\"{id}\""), "1"),
        (format!("%73ession={id}"), "0"),
        (
            format!("session=%{:02x}{}", id.as_bytes()[0], &id[1..]),
            "0",
        ),
    ] {
        let response = server.send("GET /read", cookie.as_bytes()).await;
        let answer = format!("\r\n\r\n{expected}");
        assert!(response.ends_with(&answer), "{cookie}: {response}");
    }
    server.stop().await;
}

struct Upgraded;

#[async_trait]
impl IoHandler for Upgraded {
    async fn io(self: Pin<Box<Self>>, _: IoStream) -> io::Result<()> {
        panic!("nobody may get here");
    }
}

impl<'r> Responder<'r, 'static> for Upgraded {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().upgrade("socket", Upgraded).ok()
    }
}

#[get("/upgrade")]
fn upgrade(session: Session) -> Upgraded {
    session.insert("a", 1).unwrap();
    Upgraded
}

#[tokio::test]
async fn a_failed_commit_upgrades_no_connection() {
    let faults = FaultyStore::new(MemoryStore::new());
    faults.go_down();
    let sessions = Sessions::new(policy("session"), faults);
    let rocket = plain()
        .mount("/", routes![upgrade])
        .attach(SessionFairing::new(sessions));
    let server = Server::start(rocket).await;
    let cookie = b"x=y\r\nUpgrade: socket";
    let response = server.send("GET /upgrade", cookie).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    server.stop().await;
}

#[get("/slow")]
async fn slow(
    session: Session,
    reached: &State<UnboundedSender<()>>,
    go_on: &State<Arc<Semaphore>>,
) {
    session.insert("kept", true).unwrap();
    reached.send(()).unwrap();
    drop(go_on.acquire().await.unwrap());
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_request() {
    let memory = MemoryStore::new();
    let faults = FaultyStore::new(memory.clone());
    let committed = faults.pause_after(1);
    let sessions = Sessions::new(policy("session"), faults);
    let (reached, mut wait) = unbounded_channel::<()>();
    let go_on = Arc::new(Semaphore::new(0));
    let rocket = plain()
        .mount("/", routes![slow])
        .manage(reached)
        .manage(Arc::clone(&go_on))
        .attach(SessionFairing::new(sessions));
    let server = Server::start(rocket).await;
    let client = server.connect(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n");
    let client = client.await;
    wait.recv().await.unwrap();
    drop(client);
    go_on.add_permits(1);
    committed.reached().await;
    assert_eq!(memory.len(), 1);
    committed.open();
    server.stop().await;
}
