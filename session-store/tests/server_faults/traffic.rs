use std::error::Error as _;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use session_core::{Policy, Sessions, Store};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::browser::Browser;
use super::ledger::Ledger;

/// Clients that count, each in a session of its own, while the servers break.
pub struct Traffic {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Ledger>>,
    fault: Instant,
}

struct Shared {
    sessions: Sessions,
    is_over: AtomicBool,
    tallies: Mutex<Vec<Tally>>,
    last_error: Mutex<String>,
    moved: Notify,
}

/// The results of one client.
#[derive(Debug, Default, Clone)]
struct Tally {
    requests: usize,
    failed: usize,
    longest: Duration,
    /// The requests that were served since the last one failed.
    served: usize,
    /// When the first one was served after one had failed.
    served_again: Option<Instant>,
}

/// The figures of a fault.
#[derive(Debug)]
pub struct Row {
    pub requests: usize,
    pub failed: usize,
    pub longest: Duration,
    /// From the fault until every client was served again; `None` if no request failed.
    pub recovered: Option<Duration>,
    pub lost: u64,
}

impl Traffic {
    /// Starts the clients, and waits until each has been served a few times.
    pub async fn start(store: impl Store + 'static) -> Self {
        let shared = Arc::new(Shared {
            sessions: Sessions::new(Policy::default(), store),
            is_over: AtomicBool::new(false),
            tallies: Mutex::new(vec![Tally::default(); CLIENTS]),
            last_error: Mutex::default(),
            moved: Notify::new(),
        });
        let clients = (0..CLIENTS).map(|number| tokio::spawn(Arc::clone(&shared).count(number)));
        let traffic = Self {
            clients: clients.collect(),
            shared,
            fault: Instant::now(),
        };
        traffic.served(10).await;
        traffic
    }

    /// Says that the fault happens now.
    pub fn break_now(&mut self) {
        self.fault = Instant::now();
    }

    /// Waits until every client was served so often, without a failure between.
    pub async fn served(&self, times: usize) {
        let before = self.tallies();
        self.until("served", |tallies| {
            let mut pairs = tallies.iter().zip(&before);
            pairs.all(|(tally, before)| {
                tally.served >= times && tally.requests >= before.requests + times
            })
        })
        .await;
    }

    /// Waits until every client has asked so often more, whatever the answers were.
    pub async fn asked(&self, times: usize) {
        let before = self.tallies();
        self.until("asked", |tallies| {
            let mut pairs = tallies.iter().zip(&before);
            pairs.all(|(tally, before)| tally.requests >= before.requests + times)
        })
        .await;
    }

    /// Waits until a request of every client has failed since the start.
    pub async fn failed(&self) {
        self.until("failed", |tallies| {
            tallies.iter().all(|tally| tally.failed > 0)
        })
        .await;
    }

    /// Ends the traffic once it is served again, and compares the store with the ledgers.
    pub async fn end(self) -> Row {
        self.served(10).await;
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut lost = 0;
        for client in self.clients {
            lost += client.await.unwrap().lost();
        }
        let tallies = self
            .shared
            .tallies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let again = tallies.iter().filter_map(|tally| tally.served_again).max();
        Row {
            requests: tallies.iter().map(|tally| tally.requests).sum(),
            failed: tallies.iter().map(|tally| tally.failed).sum(),
            longest: tallies
                .iter()
                .map(|tally| tally.longest)
                .max()
                .unwrap_or_default(),
            recovered: again.map(|again| again.saturating_duration_since(self.fault)),
            lost,
        }
    }

    async fn until(&self, what: &str, are_so: impl Fn(&[Tally]) -> bool) {
        let are_so = async {
            while !are_so(&self.tallies()) {
                self.shared.moved.notified().await;
            }
        };
        let waited = timeout(Duration::from_mins(1), are_so).await;
        let why = self.shared.last_error.lock().unwrap();
        assert!(waited.is_ok(), "not {what} within a minute: {why}");
        if let Some(client) = self.clients.iter().position(JoinHandle::is_finished) {
            panic!("client {client} has left");
        }
    }

    fn tallies(&self) -> Vec<Tally> {
        let tallies = self.shared.tallies.lock();
        tallies.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// Counts until the traffic is over, and returns what the store still has of it.
    async fn count(self: Arc<Self>, number: usize) -> Ledger {
        let browser = Browser::new(&self.sessions, "");
        let mut ledger = Ledger::default();
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            let begun = Instant::now();
            let sent = browser.send(|session| {
                session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)
            });
            let sent = sent.await;
            self.note(number, begun, sent.is_ok());
            match sent {
                Ok(count) => ledger.acknowledge(count),
                Err(error) => {
                    let why = format!("{error}, since {:?}", error.source());
                    assert_eq!(error.status(), 503, "{why}");
                    *self.last_error.lock().unwrap() = why;
                    ledger.fail();
                }
            }
        }
        let found = browser.send(|session| session.get::<u64>("count")).await;
        ledger.find(found.unwrap().unwrap_or(0));
        ledger
    }

    fn note(&self, number: usize, begun: Instant, is_served: bool) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = &mut tallies[number];
        tally.requests += 1;
        tally.longest = tally.longest.max(begun.elapsed());
        if is_served {
            if tally.failed > 0 && tally.served == 0 {
                tally.served_again = Some(Instant::now());
            }
            tally.served += 1;
        } else {
            tally.failed += 1;
            tally.served = 0;
        }
        drop(tallies);
        self.moved.notify_waiters();
    }
}

impl fmt::Display for Row {
    /// Writes the cells of a table in Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let recovered = self.recovered.map_or("–".to_owned(), seconds);
        let (requests, failed, lost) = (self.requests, self.failed, self.lost);
        let longest = seconds(self.longest);
        write!(
            f,
            "{requests} | {failed} | {longest} | {recovered} | {lost}"
        )
    }
}

const CLIENTS: usize = 8;

/// How often a client asks at most.
const PACE: Duration = Duration::from_millis(10);
