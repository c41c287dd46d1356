//! About how many sessions there are, beside the keys of other programs.

use session_core::{Command, Outcome, Store as _};
use session_servers::{Redis, RedisCluster, skips};
use session_store::{RedisOptions, RedisStore};
use session_testkit::key_of;

use crate::a_number::{are_near, is_near};
use crate::counter::{HOUR, lasting, now};

#[tokio::test]
async fn the_estimates_of_a_server_are_near() {
    if skips("the_estimates_of_a_server_are_near", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    are_near(&store, key_of).await;
}

#[tokio::test]
async fn the_estimates_of_a_cluster_are_near() {
    if skips("the_estimates_of_a_cluster_are_near", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    are_near(&store, key_of).await;
}

#[tokio::test]
async fn keys_that_are_no_sessions_are_not_counted() {
    let name = "keys_that_are_no_sessions_are_not_counted";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let open = async |prefix: &str| {
        let options = RedisOptions::new(redis.url()).prefix(prefix);
        RedisStore::open_with(options).await.unwrap()
    };
    let (ours, theirs) = (open("ours").await, open("theirs").await);
    // Each has an owner, and so an index beside it.
    for (store, count) in [(&ours, 1_500_u32), (&theirs, 1_000)] {
        for number in 0..count {
            let key = &key_of(u64::from(number) + 1);
            let record = &lasting(number, Some(&format!("owner {number}")), HOUR);
            let insert = Command::Insert { key, record };
            assert_eq!(store.write(insert, now()).await.unwrap(), Outcome::Applied);
        }
    }
    // Of 5,000 names: a standard error of 5 and 6 %.
    is_near(&ours, 1_500, 20).await;
    is_near(&theirs, 1_000, 24).await;
    is_near(&open("nobody").await, 0, 0).await;
}
