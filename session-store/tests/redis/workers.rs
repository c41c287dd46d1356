//! A store in a server whose workers have runtimes of their own.

use std::thread;

use session_core::Store as _;
use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;
use session_testkit::{digest_of, key_of, moment_at};
use tokio::runtime::{Builder, Runtime};

use crate::a_blocked_worker::a_blocked_worker_holds_up_no_other;

const CUT: [&str; 4] = ["CLIENT", "KILL", "TYPE", "normal"];

#[test]
fn a_blocked_worker_holds_up_no_other_workers_requests() {
    let name = "a_blocked_worker_holds_up_no_other_workers_requests";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let cut = || assert_ne!(redis.cli(&CUT).unwrap().trim(), "0");
    a_blocked_worker_holds_up_no_other(async || RedisStore::open(redis.url()).await, cut);
}

#[test]
fn a_blocked_worker_holds_up_no_other_workers_requests_to_a_cluster() {
    let name = "a_blocked_worker_holds_up_no_other_workers_requests_to_a_cluster";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let cut = || {
        for node in cluster.primaries().unwrap() {
            cluster.cli(node, &CUT).unwrap();
        }
    };
    a_blocked_worker_holds_up_no_other(async || RedisStore::open(cluster.url()).await, cut);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Loads a session that is not there, so many times.
async fn ask(store: &RedisStore, times: u32) {
    for _ in 0..times {
        let found = store.load(&key_of(1), &digest_of(1), moment_at(0)).await;
        assert_eq!(found.unwrap(), None);
    }
}

fn connections(redis: &Redis) -> usize {
    let list = redis.cli(&["CLIENT", "LIST", "TYPE", "normal"]).unwrap();
    // One is the question's.
    list.lines().filter(|line| !line.is_empty()).count() - 1
}

#[test]
fn a_runtime_of_one_thread_that_asks_often_gets_a_connection_of_its_own() {
    let name = "a_runtime_of_one_thread_that_asks_often_gets_a_connection_of_its_own";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = runtime().block_on(RedisStore::open(redis.url())).unwrap();
    // A runtime for each call, as blocking code makes them.
    for _ in 0..150 {
        runtime().block_on(ask(&store, 1));
    }
    assert_eq!(connections(&redis), 1);
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let store = store.clone();
            thread::spawn(move || {
                let runtime = runtime();
                runtime.block_on(ask(&store, 200));
                runtime
            })
        })
        .collect();
    let workers: Vec<_> = workers
        .into_iter()
        .map(|worker| worker.join().unwrap())
        .collect();
    assert_eq!(connections(&redis), 4);
    // After an outage each makes its own anew, and one of several threads needs none.
    redis.cli(&CUT).unwrap();
    for worker in &workers {
        worker.block_on(ask(&store, 1));
    }
    let several = Builder::new_multi_thread().enable_all().build().unwrap();
    several.block_on(ask(&store, 200));
    assert_eq!(connections(&redis), 4);
    // A runtime's connection ends with it.
    drop(workers);
    several.block_on(ask(&store, 1));
    while connections(&redis) > 1 {
        thread::yield_now();
    }
    let worker = runtime();
    worker.block_on(ask(&store, 200));
    assert_eq!(connections(&redis), 2);
    worker.block_on(store.close());
    assert!(worker.block_on(store.check()).is_err());
    let closed = worker.block_on(store.load(&key_of(1), &digest_of(1), moment_at(0)));
    assert!(closed.is_err());
    worker.block_on(async {
        while connections(&redis) > 0 {
            tokio::task::yield_now().await;
        }
    });
}
