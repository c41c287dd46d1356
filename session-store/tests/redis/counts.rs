//! What a request costs, as the server counts it.

use session_core::{Revoke, Session, SessionError};
use session_servers::{Redis, RedisCluster, skips};
use session_store::{RedisOptions, RedisStore};

use crate::visitor::Visitor;

/// Returns how many commands clients have sent for sessions since the last time.
fn commands(cli: impl Fn(&[&str]) -> Vec<String>) -> u32 {
    let mut sum = 0;
    for statistics in cli(&["INFO", "commandstats"]) {
        for line in statistics.lines() {
            let Some((name, rest)) = line.split_once(":calls=") else {
                continue;
            };
            // What scripts call is counted there too, under its own names.
            let is_ours = [
                "cmdstat_eval",
                "cmdstat_evalsha",
                "cmdstat_exists",
                "cmdstat_unlink",
            ];
            if is_ours.contains(&name) {
                sum += rest.split(',').next().unwrap().parse::<u32>().unwrap();
            }
        }
    }
    cli(&["CONFIG", "RESETSTAT"]);
    sum
}

/// Makes each kind of request and returns its name and cost.
async fn requests(store: RedisStore, count: &dyn Fn() -> u32) -> Vec<(&'static str, u32)> {
    let mut costs = Vec::new();
    let mut note = |name| costs.push((name, count()));
    let mut visitor = Visitor::new(store);
    // Servers have to hear each script once.
    for _ in 0..60 {
        visitor.id.clear();
        visitor.count().await.unwrap();
        visitor.count().await.unwrap();
        visitor
            .visit(|session| session.sign_in("ada"))
            .await
            .unwrap();
        visitor.visit(Session::cycle).await.unwrap();
        visitor.log_out().await.unwrap();
    }
    visitor.sessions().devices("ada").await.unwrap();
    visitor.sessions().revoke("ada", Revoke::All).await.unwrap();
    count();

    visitor.id.clear();
    visitor.count().await.unwrap();
    note("create");
    visitor.pass_by().await.unwrap();
    note("untouched");
    visitor.counted().await.unwrap();
    note("read");
    visitor.count().await.unwrap();
    note("write");
    visitor
        .visit(|session| session.sign_in("ada"))
        .await
        .unwrap();
    note("sign in");
    visitor.count().await.unwrap();
    note("write signed in");
    visitor.visit(Session::cycle).await.unwrap();
    note("new id");
    visitor.sessions().devices("ada").await.unwrap();
    note("devices");
    visitor.log_out().await.unwrap();
    note("log out");
    visitor.id.clear();
    visitor
        .visit(|session| session.sign_in("ada"))
        .await
        .unwrap();
    note("create signed in");
    visitor.sessions().revoke("ada", Revoke::All).await.unwrap();
    note("revoke");
    let counted = visitor.counted().await;
    assert!(matches!(counted, Ok(None) | Err(SessionError::Gone)));
    note("read nothing");
    costs
}

#[tokio::test]
async fn one_server_gets_one_command_for_each_step() {
    if skips(
        "one_server_gets_one_command_for_each_step",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let cli = |words: &[&str]| vec![redis.cli(words).unwrap()];
    let costs = requests(store, &|| commands(cli)).await;
    let expected = [
        ("create", 1),
        ("untouched", 0),
        ("read", 1),
        ("write", 2),
        ("sign in", 2),
        ("write signed in", 2),
        ("new id", 2),
        ("devices", 1),
        ("log out", 1),
        ("create signed in", 1),
        ("revoke", 1),
        ("read nothing", 1),
    ];
    assert_eq!(costs, expected);
}

#[tokio::test]
async fn a_cluster_gets_more_only_where_an_owner_or_a_new_id_is() {
    if skips(
        "a_cluster_gets_more_only_where_an_owner_or_a_new_id_is",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let options = RedisOptions::new(cluster.url());
    let store = RedisStore::open_with(options).await.unwrap();
    let primaries = cluster.primaries().unwrap();
    let cli = |words: &[&str]| {
        let printed = primaries.iter().map(|node| cluster.cli(*node, words));
        printed.map(Result::unwrap).collect()
    };
    let costs = requests(store, &|| commands(cli)).await;
    let expected = [
        ("create", 1),
        ("untouched", 0),
        ("read", 1),
        ("write", 2),
        // A read; prepare, list, commit, confirm, settle; nobody's session was in no list.
        ("sign in", 6),
        ("write signed in", 2),
        // The same, and it leaves the list under its old id.
        ("new id", 7),
        // The list, its one session, and the list again.
        ("devices", 3),
        // It leaves the list.
        ("log out", 2),
        ("create signed in", 2),
        ("revoke", 4),
        ("read nothing", 1),
    ];
    assert_eq!(costs, expected);
}
