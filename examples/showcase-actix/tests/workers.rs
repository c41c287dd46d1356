//! A worker that blocks, as when a handler computes for long, delays no other worker's sessions.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "postgres", feature = "redis"))]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions, Store, StoreError};
use session_servers::{Postgres, Redis, skips};
use session_store::{PostgresStore, RedisStore};
use tokio::sync::watch;

const WORKERS: usize = 3;

/// No more than a busy machine needs; a store's time-out is longer.
const BOUND: Duration = Duration::from_secs(3);

/// What handlers that wait tell the test, and wait for.
#[derive(Clone)]
struct Waits {
    begun: Sender<()>,
    /// The end of a handler that blocks its worker.
    end: Arc<Mutex<Receiver<()>>>,
    /// The end of one that does not.
    late: watch::Receiver<bool>,
}

async fn hit(session: Session) -> Result<String, Rejection> {
    session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)?;
    session.save().await?;
    let hits = session.get::<u32>("hits")?.unwrap_or_default();
    Ok(format!("{hits} {:?}", thread::current().id()))
}

async fn late_hit(session: Session, waits: web::Data<Waits>) -> Result<String, Rejection> {
    waits.begun.send(()).unwrap();
    let _ = waits.late.clone().wait_for(|is_late| *is_late).await;
    hit(session).await
}

async fn block(waits: web::Data<Waits>) -> &'static str {
    waits.begun.send(()).unwrap();
    let _ = waits.end.lock().unwrap().recv();
    "done"
}

/// A connection that is kept open, and so stays with its worker, and its session's cookie.
struct Visitor {
    stream: BufReader<TcpStream>,
    cookie: String,
    hits: u32,
    worker: String,
}

impl Visitor {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut visitor = Self {
            stream: BufReader::new(stream),
            cookie: String::new(),
            hits: 0,
            worker: String::new(),
        };
        visitor.hit();
        visitor
    }

    fn send(&mut self, path: &str) {
        let Self { stream, cookie, .. } = self;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Counts one more hit.
    fn hit(&mut self) {
        self.send("/hit");
        self.is_counted();
    }

    /// Reads the answer, and checks that no hit was lost.
    fn is_counted(&mut self) {
        let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
        self.stream.read_line(&mut status).unwrap();
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name {
                "content-length" => length = value.parse().unwrap(),
                "set-cookie" => self.cookie = value.split(';').next().unwrap().to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}{body}");
        let (hits, worker) = body.split_once(' ').unwrap();
        self.hits += 1;
        assert_eq!(hits.parse(), Ok(self.hits));
        worker.clone_into(&mut self.worker);
    }
}

/// Starts a server whose store is opened in the main thread's runtime, as applications do.
fn serve<S: Store>(
    open: impl AsyncFnOnce() -> Result<S, StoreError> + Send + 'static,
    waits: Waits,
) -> (SocketAddr, ServerHandle, thread::JoinHandle<()>) {
    let (ready, is_ready) = channel();
    let running = thread::spawn(move || {
        System::new().block_on(async {
            let sessions = Sessions::new(Policy::default(), open().await.unwrap());
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(web::Data::new(waits.clone()))
                    .route("/hit", web::get().to(hit))
                    .route("/late", web::get().to(late_hit))
                    .route("/block", web::get().to(block))
                    .wrap(SessionMiddleware::new(sessions.clone()))
            });
            let server = server.workers(WORKERS).disable_signals();
            let server = server.bind("127.0.0.1:0").unwrap();
            let address = server.addrs()[0];
            let server = server.run();
            ready.send((address, server.handle())).unwrap();
            server.await.unwrap();
        });
    });
    let (address, handle) = is_ready.recv().unwrap();
    (address, handle, running)
}

/// Blocks a worker after the store's connections were cut: the others go on, and stop with nothing lost.
fn a_blocked_worker_holds_up_no_other<S: Store>(
    open: impl AsyncFnOnce() -> Result<S, StoreError> + Send + 'static,
    cut: impl FnOnce(),
) {
    let (begun, has_begun) = channel();
    let (go_on, end) = channel();
    let (be_late, late) = watch::channel(false);
    let end = Arc::new(Mutex::new(end));
    let (address, server, running) = serve(open, Waits { begun, end, late });
    let mut visitors: Vec<_> = (0..WORKERS * 4).map(|_| Visitor::new(address)).collect();
    let first = visitors[0].worker.clone();
    let (mut here, mut others): (Vec<_>, Vec<_>) = visitors
        .drain(..)
        .partition(|visitor| visitor.worker == first);
    assert!(others.len() >= WORKERS, "{}", others.len());
    cut();
    // The new connections are made for the worker that blocks then.
    for visitor in &mut here {
        visitor.hit();
    }
    here[0].send("/block");
    has_begun.recv().unwrap();
    let sent = Instant::now();
    for visitor in &mut others {
        visitor.send("/hit");
    }
    others.iter_mut().for_each(Visitor::is_counted);
    assert!(sent.elapsed() < BOUND, "{:?}", sent.elapsed());
    // The server is told to stop in this state, while requests are under way.
    for visitor in &mut others {
        visitor.send("/late");
    }
    for _ in &others {
        has_begun.recv().unwrap();
    }
    let stopping = server.stop(true);
    let stopped = Instant::now();
    be_late.send_replace(true);
    others.iter_mut().for_each(Visitor::is_counted);
    assert!(stopped.elapsed() < BOUND, "{:?}", stopped.elapsed());
    go_on.send(()).unwrap();
    System::new().block_on(stopping);
    running.join().unwrap();
}

#[test]
fn with_redis_a_blocked_worker_holds_up_no_other() {
    if skips(
        "with_redis_a_blocked_worker_holds_up_no_other",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let url = redis.url();
    let cut = || drop(redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap());
    a_blocked_worker_holds_up_no_other(async || RedisStore::open(url).await, cut);
}

#[test]
fn with_postgres_a_blocked_worker_holds_up_no_other() {
    if skips(
        "with_postgres_a_blocked_worker_holds_up_no_other",
        &Postgres::PROGRAMS,
    ) {
        return;
    }
    let postgres = Postgres::start().unwrap();
    let url = postgres.url("postgres");
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let cut = || drop(postgres.run("postgres", kill).unwrap());
    a_blocked_worker_holds_up_no_other(async || PostgresStore::open(url).await, cut);
}
