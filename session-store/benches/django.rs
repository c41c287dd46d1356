//! The cost of a load from a Django site's table and from our own, on PostgreSQL.
//!
//! It prints the processor time of this process for each load, in turns, one load at a time.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::time::{Duration, Instant};

use session_core::django::SecretKeys;
use session_core::{Command, Key, Record, Store};
use session_store::{DjangoOptions, DjangoStore, PostgresStore};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};
use tokio::runtime::Builder;

const LOADS: u32 = 20_000;

fn main() {
    let server = session_servers::Postgres::start().unwrap();
    let url = server.url("postgres");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let keys = SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0").unwrap();
    let (ours, theirs) = runtime.block_on(async {
        let ours = PostgresStore::open(&url).await.unwrap();
        let options = DjangoOptions::new().create(true);
        (
            ours,
            DjangoStore::open_with(&url, &keys, options).await.unwrap(),
        )
    });
    let plain = Key::parse_plain("ka6l9k0mzz8l6qvgbzrf5hd3yk7ovl2x").unwrap();
    for (name, record) in [("small", small()), ("2 kB", large())] {
        runtime.block_on(async {
            for (store, key) in [(&ours as &dyn Store, &key_of(1)), (&theirs, &plain)] {
                let only = session_core::Only::Always;
                store
                    .write(Command::Delete { key, only }, moment_at(0))
                    .await
                    .unwrap();
                let insert = Command::Insert {
                    key,
                    record: &record,
                };
                store.write(insert, moment_at(0)).await.unwrap();
            }
        });
        for _ in 0..4 {
            let own = runtime.block_on(cost(&ours, &key_of(1)));
            let django = runtime.block_on(cost(&theirs, &plain));
            println!(
                "{name}: our table {:.1} µs of CPU ({:.0} µs in all), Django's {:.1} ({:.0}): {:+.1} µs",
                own.0,
                own.1,
                django.0,
                django.1,
                django.0 - own.0
            );
        }
    }
}

fn small() -> Record {
    changed!(
        record_of(1),
        owner = Some("42".into()),
        data = r#"{"_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"df46000783054386f613c0491e078fa8d89f34bd3c43d0a8018b8a477d04d813","cart":[1,2,3]}"#.into()
    )
}

fn large() -> Record {
    let items: Vec<_> = (0..60)
        .map(|n| format!("{{\"id\":{n},\"name\":\"item {}\"}}", n * 7919))
        .collect();
    let data = format!("{{\"cart\":[{}]}}", items.join(","));
    changed!(small(), data = data.into())
}

/// Returns the processor time and the time of one load, in microseconds.
async fn cost(store: &dyn Store, key: &Key) -> (f64, f64) {
    for _ in 0..500 {
        store
            .load(key, &digest_of(0), moment_at(0))
            .await
            .unwrap()
            .unwrap();
    }
    let (begun, before) = (Instant::now(), processor_time());
    for _ in 0..LOADS {
        store
            .load(key, &digest_of(0), moment_at(0))
            .await
            .unwrap()
            .unwrap();
    }
    let of_one = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(LOADS);
    (
        of_one(processor_time().saturating_sub(before)),
        of_one(begun.elapsed()),
    )
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
