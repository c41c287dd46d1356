//! Eight processes, one session.

use std::process::{Child, Command, Stdio};

use session_core::{Only, Store};
use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;
use session_testkit::key_of;

use crate::counter::{Counter, now};

const PROCESSES: u32 = 8;
const ROUNDS: u32 = 20;

/// The variables with a worker's task and the store's URL.
const URL: &str = "SESSION_STORE_TEST_URL";
const WHAT: &str = "SESSION_STORE_TEST_WHAT";

/// Does a worker's task; does nothing without a task in the environment.
#[tokio::test]
async fn helper() {
    let Ok(what) = std::env::var(WHAT) else {
        return;
    };
    let store = RedisStore::open(std::env::var(URL).unwrap()).await.unwrap();
    let session = Counter {
        store,
        key: key_of(1),
    };
    match &*what {
        "count" => {
            for _ in 0..ROUNDS {
                assert!(session.count().await.unwrap().is_some());
            }
        }
        "count until it is gone" => while session.count().await.unwrap().is_some() {},
        _ => panic!("an unknown task: {what:?}"),
    }
}

fn start(url: &str, what: &str) -> Vec<Child> {
    let start = |_| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::helper"])
            .envs([(URL, url), (WHAT, what)])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    (0..PROCESSES).map(start).collect()
}

fn wait(processes: Vec<Child>) {
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
}

async fn race(url: String) {
    let store = RedisStore::open(&url).await.unwrap();
    let session = Counter::begin(&store, 1, Some("ada")).await;

    // No update is lost.
    wait(start(&url, "count"));
    let counted = session.counted().await.unwrap();
    assert_eq!(counted, Some(PROCESSES * ROUNDS));

    // An ended session stays ended.
    let processes = start(&url, "count until it is gone");
    while session.counted().await.unwrap() < counted.map(|n| n + 40) {
        tokio::task::yield_now().await;
    }
    session.delete(Only::Always).await.unwrap();
    wait(processes);
    assert_eq!(session.counted().await.unwrap(), None);
    assert!(
        store
            .devices("ada", None, now(), 1_000)
            .await
            .unwrap()
            .is_empty()
    );
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
