//! Eight processes, one session.

use std::io::Read as _;
use std::process::{Child, Stdio};

use session_core::{Id, Key, SessionError, Store};
use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;
use time::OffsetDateTime;

use crate::visitor::Visitor;

const PROCESSES: usize = 8;
const ROUNDS: u32 = 20;

/// Has the variables for a process that is to help: the store's URL, the session's id, and what to do.
const URL: &str = "SESSION_STORE_TEST_URL";
const ID: &str = "SESSION_STORE_TEST_ID";
const WHAT: &str = "SESSION_STORE_TEST_WHAT";

/// Does what another process asks for, and nothing when nobody does.
#[tokio::test]
async fn helper() {
    let Ok(what) = std::env::var(WHAT) else {
        return;
    };
    let store = RedisStore::open(std::env::var(URL).unwrap()).await.unwrap();
    let mut visitor = Visitor::with_id(store, &std::env::var(ID).unwrap());
    match &*what {
        "count" => {
            for _ in 0..ROUNDS {
                count(&mut visitor).await;
            }
        }
        "renew" => {
            for _ in 0..ROUNDS {
                // Whoever comes later finds the session under another id, and leaves it there.
                let renewed = visitor.visit(session_core::Session::cycle).await;
                assert!(is_harmless(renewed.as_ref().err()), "{renewed:?}");
                println!("id {}", visitor.id);
            }
        }
        "write until it is dead" => loop {
            let counted = visitor.count().await;
            assert!(is_harmless(counted.as_ref().err()), "{counted:?}");
            let id = std::env::var(ID).unwrap();
            let before = std::mem::replace(&mut visitor.id, id.clone());
            if before != id || visitor.counted().await.unwrap().is_none() {
                println!("id {before}");
                return;
            }
        },
        _ => panic!("what is {what:?}?"),
    }
}

/// Counts a visit, however many others are faster.
async fn count(visitor: &mut Visitor) {
    loop {
        match visitor.count().await {
            Ok(()) => return,
            // Of those who were faster each has counted, so this ends.
            Err(SessionError::Commit(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn is_harmless(error: Option<&SessionError>) -> bool {
    matches!(
        error,
        None | Some(SessionError::Commit(_) | SessionError::Gone | SessionError::Renewed)
    )
}

fn start(url: &str, id: &str, what: &str) -> Vec<Child> {
    let start = |_| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "processes::helper"])
            .envs([(URL, url), (ID, id), (WHAT, what)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    (0..PROCESSES).map(start).collect()
}

/// Waits for the processes and returns the ids that they have printed.
fn ids(processes: Vec<Child>) -> Vec<String> {
    let mut ids = Vec::new();
    for mut process in processes {
        let mut printed = String::new();
        let mut out = process.stdout.take().unwrap();
        out.read_to_string(&mut printed).unwrap();
        assert!(process.wait().unwrap().success(), "{printed}");
        let lines = printed.lines();
        let found = lines.filter_map(|line| line.split_once("id ").map(|(_, id)| id.to_owned()));
        ids.extend(found.filter(|id| id.len() == 32));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Returns under which of the ids a session lives.
async fn live(store: &RedisStore, ids: &[String]) -> Vec<String> {
    let mut live = Vec::new();
    for id in ids {
        let key = Key::of(Id::parse(id.as_bytes()).unwrap());
        let found = store.load(&key, OffsetDateTime::now_utc()).await.unwrap();
        if let Some(session_core::Found::Here(_)) = found {
            live.push(id.clone());
        }
    }
    live
}

async fn race(url: String) {
    let store = RedisStore::open(&url).await.unwrap();
    let mut visitor = Visitor::new(store.clone());

    // No update is lost.
    visitor
        .visit(|session| session.sign_in("ada"))
        .await
        .unwrap();
    ids(start(&url, &visitor.id, "count"));
    let counted = visitor.counted().await.unwrap();
    let processes = u32::try_from(PROCESSES).unwrap();
    assert_eq!(counted, Some(processes * ROUNDS));

    // Of the ids that are drawn one lives, and has everything.
    let mut all = ids(start(&url, &visitor.id, "renew"));
    all.push(visitor.id.clone());
    let one = live(&store, &all).await;
    assert_eq!(one.len(), 1, "of {}", all.len());
    assert_eq!(visitor.sessions().devices("ada").await.unwrap().len(), 1);
    one[0].clone_into(&mut visitor.id);
    assert_eq!(visitor.counted().await.unwrap(), counted);

    // What is ended stays so.
    let processes = start(&url, &visitor.id, "write until it is dead");
    while visitor.counted().await.unwrap() < counted.map(|n| n + 40) {
        tokio::task::yield_now().await;
    }
    visitor.log_out().await.unwrap();
    all.push(visitor.id.clone());
    all.extend(ids(processes));
    assert!(visitor.sessions().devices("ada").await.unwrap().is_empty());
    let id = one[0].clone();
    assert_eq!(live(&store, &[id]).await, Vec::<String>::new());
}

#[tokio::test]
async fn eight_processes_race_on_one_server() {
    if skips("eight_processes_race_on_one_server", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    race(redis.url()).await;
}

#[tokio::test]
async fn eight_processes_race_on_a_cluster() {
    if skips("eight_processes_race_on_a_cluster", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    race(cluster.url()).await;
}
