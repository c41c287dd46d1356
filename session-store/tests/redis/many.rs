//! An owner with very many sessions: no command of a list or a revocation keeps the server busy.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use session_core::{Command, Device, Key, Only, Outcome, PublicId, Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, skips};
use session_store::{RedisOptions, RedisStore};
use session_testkit::{changed, digest_of, key_of};

use crate::counter::{Counter, HOUR, draw, lasting, now};

const MANY: u32 = 20_000;

/// The longest time that a server may work on one command.
const LONGEST: Duration = Duration::from_millis(5);

/// Begins sessions of Ada's, the first one first, with data that no list may read.
async fn begin(store: &RedisStore, number: u32) {
    let data: session_core::Values = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000)).into();
    let begun = now();
    let numbers: Vec<u32> = (0..number).collect();
    for numbers in numbers.chunks(200) {
        let inserts = numbers.iter().map(async |number| {
            let key = &key_of(u64::from(*number));
            let record = &changed!(
                lasting(*number, Some("ada"), HOUR),
                created = begun + Duration::from_micros((*number).into()),
                data = data.clone()
            );
            let inserted = store.write(Command::Insert { key, record }, begun).await;
            assert_eq!(inserted.unwrap(), Outcome::Applied);
        });
        join_all(inserts).await;
    }
}

