//! The cost of a read from our own table, from a Django site's, and of Django's own, on PostgreSQL.
//!
//! Each is the processor time of its process, without the server's, for one read of one value on an open
//! connection: by `Sessions` here, by `SessionStore(key).get(…)` in Django, of the same row. They take turns,
//! so that a busy machine slows all of them; the medians count. It needs `scripts/install-django`.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use session_core::django::{Auth, SecretKeys, User};
use session_core::{Policy, Session, Sessions};
use session_servers::{Django, DjangoOracle, DjangoSite};
use session_store::{DjangoStore, PostgresStore};
use tokio::runtime::Builder;

const READS: u32 = 500;
const ROUNDS: usize = 41;
const SECRET: &str = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, SECRET).unwrap();
    let server = session_servers::Postgres::start().unwrap();
    let url = server.url("postgres");
    let mut releases: Vec<_> = Django::installed("benches/django")
        .iter()
        .map(|django| oracle(django, &url, &key_file.display().to_string()))
        .collect();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let keys = SecretKeys::new(SECRET).unwrap();
    if releases.is_empty() {
        println!("there is no Django, which makes the table");
        return;
    }
    let (ours, theirs) = runtime.block_on(async {
        let ours = PostgresStore::open(&url).await.unwrap();
        let theirs = DjangoStore::open(&url, &keys).await.unwrap();
        let policy = Policy::development();
        (
            Sessions::new(policy, ours),
            Sessions::new(Policy::django(), theirs),
        )
    });
    for (size, cart) in [("small", json!([1, 2, 3])), ("2 kB", cart())] {
        let cookies = [&ours, &theirs].map(|sessions| {
            runtime.block_on(stored(sessions, |session| {
                session.insert("cart", &cart).unwrap();
                let login = User::new("42", "pbkdf2_sha256$1000000$abc$def=");
                Auth::new(&keys).login(session, &login).unwrap();
            }))
        });
        let key = cookies[1].split_once('=').unwrap().1;
        let mut figures = vec![Vec::new(); 2 + releases.len()];
        for round in 0..=ROUNDS {
            let mut costs = vec![
                runtime.block_on(cost(&ours, &cookies[0])),
                runtime.block_on(cost(&theirs, &cookies[1])),
            ];
            for (_, oracle) in &mut releases {
                let times = json!({ "key": key, "name": "cart", "times": READS });
                let read = oracle.ask("cost_of_reads", times).unwrap();
                assert_eq!(read["value"], cart);
                costs.push(read["micros"].as_f64().unwrap());
            }
            // The first round only warms up.
            if round > 0 {
                for (figures, cost) in figures.iter_mut().zip(costs) {
                    figures.push(cost);
                }
            }
        }
        let names = ["our table", "DjangoStore"].map(str::to_owned).into_iter();
        let names = names.chain(releases.iter().map(|(name, _)| name.clone()));
        for (name, figures) in names.zip(&mut figures) {
            figures.sort_by(f64::total_cmp);
            let at = |part: usize| figures[(figures.len() - 1) * part / 4];
            println!(
                "{size}: {name:<14} {:6.1} µs of CPU a read (quartiles {:.1} and {:.1})",
                at(2),
                at(1),
                at(3)
            );
        }
    }
}

/// Starts a release of Django on the database, whose table it makes.
fn oracle(django: &Django, url: &str, key_file: &str) -> (String, DjangoOracle) {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/django-bridge/site");
    let site = DjangoSite::new(django, &site, "shop.settings")
        .with("DATABASE_URL", url)
        .with("SECRET_KEY_FILE", key_file);
    let mut oracle = site.oracle().unwrap();
    let migrate = json!({ "args": ["migrate", "--verbosity=0"] });
    oracle.ask("command", migrate).unwrap();
    let hello = oracle.ask("hello", json!({})).unwrap();
    (
        format!("Django {}", hello["django"].as_str().unwrap()),
        oracle,
    )
}

/// Stores a session, and returns its cookie.
async fn stored(sessions: &Sessions, fill: impl FnOnce(&Session)) -> String {
    let request = sessions.open([]);
    fill(&request.handle().load().await.unwrap());
    let reply = request.commit(200).await.unwrap();
    let cookie = reply.set_cookie().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn cart() -> Value {
    let items = (0..60).map(|n| json!({ "id": n, "name": format!("item {}", n * 7919) }));
    items.collect()
}

/// Returns the processor time of one read, in microseconds.
async fn cost(sessions: &Sessions, cookie: &str) -> f64 {
    let before = processor_time();
    for _ in 0..READS {
        let request = sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await.unwrap();
        session.get::<Value>("cart").unwrap().unwrap();
    }
    let spent = processor_time().saturating_sub(before);
    spent.as_secs_f64() * 1e6 / f64::from(READS)
}

/// Returns the processor time of all threads so far.
fn processor_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = threads.map(|thread| {
        let path = thread.unwrap().path().join("schedstat");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|it| it.parse::<u64>().ok())
            .unwrap_or(0)
    });
    Duration::from_nanos(nanos.sum())
}
