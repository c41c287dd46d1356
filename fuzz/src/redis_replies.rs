//! A Redis store in front of a server that answers anything: no panic, and no session but the one that was answered.

use std::collections::VecDeque;
use std::sync::LazyLock;

use futures_util::future::join;
use redis::RedisConnectionInfo;
use redis::aio::MultiplexedConnection;
use session_core::{
    Command, Cursor, Moment, Only, Outcome, Record, Revision, Revoke, Store as _, StoreError, Whose,
};
use session_store::{RedisOptions, RedisStore};
use session_testkit::{digest_of, key_of, moment_at};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};

use crate::redis_server::{Answers, bulk, is_whole, unbulked};
use crate::{Draw, row};

/// Opens a store, draws the answers to its commands, and looks at what it makes of them.
pub fn redis_replies(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    RUNTIME.block_on(async {
        let answers = Answers::default();
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = tokio::spawn(answers.clone().serve(far));
        let (connection, driver) = MultiplexedConnection::new(&INFO, near)
            .await
            .expect("it is peaceful");
        let driver = tokio::spawn(driver);
        let store = RedisStore::open_with(RedisOptions::over(connection)).await;
        let store = store.expect("the server is as it should be");
        if draw.one_in(2) {
            loads(&store, &answers, &mut draw).await;
        } else {
            let drawn = drawn(&mut draw, 12);
            answers.begin(drawn);
            for _ in 0..4 {
                call(&store, &mut draw).await;
            }
        }
        store.close().await;
        drop(store);
        // Nobody talks to them any more.
        driver.await.expect("it does not panic");
        server.await.expect("it does not panic");
    });
}

/// Loads two sessions at once; each is what its own answer says.
async fn loads(store: &RedisStore, answers: &Answers, draw: &mut Draw<'_>) {
    let (one, other) = (answer(draw), answer(draw));
    answers.begin(VecDeque::from([one.clone(), other.clone()]));
    let (keys, secret) = ([key_of(1), key_of(2)], digest_of(0));
    let loads = keys.each_ref().map(|key| store.load(key, &secret, now()));
    let [first, second] = loads;
    let (first, second) = join(first, second).await;
    check(&one, first);
    if is_whole(&one) {
        check(&other, second);
    } else if let Ok(Some(record)) = second {
        // A server that says more than it was asked for is believed, and then it is what it said.
        assert!(is_inside(&one, &record));
    }
}

/// Compares what a load made of an answer with a reader of its own.
fn check(answer: &[u8], loaded: Result<Option<Record>, StoreError>) {
    let shown = || String::from_utf8_lossy(answer).into_owned();
    match (unbulked(answer), loaded) {
        (Some(bytes), loaded) => assert_eq!(loaded.expect("it was answered"), row::read(bytes)),
        // A whole answer may stand at the beginning.
        (None, Ok(Some(record))) => assert!(is_inside(answer, &record), "{}", shown()),
        (None, Ok(None)) => assert!(
            answer.first() != Some(&b'-') || is_wrong_type(answer),
            "{}",
            shown()
        ),
        (None, Err(_)) => assert!(!is_whole(answer) || has_error(answer), "{}", shown()),
    }
}

fn is_inside(answer: &[u8], record: &Record) -> bool {
    let mut starts = 0..answer.len();
    starts.any(|start| {
        let rest = &answer[start..];
        let ends = (0..=rest.len()).map(|end| &rest[..end]);
        rest.starts_with(b"1")
            && ends
                .into_iter()
                .any(|part| row::read(part).as_ref() == Some(record))
    })
}

/// Says whether there is an error in an answer, be it inside of a list.
fn has_error(answer: &[u8]) -> bool {
    answer.starts_with(b"-") || answer.windows(2).any(|pair| pair == b"\n-")
}

fn is_wrong_type(answer: &[u8]) -> bool {
    answer.starts_with(b"-WRONGTYPE")
}

