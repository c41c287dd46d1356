//! Servers that die, freeze, lose their data or swap their roles.

use std::time::{Duration, Instant};

use session_core::{Revoke, Store, StoreError, Whose};
use session_servers::{Redis, RedisCluster, RedisSentinel, RedisSettings, at_last, skips};
use session_store::{RedisOptions, RedisStore};
use session_testkit::changed;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::counter::{Counter, HOUR, lasting, now};

const TIMEOUT: Duration = Duration::from_secs(2);

/// A margin for a busy machine.
const SLACK: Duration = Duration::from_secs(2);

async fn open(url: String) -> RedisStore {
    let options = RedisOptions::new(url).timeout(TIMEOUT);
    RedisStore::open_with(options).await.unwrap()
}

/// Begins sessions, each with a count of one.
async fn sessions(store: &RedisStore, number: u64) -> Vec<Counter> {
    let mut sessions = Vec::new();
    for number in 0..number {
        let session = Counter::begin(store, number, None).await;
        session.count().await.unwrap();
        sessions.push(session);
    }
    sessions
}

/// Waits until the store answers again.
async fn wait_until_it_serves(store: &RedisStore) {
    at_last(|| store.check()).await;
}

/// Counts until one count is acknowledged, and returns the number of failures.
async fn count_at_last(session: &Counter) -> u32 {
    let mut calls = 0;
    let count = || {
        calls += 1;
        session.count()
    };
    at_last(count).await;
    calls - 1
}

