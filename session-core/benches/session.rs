//! Nanoseconds of the core alone, without a store's or a framework's: `cargo bench -p session-core`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use session_core::{Command, Exchange, Key, Opened, Outcome, Policy, Record, Step};

const COOKIES: &str = "_ga=GA1.1.1234567890.1700000000; _gid=GA1.1.987654321; theme=dark; \
    lang=en-GB; consent=yes; csrftoken=abcdefghijklmnopqrstuvwxyz; ref=newsletter; \
    __Host-session=";

/// Commits a session; returns what is stored and the value of the `Cookie` header.
fn commit(opened: Opened, policy: &Policy) -> (Option<Record>, Option<String>) {
    let mut kept = None;
    let mut step = opened.finish(200, policy.now()).unwrap();
    loop {
        step = match step {
            Step::Done(reply) => {
                let cookie = black_box(reply).set_cookie().map(str::to_owned);
                return (kept, cookie);
            }
            Step::Load(_) | Step::List(_) => return (kept, None),
            Step::Write(write) => {
                if let Command::Insert { record, .. } | Command::Replace { record, .. } =
                    write.command()
                {
                    kept = Some(record.clone());
                }
                write.answer(Ok(Outcome::Applied), policy.now()).unwrap()
            }
        };
    }
}

fn load(policy: &Arc<Policy>, cookies: &str, record: &Record) -> Opened {
    let mut exchange = Exchange::open(policy, [cookies.as_bytes()]);
    loop {
        match exchange {
            Exchange::Open(opened) => return opened,
            Exchange::Unread(question) => {
                let _: &Key = black_box(question.key());
                exchange = question.answer(Some(record.clone()), policy.now());
            }
        }
    }
}

fn benches(c: &mut Criterion) {
    let policy = Arc::new(Policy::default());
    let Exchange::Open(fresh) = Exchange::open(&policy, []) else {
        return;
    };
    for number in 0..10 {
        fresh
            .insert(&format!("key{number}"), "x".repeat(90))
            .unwrap();
    }
    let (Some(record), Some(cookie)) = commit(fresh, &policy) else {
        return;
    };
    let (_, id) = cookie.split_once('=').unwrap();
    let cookies = format!("{COOKIES}{}", &id[..session_core::ID_LENGTH]);
    assert!(load(&policy, &cookies, &record).exists());

    c.bench_function("open, no cookie", |b| {
        b.iter(|| black_box(Exchange::open(&policy, [])));
    });
    c.bench_function("open, eight cookies", |b| {
        b.iter(|| black_box(Exchange::open(&policy, [cookies.as_bytes()])));
    });
    c.bench_function("load, get one of ten", |b| {
        b.iter(|| {
            black_box(
                load(&policy, &cookies, &record)
                    .get::<String>("key5")
                    .unwrap(),
            )
        });
    });
    c.bench_function("load, insert, finish", |b| {
        b.iter(|| {
            let session = load(&policy, &cookies, &record);
            session.insert("key5", 7).unwrap();
            commit(session, &policy)
        });
    });
    c.bench_function("create", |b| {
        b.iter(|| {
            let Exchange::Open(session) = Exchange::open(&policy, []) else {
                return (None, None);
            };
            session.insert("key", 7).unwrap();
            commit(session, &policy)
        });
    });
}

criterion_group!(session, benches);
criterion_main!(session);
