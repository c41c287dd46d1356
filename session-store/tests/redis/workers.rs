//! A store in a server whose workers have runtimes of their own.

use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;

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
