use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_core::{Reply, Revoke, Session, SessionError, Sessions};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::draw::Draw;
use super::ledger::{Entry, Ledger, seen};

const CLIENTS: usize = 8;

/// How often a client asks at most.
const PACE: Duration = Duration::from_millis(10);

/// How many log in at a time before the move.
const AT_ONCE: usize = 32;

/// How many sessions an owner has.
const EACH: usize = 3;

/// Two programs of the application, each of which may be deployed anew.
pub struct Nodes([Mutex<Sessions>; 2]);

impl Nodes {
    pub fn new(nodes: [Sessions; 2]) -> Self {
        Self(nodes.map(Mutex::new))
    }

    pub fn deploy(&self, number: usize, node: Sessions) {
        *self.0[number].lock().unwrap() = node;
    }

    fn get(&self, number: usize) -> Sessions {
        self.0[number].lock().unwrap().clone()
    }
}

/// Clients with a ledger each, who are at both nodes in turn.
pub struct Clients {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<Ledger>>,
}

struct Shared {
    nodes: Arc<Nodes>,
    times: Mutex<Vec<Duration>>,
    /// How many requests were answered.
    answered: watch::Sender<u64>,
    is_over: AtomicBool,
}

impl Clients {
    /// Begins sessions at the application as it was before the move, of each client some at once.
    pub async fn begin(before: &Sessions, sessions: usize) -> Vec<Ledger> {
        let each = sessions / CLIENTS;
        let mut ledgers = Vec::new();
        for client in 0..CLIENTS {
            let begins: Vec<_> = (0..AT_ONCE)
                .map(|first| {
                    let before = before.clone();
                    tokio::spawn(async move {
                        let mut begun = Vec::new();
                        for number in (first..each).step_by(AT_ONCE) {
                            let owner = format!("user {client}-{}", number / EACH);
                            begun.push(log_in(&before, owner).await);
                        }
                        begun
                    })
                })
                .collect();
            let mut ledger = Ledger::default();
            for begun in begins {
                ledger.live.extend(begun.await.unwrap());
            }
            ledgers.push(ledger);
        }
        ledgers
    }

    pub fn start(nodes: &Arc<Nodes>, ledgers: Vec<Ledger>) -> Self {
        let shared = Arc::new(Shared {
            nodes: Arc::clone(nodes),
            times: Mutex::default(),
            answered: watch::Sender::new(0),
            is_over: AtomicBool::new(false),
        });
        let clients = ledgers.into_iter().enumerate();
        let tasks =
            clients.map(|(client, ledger)| tokio::spawn(Arc::clone(&shared).visit(client, ledger)));
        Self {
            tasks: tasks.collect(),
            shared,
        }
    }

    /// Waits until as many more requests were answered.
    pub async fn ask(&self, more: u64) {
        let mut answered = self.shared.answered.subscribe();
        let end = *answered.borrow_and_update() + more;
        answered
            .wait_for(|answered| *answered >= end)
            .await
            .unwrap();
    }

    /// Returns how long requests took since the last time, in order.
    pub fn times(&self) -> Vec<Duration> {
        let mut times = take(&mut *self.shared.times.lock().unwrap());
        times.sort_unstable();
        times
    }

    /// Says whether a client has left, because it was told something wrong.
    pub fn is_broken(&self) -> bool {
        self.tasks.iter().any(JoinHandle::is_finished)
    }

    pub async fn end(self) -> Vec<Ledger> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut ledgers = Vec::new();
        for task in self.tasks {
            ledgers.push(task.await.unwrap());
        }
        ledgers
    }
}

impl Shared {
    async fn visit(self: Arc<Self>, client: usize, mut ledger: Ledger) -> Ledger {
        let mut draw = Draw::of(client as u64 + 1);
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            number += 1;
            let nodes = [number % 2, (number + 1) % 2].map(|node| self.nodes.get(node));
            let begun = Instant::now();
            act(&nodes, &mut ledger, &mut draw, (client, number)).await;
            let took = begun.elapsed();
            self.times.lock().unwrap().push(took);
            self.answered.send_modify(|answered| *answered += 1);
        }
        ledger
    }
}

/// Does one thing, and checks at once what it is told.
async fn act(
    [node, other]: &[Sessions; 2],
    ledger: &mut Ledger,
    draw: &mut Draw,
    (client, number): (usize, usize),
) {
    let chance = draw.below(100);
    let Some(place) = ledger.any(draw).filter(|_| chance < 88) else {
        // Begins a session, which its owner's others are older than.
        let owner = format!("new {client}-{}", number / 100);
        ledger.live.push(log_in(node, owner).await);
        return;
    };
    let entry = &mut ledger.live[place];
    match chance {
        0..40 => {
            let counted = send(node, &mut entry.cookie, count).await;
            entry.count += 1;
            assert_eq!(counted, entry.count, "{}", entry.owner);
        }
        // At both nodes at once.
        40..50 => {
            let mut cookies = [entry.cookie.clone(), entry.cookie.clone()];
            let [one, two] = &mut cookies;
            tokio::join!(send(node, one, count), send(other, two, count));
            entry.count += 2;
        }
        50..65 => assert_eq!(
            seen(node, &entry.cookie).await,
            Some(entry.count),
            "{}",
            entry.owner
        ),
        65..70 => send(node, &mut entry.cookie, Session::cycle).await,
        // Signs in once more: what the session has goes along, and the one that was left is over after its grace.
        70..74 => {
            let owner = entry.owner.clone();
            send(node, &mut entry.cookie, |session| session.sign_in(owner)).await;
        }
        74..80 => {
            let request = node.open([entry.cookie.as_bytes()]);
            request.handle().destroy().unwrap();
            drop(request.commit(200).await.unwrap());
            ledger.end(place);
        }
        80..82 => {
            let owner = entry.owner.clone();
            let ended = node.revoke(&owner, Revoke::All).await.unwrap();
            // One whose mover was killed is ended, and not counted.
            assert!(ended <= ledger.end_all_of(&owner), "{ended} of {owner}");
        }
        _ => {
            if !ledger.ended.is_empty() {
                let ended = &ledger.ended[draw.place(ledger.ended.len())];
                assert_eq!(
                    seen(node, &ended.cookie).await,
                    None,
                    "revived: {}",
                    ended.owner
                );
            }
        }
    }
}

fn count(session: &Session) -> Result<u64, SessionError> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)
}

async fn log_in(node: &Sessions, owner: String) -> Entry {
    let mut cookie = String::new();
    let sign_in = |session: &Session| {
        session.insert("count", 0)?;
        session.sign_in(owner.as_str())
    };
    send(node, &mut cookie, sign_in).await;
    Entry {
        cookie,
        owner,
        count: 0,
    }
}

/// Sends a request whose handler has a session, and keeps the cookie of its answer.
async fn send<T>(
    node: &Sessions,
    cookie: &mut String,
    handler: impl FnOnce(&Session) -> Result<T, SessionError>,
) -> T {
    let request = node.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    let is_known = session.exists();
    assert!(is_known || cookie.is_empty(), "logged out");
    let answer = handler(&session).unwrap();
    drop(session);
    let reply: Reply = request.commit(200).await.unwrap();
    if let Some(set) = reply.set_cookie() {
        let (pair, _) = set.split_once(';').unwrap();
        pair.clone_into(cookie);
    }
    answer
}
