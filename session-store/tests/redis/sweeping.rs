//! Sweeps by a clock that is ahead of the server's.

use std::time::Duration;

use session_core::{Command, Store};
use session_servers::{Redis, skips};
use session_store::RedisStore;
use session_testkit::{digest_of, key_of};

use crate::counter::{HOUR, lasting, now};

const LIVE: u64 = 3_000;
const OVER: u64 = 100;

#[tokio::test]
async fn the_batches_of_a_sweep_look_at_each_session_once_or_twice() {
    let name = "the_batches_of_a_sweep_look_at_each_session_once_or_twice";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let insert = async |number: u64, life: Duration| {
        let (key, record) = (&key_of(number), &lasting(1, None, life));
        let insert = Command::Insert { key, record };
        store.write(insert, now()).await.unwrap();
    };
    for number in 0..LIVE {
        insert(number, HOUR * 10).await;
    }
    let later = now() + HOUR * 2;
    for limit in [7, 1, usize::MAX] {
        for number in LIVE..LIVE + OVER {
            insert(number, HOUR).await;
        }
        redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();
        let mut swept = 0;
        loop {
            let batch = store.sweep(later, limit).await.unwrap();
            assert!(batch <= limit);
            swept += batch;
            if batch < limit {
                break;
            }
        }
        assert_eq!(swept, usize::try_from(OVER).unwrap(), "{limit}");
        let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
        let calls = |name: &str| {
            let mut lines = statistics.lines();
            let rest = lines.find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
            let count = rest.unwrap().split(',').next().unwrap();
            count.parse::<u64>().unwrap()
        };
        let looks = calls("evalsha");
        assert!(looks <= 2 * (LIVE + OVER), "{limit}: {looks}");
        assert!(calls("scan") <= 100, "{limit}: {}", calls("scan"));
    }
    let found = store.load(&key_of(0), &digest_of(0), now()).await;
    assert!(found.unwrap().is_some());
    // By clocks that agree there is nothing to do.
    redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();
    assert_eq!(store.sweep(now(), 7).await.unwrap(), 0);
    let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
    assert!(!statistics.contains("cmdstat_scan"));
}