#[tokio::test]
async fn forgotten_scripts_go_unnoticed() {
    if skips("forgotten_scripts_go_unnoticed", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = open(redis.url()).await;
    for number in 0..10 {
        redis.cli(&["SCRIPT", "FLUSH"]).unwrap();
        let session = Counter::begin(&store, number, Some("ada")).await;
        redis.cli(&["SCRIPT", "FLUSH"]).unwrap();
        assert_eq!(session.count().await.unwrap(), Some(1));
    }
    assert_eq!(
        store
            .devices("ada", None, now(), 1_000)
            .await
            .unwrap()
            .len(),
        10
    );
}

#[tokio::test]
async fn a_killed_server_loses_nothing_that_was_acknowledged() {
    if skips(
        "a_killed_server_loses_nothing_that_was_acknowledged",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let mut redis = Redis::start_with(RedisSettings::default().durable()).unwrap();
    let store = open(redis.url()).await;
    let (progress, mut seen) = watch::channel(Progress::default());
    let mut work = JoinSet::new();
    for session in sessions(&store, 4).await {
        work.spawn(count_through_outages(session, progress.clone()));
    }
    for outage in 1..=2 {
        let counts = |seen: &Progress| seen.acknowledged >= 100 * outage;
        seen.wait_for(counts).await.unwrap();
        redis.kill();
        let failures = |seen: &Progress| seen.failed >= 10 * outage;
        seen.wait_for(failures).await.unwrap();
        redis.restart().unwrap();
    }
    progress.send_modify(|progress| progress.is_over = true);
    let mut failed = 0;
    while let Some(done) = work.join_next().await {
        failed += done.unwrap();
    }
    assert!(failed > 0, "no call failed");
}

/// The progress of all counters together.
#[derive(Debug, Default)]
struct Progress {
    acknowledged: u32,
    failed: u32,
    is_over: bool,
}

/// Counts until the outages are over, and returns the number of failures.
async fn count_through_outages(session: Counter, progress: watch::Sender<Progress>) -> u32 {
    let (mut acknowledged, mut failed) = (1, 0);
    while !progress.borrow().is_over {
        let begun = Instant::now();
        let counted = session.count().await;
        assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
        progress.send_modify(|progress| {
            if let Ok(counted) = counted {
                acknowledged += u32::from(counted.is_some());
                progress.acknowledged += 1;
            } else {
                failed += 1;
                progress.failed += 1;
            }
        });
        tokio::task::yield_now().await;
    }
    failed += count_at_last(&session).await;
    acknowledged += 1;
    let counted = session.counted().await.unwrap().unwrap();
    let possible = acknowledged..=acknowledged + failed;
    assert!(
        possible.contains(&counted),
        "{counted} is not in {possible:?}"
    );
    failed
}

#[tokio::test]
async fn a_frozen_server_costs_the_time_out_and_no_more() {
    if skips(
        "a_frozen_server_costs_the_time_out_and_no_more",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = open(redis.url()).await;
    let session = sessions(&store, 1).await.remove(0);
    redis.freeze().unwrap();
    // The first call waits for an answer, the second one for a connection.
    for _ in 0..2 {
        let begun = Instant::now();
        let error: StoreError = store.check().await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
        assert!(session.count().await.is_err());
        let each = begun.elapsed() / 2;
        assert!((TIMEOUT..TIMEOUT + SLACK).contains(&each), "{each:?}");
    }
    redis.thaw().unwrap();
    count_at_last(&session).await;
    assert!(session.counted().await.unwrap() >= Some(2));
}

#[tokio::test]
async fn sentinels_replace_a_dead_primary() {
    if skips("sentinels_replace_a_dead_primary", &Redis::PROGRAMS) {
        return;
    }
    let mut group = RedisSentinel::start().unwrap();
    let store = open(group.url()).await;
    let sessions = sessions(&store, 10).await;
    let first = group.primary().unwrap();
    group.wait_until_the_replica_catches_up().unwrap();
    group.kill(first);
    wait_until_it_serves(&store).await;
    assert_ne!(group.primary().unwrap(), first);
    for session in &sessions {
        session.count().await.unwrap();
        assert_eq!(session.counted().await.unwrap(), Some(2));
    }
    group.restart(first).unwrap();
    group.wait_until_it_is_whole().unwrap();
    // The other way round, with a primary that only seems to be dead.
    let second = group.primary().unwrap();
    group.freeze(second).unwrap();
    wait_until_it_serves(&store).await;
    assert_eq!(group.primary().unwrap(), first);
    for session in &sessions {
        count_at_last(session).await;
    }
    // From here on a busy machine's sentinels may take either for dead once more.
    group.thaw(second).unwrap();
    group.wait_until_it_is_whole().unwrap();
    for session in &sessions {
        count_at_last(session).await;
        assert!(session.counted().await.unwrap() >= Some(4));
    }
}

#[tokio::test]
async fn a_cluster_replaces_a_dead_node() {
    if skips("a_cluster_replaces_a_dead_node", &Redis::PROGRAMS) {
        return;
    }
    let mut cluster = RedisCluster::start().unwrap();
    let store = open(cluster.url()).await;
    let sessions = sessions(&store, 30).await;
    let primaries = cluster.primaries().unwrap();
    cluster.wait_until_replicas_catch_up().unwrap();
    cluster.kill(primaries[0]);
    wait_until_it_serves(&store).await;
    for session in &sessions {
        count_at_last(session).await;
        assert_eq!(session.counted().await.unwrap(), Some(2));
    }
    cluster.restart(primaries[0]).unwrap();
    cluster.wait_until_it_is_whole().unwrap();
    // A frozen node accepts connections without answering.
    let primaries = cluster.primaries().unwrap();
    cluster.freeze(primaries[0]).unwrap();
    let begun = Instant::now();
    for session in &sessions {
        count_at_last(session).await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
    cluster.thaw(primaries[0]).unwrap();
    cluster.wait_until_it_is_whole().unwrap();
    for session in &sessions {
        count_at_last(session).await;
        assert!(session.counted().await.unwrap() >= Some(4));
    }
}

#[tokio::test]
async fn slots_that_move_take_their_sessions_along() {
    if skips(
        "slots_that_move_take_their_sessions_along",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = open(cluster.url()).await;
    let sessions = sessions(&store, 20).await;
    let work = tokio::spawn(async move {
        for _ in 0..20 {
            for session in &sessions {
                session.count().await.unwrap();
            }
        }
        for session in &sessions {
            assert_eq!(session.counted().await.unwrap(), Some(21));
        }
    });
    let moving = tokio::task::spawn_blocking(move || {
        cluster.move_slots(0, 1, 2_000).unwrap();
        cluster
    });
    work.await.unwrap();
    drop(moving.await.unwrap());
}

/// The others' sessions notice nothing, not even right after a call for that node has failed.
#[tokio::test]
async fn a_node_that_hangs_delays_only_its_own_sessions() {
    let name = "a_node_that_hangs_delays_only_its_own_sessions";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start_without_failover().unwrap();
    let store = open(cluster.url()).await;
    let mut sessions = Vec::new();
    for number in 0..60 {
        sessions.push(Counter::begin(&store, number, Some("ada")).await);
    }
    for frozen in cluster.primaries().unwrap() {
        cluster.freeze(frozen).unwrap();
        let begun = Instant::now();
        let counts = sessions.iter().map(async |session| {
            let counted = session.count().await;
            (session, counted, begun.elapsed())
        });
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (session, counted, took) in futures_util::future::join_all(counts).await {
            assert!(took < TIMEOUT + SLACK, "{took:?}");
            if counted.is_ok() {
                assert!(took < TIMEOUT / 2, "{took:?}");
                good.push(session);
            } else {
                bad.push(session);
            }
        }
        assert!(good.len() > 20 && bad.len() > 5, "{} of 60", good.len());
        for _ in 0..2 {
            for session in &good {
                let begun = Instant::now();
                session.count().await.unwrap();
                let took = begun.elapsed();
                assert!(took < TIMEOUT / 5, "{took:?}");
            }
            assert!(bad[0].count().await.is_err());
        }
        cluster.thaw(frozen).unwrap();
        wait_until_it_serves(&store).await;
    }
}

#[tokio::test]
async fn a_revocation_ends_what_it_can_although_a_node_hangs() {
    let name = "a_revocation_ends_what_it_can_although_a_node_hangs";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start_without_failover().unwrap();
    let store = open(cluster.url()).await;
    let mut primaries = cluster.primaries().unwrap();
    // The others refuse, because the slot is not theirs.
    primaries.retain(|node| {
        let has = |index| cluster.cli(*node, &["EXISTS", index]).is_ok();
        !has("session:{@ada}") && !has("session:{#lent}")
    });
    let frozen = primaries[0];
    for (by_tag, causes) in [(false, 3), (true, 2)] {
        let mut sessions = Vec::new();
        for number in 0..300 {
            let record = changed!(
                lasting(1, Some("ada"), HOUR),
                tag = by_tag.then(|| "lent".into())
            );
            sessions.push(Counter::begin_as(&store, number, record).await);
        }
        // The session that is kept is on the node that hangs.
        let is_there = |session: &&Counter| {
            let name = format!("session:{{{}}}", session.key.public_id());
            cluster.cli(frozen, &["EXISTS", &name]).is_ok()
        };
        let kept = sessions.iter().find(is_there).unwrap().key.public_id();
        let whose = if by_tag {
            Whose::Tag("lent")
        } else {
            Whose::Owner("ada", Revoke::AllBut(&kept))
        };
        cluster.freeze(frozen).unwrap();
        let begun = Instant::now();
        let revoked = store.revoke(whose, now()).await;
        let message = revoked.unwrap_err().to_string();
        assert!(message.contains("in time"), "{message}");
        // The node costs the time-out for each of these: the session that is kept, a batch of them, and the
        // question whether it evicts.
        let took = begun.elapsed();
        assert!(took < TIMEOUT * causes + SLACK, "{took:?}");
        cluster.thaw(frozen).unwrap();
        wait_until_it_serves(&store).await;
        let mut left = 0;
        for session in &sessions {
            left += usize::from(session.counted().await.unwrap().is_some());
        }
        assert!(left < 150, "{left} of 300 for {whose:?}");
        // Again, now that it answers.
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap();
        for session in &sessions {
            assert_eq!(session.counted().await.unwrap(), None);
        }
    }
}
