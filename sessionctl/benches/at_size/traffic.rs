use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_core::{Policy, Session, SessionError, Sessions, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Clients who ask for their sessions at a fixed pace.
pub struct Traffic {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

struct Shared {
    node: Sessions,
    times: Mutex<Vec<Duration>>,
    /// How many requests were answered.
    answered: watch::Sender<usize>,
    is_over: AtomicBool,
}

/// How long the requests of a while took, in the order in which they were answered.
#[derive(Debug, Default)]
pub struct Times(pub Vec<Duration>);

impl Traffic {
    /// Begins the clients' sessions.
    pub async fn log_in(store: &Arc<dyn Store>) -> Vec<Vec<String>> {
        let node = node(store);
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            let mut cookies = Vec::new();
            for number in 0..SESSIONS {
                let mut cookie = String::new();
                let owner = format!("visitor {client}-{number}");
                let sign_in = |session: &Session| {
                    session.insert("count", 0)?;
                    session.sign_in(owner.as_str())
                };
                send(&node, &mut cookie, sign_in).await;
                cookies.push(cookie);
            }
            clients.push(cookies);
        }
        clients
    }

    pub fn start(store: &Arc<dyn Store>, clients: Vec<Vec<String>>) -> Self {
        let shared = Arc::new(Shared {
            node: node(store),
            times: Mutex::default(),
            answered: watch::Sender::new(0),
            is_over: AtomicBool::new(false),
        });
        let tasks = clients
            .into_iter()
            .map(|cookies| tokio::spawn(Arc::clone(&shared).visit(cookies)));
        Self {
            tasks: tasks.collect(),
            shared,
        }
    }

    /// Waits until as many more requests were answered, and returns their times.
    pub async fn times_of(&self, requests: usize) -> Times {
        self.times();
        let mut answered = self.shared.answered.subscribe();
        let end = *answered.borrow_and_update() + requests;
        answered.wait_for(|now| *now >= end).await.unwrap();
        self.times()
    }

    /// Returns the times of the requests since the last look.
    pub fn times(&self) -> Times {
        Times(take(&mut *self.shared.times.lock().unwrap()))
    }

    pub async fn end(self) -> Vec<Vec<String>> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut clients = Vec::new();
        for task in self.tasks {
            clients.push(task.await.unwrap());
        }
        clients
    }
}

impl Shared {
    async fn visit(self: Arc<Self>, mut cookies: Vec<String>) -> Vec<String> {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            let cookie = &mut cookies[number % SESSIONS];
            let begun = Instant::now();
            // Each session is written in one of five rounds.
            if (number + number / SESSIONS).is_multiple_of(5) {
                send(&self.node, cookie, count).await;
            } else {
                send(&self.node, cookie, |session| {
                    session.get::<u64>("count").map(drop)
                })
                .await;
            }
            let took = begun.elapsed();
            self.times.lock().unwrap().push(took);
            self.answered.send_modify(|answered| *answered += 1);
            number += 1;
        }
        cookies
    }
}

impl Times {
    /// Returns a percentile in milliseconds: the median of those of windows.
    pub fn percentile(&self, percent: usize, window: usize) -> Option<f64> {
        let mut found: Vec<_> = self
            .0
            .chunks(window)
            // The last one may be a few requests.
            .filter(|window_times| window_times.len() * 2 >= window)
            .map(|times| {
                let mut times = times.to_vec();
                times.sort_unstable();
                times[(times.len() * percent / 100).min(times.len() - 1)]
            })
            .collect();
        found.sort_unstable();
        let middle = found.get(found.len() / 2)?;
        Some(middle.as_secs_f64() * 1_000.0)
    }
}

fn node(store: &Arc<dyn Store>) -> Sessions {
    let policy = Policy::builder().touch_every(Duration::from_secs(1));
    Sessions::shared(policy.build().unwrap(), Arc::clone(store))
}

fn count(session: &Session) -> Result<(), SessionError> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(())
}

/// Sends a request whose handler has a session, and keeps the cookie of its answer.
async fn send(
    node: &Sessions,
    cookie: &mut String,
    handler: impl FnOnce(&Session) -> Result<(), SessionError>,
) {
    let request = node.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    assert!(session.exists() || cookie.is_empty(), "logged out");
    handler(&session).unwrap();
    drop(session);
    let reply = request.commit(200).await.unwrap();
    if let Some(set) = reply.set_cookie() {
        let (pair, _) = set.split_once(';').unwrap();
        pair.clone_into(cookie);
    }
}

const CLIENTS: usize = 4;
/// Of each client.
const SESSIONS: usize = 100;
/// A hundred requests a second of each client.
const PACE: Duration = Duration::from_millis(10);