/// Makes a drawn call; an error is as good as an answer.
async fn call(store: &RedisStore, draw: &mut Draw<'_>) {
    let (key, record, name) = (&draw.key(), &draw.record(), draw.name());
    let (digest, one, moment) = (&draw.digest(), &draw.key().public_id(), draw.moment());
    let expected = Revision::from_i64(draw.small());
    let write = |command| store.write(command, moment);
    match draw.below(12) {
        0 => drop(write(Command::Insert { key, record }).await),
        1 => drop(
            write(Command::Replace {
                key,
                expected,
                record,
            })
            .await,
        ),
        2 => {
            let (seen, expires) = (draw.moment(), draw.moment());
            drop(
                write(Command::Touch {
                    key,
                    expected,
                    seen,
                    expires,
                })
                .await,
            );
        }
        3 => {
            let only = *draw.pick(&[Only::Always, Only::Opened(digest), Only::Over(moment)]);
            let ended = write(Command::Delete { key, only }).await;
            assert_ne!(
                ended.ok(),
                Some(Outcome::Refused),
                "a session that is gone has ended"
            );
        }
        4 => {
            let limit = 1 + draw.below(3);
            let from = draw.one_in(2).then_some(one);
            if let Ok(devices) = store.devices(&name, from, moment, limit).await {
                assert!(devices.len() <= limit);
                assert!(
                    devices
                        .iter()
                        .all(|device| device.expires > OffsetDateTime::from(moment))
                );
            }
        }
        5 => drop(store.revoke(Whose::Everybody, moment).await),
        6 => drop(store.revoke(Whose::Tag(&name), moment).await),
        7 => {
            let which = *draw.pick(&[Revoke::All, Revoke::AllBut(one), Revoke::One(one)]);
            drop(store.revoke(Whose::Owner(&name, which), moment).await);
        }
        8 => drop(
            store
                .walk(
                    &Cursor::from_bytes(&draw.bytes(20)),
                    1 + draw.below(3),
                    moment,
                )
                .await,
        ),
        9 => drop(store.sweep(moment, draw.below(5)).await),
        10 => drop(store.facts().await),
        _ => drop(store.check().await),
    }
}

fn drawn(draw: &mut Draw<'_>, most: usize) -> VecDeque<Vec<u8>> {
    (0..draw.below(most + 1)).map(|_| answer(draw)).collect()
}

/// Returns an answer that is like one of Redis', or nearly.
fn answer(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut answer = match draw.below(8) {
        0..=2 => {
            let listed = draw.one_in(2).then(|| draw.moment());
            let mut record = row::write(&draw.record(), listed);
            if draw.one_in(3) {
                draw.damage(&mut record);
            }
            bulk(&record)
        }
        3 => draw.pick(&WORDS).to_vec(),
        4 => list(draw, 0),
        5 => bulk(&draw.bytes(60)),
        6 => format!(":{}\r\n", draw.small()).into_bytes(),
        _ => draw.pieces(&PIECES, 12),
    };
    if draw.one_in(6) {
        draw.damage(&mut answer);
    }
    answer
}

fn list(draw: &mut Draw<'_>, depth: usize) -> Vec<u8> {
    let count = draw.below(5);
    let mut list = format!("*{count}\r\n").into_bytes();
    for _ in 0..count {
        list.extend(match draw.below(7) {
            0 => bulk(b"unlisted"),
            1 => bulk(format!("@{}", draw.name()).as_bytes()),
            2 => bulk(&row::moment(draw.moment())),
            3 => bulk(draw.key().as_bytes()),
            4 => bulk(format!("session:{{{}}}", draw.key().public_id()).as_bytes()),
            5 if depth < 3 => self::list(draw, depth + 1),
            _ => bulk(draw.small().to_string().as_bytes()),
        });
    }
    list
}

fn now() -> Moment {
    moment_at(0)
}

static INFO: LazyLock<RedisConnectionInfo> = LazyLock::new(RedisConnectionInfo::default);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("the system has threads")
});

const WORDS: [&[u8]; 14] = [
    b"$-1\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"+OK\r\n",
    b"$4\r\ndone\r\n",
    b"$4\r\ngone\r\n",
    b"$7\r\nchanged\r\n",
    b"$3\r\nown\r\n",
    b"-ERR no\r\n",
    b"-WRONGTYPE no\r\n",
    b"-NOSCRIPT no\r\n",
    b"-MOVED 1 127.0.0.1:1\r\n",
    b"-READONLY no\r\n",
    b"-LOADING no\r\n",
];

const PIECES: [&[u8]; 18] = [
    b"\r\n",
    b"$",
    b"*",
    b"+",
    b"-",
    b":",
    b"_\r\n",
    b"#t\r\n",
    b",nan\r\n",
    b"(123456789012345678901\r\n",
    b">2\r\n",
    b"%1\r\n",
    b"~1\r\n",
    b"|1\r\n",
    b"=8\r\ntxt:abcd\r\n",
    b"9223372036854775807",
    b"1000000",
    b"-1",
];
