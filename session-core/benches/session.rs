//! Nanoseconds of the core alone, without a store's or a framework's: `cargo bench -p session-core`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use session_core::{Exchange, Found, Key, Outcome, Policy, Record, Session, Step};

const COOKIES: &str = "_ga=GA1.1.1234567890.1700000000; _gid=GA1.1.987654321; theme=dark; \
    lang=en-GB; consent=yes; csrftoken=abcdefghijklmnopqrstuvwxyz; ref=newsletter; \
    __Host-session=abcdefghijklmnopqrstuvwxyz234567";

fn commit(session: &Session, policy: &Policy) -> Option<Record> {
    let mut kept = None;
    let mut step = session.finish(200, policy.now()).unwrap();
    loop {
        step = match step {
            Step::Done(reply) => {
                drop(black_box(reply));
                return kept;
            }
            Step::Load(_) => return kept,
            Step::Write(write) => {
                if let session_core::Command::Insert { record, .. }
                | session_core::Command::Replace { record, .. } = write.command()
                {
                    kept = Some(record.clone());
                }
                write.answer(Outcome::Applied, policy.now()).unwrap()
            }
        };
    }
}

fn load(policy: &Arc<Policy>, record: &Record) -> Session {
    let mut exchange = Exchange::open(policy, [COOKIES.as_bytes()]);
    loop {
        match exchange {
            Exchange::Open(session) => return session,
            Exchange::Unread(question) => {
                let _: &Key = black_box(question.key());
                exchange = question.answer(Some(Found::Here(record.clone())), policy.now());
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
    let record = commit(&fresh, &policy).unwrap();

    c.bench_function("open, no cookie", |b| {
        b.iter(|| black_box(Exchange::open(&policy, [])));
    });
    c.bench_function("open, eight cookies", |b| {
        b.iter(|| black_box(Exchange::open(&policy, [COOKIES.as_bytes()])));
    });
    c.bench_function("load, get one of ten", |b| {
        b.iter(|| black_box(load(&policy, &record).get::<String>("key5").unwrap()));
    });
    c.bench_function("load, insert, finish", |b| {
        b.iter(|| {
            let session = load(&policy, &record);
            session.insert("key5", 7).unwrap();
            commit(&session, &policy)
        });
    });
    c.bench_function("create", |b| {
        b.iter(|| {
            let Exchange::Open(session) = Exchange::open(&policy, []) else {
                return None;
            };
            session.insert("key", 7).unwrap();
            commit(&session, &policy)
        });
    });
}

criterion_group!(session, benches);
criterion_main!(session);
