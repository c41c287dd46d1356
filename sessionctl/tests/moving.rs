//! A move that is killed again and again, beside a node that goes on.
#![allow(clippy::unwrap_used)]

mod tool;

use std::hash::{BuildHasher as _, RandomState};
use std::process::{Command as Program, Stdio};
use std::sync::Arc;
use std::thread;

use session_core::{
    Clock as _, Command, Moment, Only, Outcome, Record, Revision, Store, SystemClock,
};
use session_store::{Moving, SqliteStore};
use session_testkit::{changed, digest_of, key_of, record_of};

use self::tool::Tool;

const SESSIONS: u32 = 600;

fn session(number: u32) -> Record {
    let now: Moment = SystemClock.now();
    changed!(record_of(number), created = now, seen = now)
}

async fn load(store: &dyn Store, number: u32) -> Option<Record> {
    let (key, secret) = (key_of(number.into()), digest_of(0));
    store.load(&key, &secret, SystemClock.now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_ten_times_loses_and_revives_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["old.db", "new.db"].map(|name| folder.path().join(name));
    let [old, new] = [
        SqliteStore::open(&from).await.unwrap(),
        SqliteStore::open(&to).await.unwrap(),
    ];
    let mut expected = Vec::new();
    for number in 0..SESSIONS {
        let (key, record) = (&key_of(number.into()), &session(number));
        let outcome = old
            .write(Command::Insert { key, record }, SystemClock.now())
            .await;
        assert_eq!(outcome.unwrap(), Outcome::Applied);
        expected.push(Some(record.clone()));
    }
    let node = Moving::new(Arc::new(old), Arc::new(new.clone())).unwrap();
    let [from, to] = [from, to].map(|path| format!("sqlite:{}", path.display()));
    let mut killed = 0;
    let words = ["move", "--from", &from, "--to", &to];
    for round in 0..10 {
        let mut tool = Program::new(env!("CARGO_BIN_EXE_sessionctl"))
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Some are used and some end meanwhile.
        for number in (round..SESSIONS).step_by(60) {
            let key = &key_of(number.into());
            let place = &mut expected[number as usize];
            let next = changed!(session(number), revision = Revision::from_i64(10_000));
            let replace = Command::Replace {
                key,
                expected: Revision::from_i64(number.into()),
                record: &next,
            };
            let delete = Command::Delete {
                key,
                only: Only::Opened(&digest_of(0)),
            };
            let (command, left) = if number % 2 == 0 {
                (replace, Some(next.clone()))
            } else {
                (delete, None)
            };
            let outcome = node.write(command, SystemClock.now()).await;
            assert_eq!(outcome.unwrap(), Outcome::Applied);
            *place = left;
        }
        // Until it has moved some session of those that are left, if there is one.
        let mut left = Vec::new();
        for number in 0..SESSIONS {
            if expected[number as usize].is_some() && load(&new, number).await.is_none() {
                left.push(number);
            }
        }
        let drawn = RandomState::new().hash_one(round);
        if let Some(some) = left.get(usize::try_from(drawn).unwrap() % left.len().max(1)) {
            while load(&new, *some).await.is_none() && tool.try_wait().unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        }
        killed += usize::from(tool.try_wait().unwrap().is_none());
        tool.kill().unwrap();
        tool.wait().unwrap();
        for number in (0..SESSIONS).step_by(7) {
            assert_eq!(
                load(&node, number).await,
                expected[number as usize],
                "{round}: {number}"
            );
        }
    }
    assert!(killed > 0, "each had ended before it was killed");
    let tool = Tool::of("").with(&["--timeout", "60"]);
    // Two at once.
    let both = thread::scope(|scope| {
        [(), ()]
            .map(|()| scope.spawn(|| tool.object(&[&words[..], &["--hurry"]].concat())))
            .map(|mover| mover.join().unwrap())
    });
    for moved in both {
        let left = &moved["moved"];
        println!("one of the last two moved {left} of {SESSIONS}");
        assert_eq!(
            (&moved["kept"], moved["moved"].is_u64()),
            (&0.into(), true),
            "{moved}"
        );
    }
    assert_eq!(tool.object(&words)["moved"], 0);
    for number in 0..SESSIONS {
        assert_eq!(
            load(&new, number).await,
            expected[number as usize],
            "{number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_within_one_store_is_told_and_ends_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let (key, record) = (&key_of(1), &session(1));
    store
        .write(Command::Insert { key, record }, SystemClock.now())
        .await
        .unwrap();
    let url = format!("sqlite:{}", path.display());
    let said = Tool::of("").run(&["move", "--from", &url, "--to", &url]);
    assert_eq!(said.code, 1, "{}", said.error);
    assert!(said.error.contains("in both stores"), "{}", said.error);
    // Nor is it passed over if nobody reads the result.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let words = ["move", "--from", &url, "--to", &url];
    let said = Tool::of("").run_into(writer.into(), &words);
    assert_eq!(said.code, 1, "{}", said.error);
    assert!(said.error.contains("in both stores"), "{}", said.error);
    assert_eq!(load(&store, 1).await.as_ref(), Some(record));
    assert_eq!(Tool::of("").run(&["move", "--from", &url]).code, 2);
    let site = ["move", "--from", &url, "--to", "django+sqlite:x.db"];
    let said = Tool::of("").run(&site);
    assert_eq!(said.code, 2, "{}", said.error);
    assert!(said.error.contains("ids have one part"), "{}", said.error);
}
