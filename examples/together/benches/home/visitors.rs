use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// The time from one request of a visitor to the next.
const PAUSE: Duration = Duration::from_millis(40);
const VISITORS: u32 = 16;

/// Who serves a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    AnyWorker,
    OneWorker,
}

/// Visitors of one server.
pub struct Visitors(Vec<Visitor>);

/// A connection that is kept open, and so stays with its worker, and its session's cookie.
struct Visitor {
    number: u32,
    stream: BufReader<TcpStream>,
    cookie: String,
    worker: String,
}

impl Visitors {
    pub async fn arrive(address: SocketAddr) -> Self {
        let mut all = Vec::new();
        for number in 0..VISITORS {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut visitor = Visitor {
                number,
                stream: BufReader::new(stream),
                cookie: String::new(),
                worker: String::new(),
            };
            assert!(visitor.get("/write").await, "the first request failed");
            all.push(visitor);
        }
        Self(all)
    }

    /// Has all visitors ask for some time.
    pub async fn ask(&mut self, time: Duration) -> Latencies {
        let mut asking = JoinSet::new();
        let begun = Instant::now();
        for visitor in self.0.drain(..) {
            asking.spawn(visitor.ask(begun, time));
        }
        let mut all = Latencies::default();
        for (visitor, latencies) in asking.join_all().await {
            self.0.push(visitor);
            all.add(latencies);
        }
        self.0.sort_by_key(|visitor| visitor.number);
        all
    }

    /// Blocks the first visitor's worker, in which also the store may have been opened, and returns
    /// the latencies of the visitors of the others.
    ///
    /// That worker has requests under way when it blocks, and all others are busy.
    pub async fn ask_beside_a_blocked_worker(
        &mut self,
        time: Duration,
        of: Connections,
    ) -> Latencies {
        let mut first = self.0.remove(0);
        let (mut here, others): (Vec<_>, Vec<_>) = self
            .0
            .drain(..)
            .partition(|visitor| of == Connections::OneWorker && visitor.worker == first.worker);
        self.0 = others;
        let block = async {
            sleep(PAUSE * 5).await;
            for visitor in &mut here {
                visitor.send("/write").await;
            }
            first.send("/block").await;
            assert!(first.receive().await, "the blocking request failed");
            for visitor in &mut here {
                // It may have taken longer than the store's time-out.
                visitor.receive().await;
            }
        };
        let (latencies, ()) = tokio::join!(self.ask(time), block);
        self.0.push(first);
        self.0.append(&mut here);
        self.0.sort_by_key(|visitor| visitor.number);
        latencies
    }
}

impl Visitor {
    async fn ask(mut self, begun: Instant, time: Duration) -> (Self, Latencies) {
        let mut latencies = Latencies::default();
        let mut due = begun + PAUSE * self.number / VISITORS;
        for request in self.number.. {
            if due >= begun + time {
                break;
            }
            sleep_until(due).await;
            let path = if request % 10 == 0 { "/write" } else { "/read" };
            latencies.failed += usize::from(!self.get(path).await);
            latencies.all.push(due.elapsed());
            due += PAUSE;
        }
        (self, latencies)
    }

    /// Returns whether the answer was 200.
    async fn get(&mut self, path: &str) -> bool {
        self.send(path).await;
        self.receive().await
    }

    async fn send(&mut self, path: &str) {
        let cookie = &self.cookie;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> bool {
        let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
        self.stream.read_line(&mut status).await.unwrap();
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name {
                "content-length" => length = value.parse().unwrap(),
                "set-cookie" => value
                    .split(';')
                    .next()
                    .unwrap()
                    .clone_into(&mut self.cookie),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        let is_ok = status.starts_with("HTTP/1.1 200");
        if let (true, Some((_, worker))) = (is_ok, body.split_once(' ')) {
            worker.clone_into(&mut self.worker);
        }
        is_ok
    }
}

/// The latencies of requests, and how many of these failed.
#[derive(Default)]
pub struct Latencies {
    all: Vec<Duration>,
    failed: usize,
}

impl Latencies {
    pub fn add(&mut self, other: Self) {
        self.all.extend(other.all);
        self.failed += other.failed;
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.all.clone();
        all.sort_unstable();
        let count = all.len();
        let at = |part: usize| all[(count * part / 1_000).min(count - 1)].as_secs_f64() * 1e3;
        let (half, most, last) = (at(500), at(990), at(1_000));
        let failed = self.failed;
        write!(
            f,
            "p50 {half:.2} ms, p99 {most:.2}, max {last:.0}, {failed} of {count} failed"
        )
    }
}