/// Reads a whole list, page by page.
async fn pages(store: &RedisStore, limit: usize) -> Vec<Device> {
    let mut all: Vec<Device> = Vec::new();
    loop {
        let from: Option<PublicId> = all.pop().map(|last| last.public_id);
        let page = store.devices("ada", from.as_ref(), now(), limit).await;
        let page = page.unwrap();
        let is_last = page.len() < limit;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sessions_of_an_owner_keep_nobody_waiting() {
    let name = "many_sessions_of_an_owner_keep_nobody_waiting";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    begin(&store, MANY).await;
    let longest = LONGEST.as_micros().to_string();
    redis
        .cli(&["CONFIG", "SET", "slowlog-log-slower-than", &longest])
        .unwrap();
    redis.cli(&["SLOWLOG", "RESET"]).unwrap();
    redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();

    let page = store.devices("ada", None, now(), 100).await.unwrap();
    let numbers = (0..MANY).rev().map(|it| key_of(it.into()).public_id());
    let expected: Vec<_> = numbers.collect();
    let listed =
        |page: &[Device]| -> Vec<PublicId> { page.iter().map(|device| device.public_id).collect() };
    assert_eq!(listed(&page), expected[..100]);
    // The index, and the beginnings of a hundred records.
    let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
    assert!(
        statistics.contains("cmdstat_getrange:calls=100,"),
        "{statistics}"
    );
    assert!(!statistics.contains("cmdstat_get:"), "{statistics}");
    assert_eq!(listed(&pages(&store, 1_000).await), expected);

    // Meanwhile another node's requests are answered.
    let other = RedisStore::open(redis.url()).await.unwrap();
    let session = Counter::begin(&other, MANY.into(), None).await;
    let revoking = tokio::spawn({
        let store = store.clone();
        let kept = key_of(7).public_id();
        async move {
            store
                .revoke(Whose::Owner("ada", Revoke::AllBut(&kept)), now())
                .await
        }
    });
    let mut slowest = Duration::ZERO;
    while !revoking.is_finished() {
        let begun = Instant::now();
        session.load().await.unwrap();
        slowest = slowest.max(begun.elapsed());
    }
    assert_eq!(revoking.await.unwrap().unwrap(), MANY as usize - 1);
    assert!(slowest < LONGEST * 20, "{slowest:?}");
    let left = store.devices("ada", None, now(), 100).await.unwrap();
    assert_eq!(listed(&left), [key_of(7).public_id()]);
    let kept = &key_of(7).public_id();
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::One(kept)), now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(redis.cli(&["DBSIZE"]).unwrap().trim(), "1");
    // A machine that is busy may interrupt the server now and then.
    let slow = redis.cli(&["SLOWLOG", "LEN"]).unwrap();
    let slow: u32 = slow.trim().parse().unwrap();
    let log = redis.cli(&["SLOWLOG", "GET", "3"]).unwrap();
    assert!(slow <= 2, "{slow}: {}", &log[..log.len().min(1_000)]);
}

#[tokio::test]
async fn a_revocation_on_a_cluster_ends_many_sessions_and_spares_one_that_begins_meanwhile() {
    let name = "a_revocation_on_a_cluster_ends_many_sessions_and_spares_one_that_begins_meanwhile";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    begin(&store, 2_000).await;
    let revoking = store.revoke(Whose::Owner("ada", Revoke::All), now());
    let signing_in = async {
        // The newest sessions go first.
        let (newest, digest) = (key_of(1_999), digest_of(0));
        while store.load(&newest, &digest, now()).await.unwrap().is_some() {}
        let session = Counter::begin(&store, 5_000, Some("ada")).await;
        // The oldest one is still there: the revocation goes on.
        let oldest = store.load(&key_of(0), &digest, now()).await;
        (session, oldest.unwrap().is_some())
    };
    let (revoked, (session, was_running)) = tokio::join!(revoking, signing_in);
    assert_eq!(revoked.unwrap(), 2_000);
    assert!(was_running);
    assert_eq!(session.counted().await.unwrap(), Some(0));
    let devices = store.devices("ada", None, now(), 10).await.unwrap();
    assert_eq!(devices.len(), 1);
}

#[tokio::test]
async fn a_page_goes_on_although_the_session_that_it_follows_has_ended() {
    let name = "a_page_goes_on_although_the_session_that_it_follows_has_ended";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    // Of one moment, so that only the keys order them.
    let (begun, mut keys) = (now(), Vec::<Key>::new());
    for number in 0..350_u32 {
        let key = key_of(u64::from(number));
        let record = &changed!(lasting(number, Some("ada"), HOUR), created = begun);
        let insert = Command::Insert { key: &key, record };
        store.write(insert, begun).await.unwrap();
        keys.push(key);
    }
    keys.sort_unstable_by(|one, other| other.cmp(one));
    // Records that are gone, whose listings are left: every second one of the first 300.
    for key in keys[..300].iter().step_by(2) {
        let name = format!("session:{{{}}}", key.public_id());
        redis.cli(&["DEL", &name]).unwrap();
    }
    let ending = async {
        for key in keys[..300].iter().skip(1).step_by(2) {
            let only = Only::Always;
            store
                .write(Command::Delete { key, only }, now())
                .await
                .unwrap();
        }
    };
    let listing = async {
        let mut lists = Vec::new();
        for _ in 0..20 {
            lists.push(store.devices("ada", None, now(), 1_000).await.unwrap());
        }
        lists
    };
    let (lists, ()) = tokio::join!(listing, ending);
    let last: Vec<_> = keys[300..].iter().map(Key::public_id).collect();
    for list in lists {
        let found: Vec<_> = list.iter().map(|device| device.public_id).collect();
        assert!(found.ends_with(&last), "{} found", found.len());
        assert!(
            found.is_sorted_by(|one, other| one > other),
            "twice, or in disorder"
        );
    }
    // A page begins with a session, and with no other one if that has ended.
    let page = store
        .devices("ada", Some(&last[3]), now(), 2)
        .await
        .unwrap();
    assert_eq!(page[0].public_id, last[3]);
    assert_eq!(page[1].public_id, last[4]);
    for gone in [&keys[0].public_id(), &key_of(9_999).public_id()] {
        let page = store.devices("ada", Some(gone), now(), 2).await.unwrap();
        assert_eq!(page, []);
    }
    // A replacement may move the moment of creation.
    let moved = keys[349];
    let old = store.load(&moved, &digest_of(0), now()).await.unwrap();
    let old = old.unwrap();
    let label: std::sync::Arc<str> = "a long name ".repeat(500).into();
    let record = &changed!(
        old.clone(),
        revision = draw(),
        created = begun + Duration::from_secs(1),
        label = Some(label.clone())
    );
    let replace = Command::Replace {
        key: &moved,
        expected: old.revision,
        record,
    };
    assert_eq!(store.write(replace, now()).await.unwrap(), Outcome::Applied);
    let page = store.devices("ada", None, now(), 1).await.unwrap();
    assert_eq!(page[0].public_id, moved.public_id());
    // Longer than what a list reads at first.
    assert_eq!(page[0].label, Some(label));
}

#[tokio::test]
async fn a_revocation_waits_for_one_answer_of_a_server_that_gives_none() {
    let name = "a_revocation_waits_for_one_answer_of_a_server_that_gives_none";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let limit = Duration::from_secs(2);
    let redis = Redis::start().unwrap();
    let options = RedisOptions::new(redis.url()).timeout(limit);
    let store = RedisStore::open_with(options).await.unwrap();
    let session = Counter::begin(&store, 1, Some("ada")).await;
    let kept = session.key.public_id();
    redis.freeze().unwrap();
    for which in [Revoke::All, Revoke::AllBut(&kept), Revoke::One(&kept)] {
        let begun = Instant::now();
        let revoked = store.revoke(Whose::Owner("ada", which), now()).await;
        let message = revoked.unwrap_err().to_string();
        assert!(message.contains("in time"), "{message}");
        let took = begun.elapsed();
        assert!(took < limit * 2, "{took:?}");
    }
    redis.thaw().unwrap();
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        1
    );
}
