//! Redis alone, out of memory, behind Sentinel, and a cluster.

use std::time::Duration;

use session_servers::{FaultProxy, Redis, RedisCluster, RedisSentinel, RedisSettings, Spoil};
use session_store::{RedisOptions, RedisStore};
use tokio::task::{block_in_place, spawn_blocking};

use super::traffic::{Row, Traffic};
use super::{lacks, limit, tell, while_cut_off};

async fn open(url: String) -> RedisStore {
    open_within(limit(), url).await
}

async fn open_within(limit: Duration, url: String) -> RedisStore {
    let options = RedisOptions::new(url).timeout(limit);
    RedisStore::open_with(options).await.unwrap()
}

/// Where no call may fail, on however slow a machine.
const PATIENT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_redis_loses_nothing_if_it_writes_before_it_answers() {
    if lacks(&Redis::PROGRAMS) {
        return;
    }
    let mut redis = Redis::start_with(RedisSettings::default().durable()).unwrap();
    let mut traffic = Traffic::start(open(redis.url()).await).await;
    traffic.break_now();
    block_in_place(|| redis.kill());
    traffic.failed().await;
    block_in_place(|| redis.restart().unwrap());
    let row = traffic.end().await;
    tell(
        "Redis, `appendfsync always`",
        "killed, and started again",
        &row,
    );
    assert_eq!(row.lost, 0);
}

/// Redis has no room: what it does is the policy's matter.
async fn runs_out_of_memory(policy: &str) -> Row {
    let redis = Redis::start().unwrap();
    let set = |name: &str, value: &str| drop(redis.cli(&["CONFIG", "SET", name, value]).unwrap());
    set("maxmemory-policy", policy);
    let mut traffic = Traffic::start(open_within(PATIENT, redis.url()).await).await;
    traffic.break_now();
    // Other data fill what there is.
    let used = redis.cli(&["INFO", "memory"]).unwrap();
    let used = used
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"))
        .unwrap();
    let used: u64 = used.trim().parse().unwrap();
    set("maxmemory", &(used + 2_000_000).to_string());
    let fill = "for i = 1, 3000 do redis.call('SET', ARGV[1] .. i, string.rep('x', 1000)) end";
    for other in ["a", "b", "c", "d"] {
        let _ = redis.cli(&["EVAL", fill, "0", other]);
    }
    if policy == "noeviction" {
        traffic.failed().await;
    }
    traffic.asked(while_cut_off()).await;
    set("maxmemory", "0");
    let row = traffic.end().await;
    tell(
        &format!("Redis, `{policy}`"),
        "other data fill its memory, then it gets more",
        &row,
    );
    row
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_room_refuses_writes_and_loses_nothing() {
    if !lacks(&Redis::PROGRAMS) {
        let row = runs_out_of_memory("noeviction").await;
        assert_eq!(row.lost, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_evicts_loses_sessions_without_a_word() {
    if !lacks(&Redis::PROGRAMS) {
        let row = runs_out_of_memory("allkeys-random").await;
        assert!(row.lost > 0 && row.failed == 0, "{row}");
    }
}

/// Cuts a replica off from its primary, which goes on for a while and dies; the sentinels promote the
/// replica under the traffic.
async fn is_failed_over(what: &str, settings: &[[&str; 2]]) -> Row {
    let mut link = None;
    let through = |port| Ok(link.insert(FaultProxy::to(port)?).port());
    let mut group = RedisSentinel::start_linked(through).unwrap();
    let link = link.unwrap();
    let first = group.primary().unwrap();
    for setting in settings {
        group
            .cli(first, &[&["CONFIG", "SET"], &setting[..]].concat())
            .unwrap();
    }
    let mut traffic = Traffic::start(open(group.url()).await).await;
    link.spoil(Spoil::Silent);
    // It notices after some seconds that its replica is silent.
    traffic.asked(while_cut_off() * 3).await;
    traffic.break_now();
    block_in_place(|| group.kill(first));
    let row = traffic.end().await;
    let fault = "the replica cut off, then the primary killed and the replica promoted";
    tell(&format!("Redis, a replica, Sentinel; {what}"), fault, &row);
    assert_ne!(group.primary().unwrap(), first);
    row
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_lacks_what_was_acknowledged_while_it_was_cut_off() {
    if !lacks(&Redis::PROGRAMS) {
        let row = is_failed_over("asynchronous", &[]).await;
        assert!(row.lost > 0, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_needs_a_replica_refuses_soon_and_not_at_once() {
    if !lacks(&Redis::PROGRAMS) {
        let settings = [
            ["min-replicas-to-write", "1"],
            ["min-replicas-max-lag", "1"],
        ];
        let row = is_failed_over(
            "`min-replicas-to-write 1`, `min-replicas-max-lag 1`",
            &settings,
        );
        let row = row.await;
        assert!(row.lost > 0 && row.failed > 0, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_s_slots_move_unnoticed() {
    if lacks(&Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let mut traffic = Traffic::start(open_within(PATIENT, cluster.url()).await).await;
    traffic.break_now();
    let moved = spawn_blocking(move || {
        cluster.move_slots(0, 1, 2_000).unwrap();
        cluster
    });
    let cluster = moved.await.unwrap();
    let row = traffic.end().await;
    tell("Redis Cluster", "2,000 slots moved to another node", &row);
    assert_eq!((row.failed, row.lost), (0, 0), "{row}");
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_s_replica_takes_over_under_traffic() {
    if lacks(&Redis::PROGRAMS) {
        return;
    }
    let mut cluster = RedisCluster::start().unwrap();
    let mut traffic = Traffic::start(open(cluster.url()).await).await;
    let size = |node: &usize| cluster.cli(*node, &["DBSIZE"]).unwrap().trim().to_owned();
    // With three nodes one has two sessions at least.
    let fullest = cluster.primaries().unwrap().into_iter();
    let fullest = fullest.max_by_key(size).unwrap();
    traffic.break_now();
    block_in_place(|| cluster.kill(fullest));
    let row = traffic.end().await;
    tell(
        "Redis Cluster",
        "a primary killed, its replica takes over",
        &row,
    );
    assert!(row.failed > 0, "{row}");
    assert_eq!(cluster.primaries().unwrap().len(), 3);
}
