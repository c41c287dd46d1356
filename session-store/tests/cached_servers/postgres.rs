use std::sync::{Arc, LazyLock};
use std::time::Duration;

use session_servers::{Postgres, at_last, skips, soon};
use session_store::{CachedOptions, CachedStore, Notifies, Notify, PostgresOptions, PostgresStore};

use crate::nodes::Nodes;
use crate::proxy::{Proxy, Way};

/// The server of all tests that leave it running.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start().unwrap());

pub(crate) fn fresh() -> PostgresOptions {
    PostgresOptions::new(SERVER.url(&SERVER.database().unwrap()))
}

async fn open(options: PostgresOptions) -> Arc<dyn Notifies> {
    let options = options.timeout(Duration::from_secs(2));
    let store = at_last(async || PostgresStore::open_with(options.clone()).await);
    Arc::new(store.await)
}

async fn nodes(options: [PostgresOptions; 3]) -> Nodes {
    let [writer, listener, deaf] = options;
    Nodes::new([open(writer).await, open(listener).await, open(deaf).await]).await
}

fn is_missing(test: &str) -> bool {
    skips(test, &Postgres::PROGRAMS)
}

#[tokio::test]
async fn postgres_notifies_of_every_write_if_set_to() {
    if is_missing("postgres_notifies_of_every_write_if_set_to") {
        return;
    }
    let options = fresh().notify(Notify::Changes);
    // Names that a statement uses itself, that need quotes, and of the maximum length.
    for name in ["session", "changed", "Mixed_Case", &"x".repeat(55)] {
        let options = [(); 3].map(|()| options.clone().table(name));
        nodes(options).await.see_everything_at_once().await;
    }
}

#[tokio::test]
async fn postgres_notifies_of_ends_alone_if_set_to() {
    if is_missing("postgres_notifies_of_ends_alone_if_set_to") {
        return;
    }
    let options = fresh().notify(Notify::Ends);
    let mut nodes = nodes([(); 3].map(|()| options.clone())).await;
    nodes.see_ends_at_once().await;
    nodes.sign_in().await;
    nodes
        .request(|session| session.insert("n", 1))
        .await
        .unwrap();
    nodes.catch_up().await;
    assert_eq!(nodes.value(&nodes.listener).await, None);
    assert_eq!(nodes.value(&nodes.writer).await, Some(1));
}

#[tokio::test]
async fn postgres_notifies_again_after_an_outage() {
    if is_missing("postgres_notifies_again_after_an_outage") {
        return;
    }
    let mut server = Postgres::start().unwrap();
    let options = PostgresOptions::new(server.url("postgres")).notify(Notify::Changes);
    let mut nodes = nodes([(); 3].map(|()| options.clone())).await;
    nodes.sign_in().await;
    server.kill();
    nodes.listens(false).await;
    server.restart().unwrap();
    nodes.listens(true).await;
    nodes.all_serve().await;
    nodes.see_everything_at_once().await;

    server.freeze().unwrap();
    nodes.listens(false).await;
    server.thaw().unwrap();
    nodes.listens(true).await;
    nodes.all_serve().await;
    nodes.see_everything_at_once().await;
}

#[tokio::test]
async fn a_node_that_missed_notices_is_right_once_it_listens_again() {
    if is_missing("a_node_that_missed_notices_is_right_once_it_listens_again") {
        return;
    }
    let proxy = Proxy::to(SERVER.port()).await;
    let url = SERVER.url(&SERVER.database().unwrap());
    let through = url.replace(&SERVER.port().to_string(), &proxy.port().to_string());
    let options = [&url, &through, &url];
    let options = options.map(|url| PostgresOptions::new(url).notify(Notify::Ends));
    let mut nodes = nodes(options).await;
    for way in [Way::Closed, Way::Stuck] {
        nodes.sign_in().await;
        nodes.catch_up().await;
        proxy.set(way);
        nodes.log_out().await.unwrap();
        // The node has missed the notice, and serves its cache until it notices that.
        assert!(nodes.knows_her(&nodes.listener).await);
        nodes.listens(false).await;
        assert!(nodes.knows_her(&nodes.listener).await);
        if way == Way::Stuck {
            proxy.set(Way::Closed);
        }
        proxy.set(Way::Open);
        nodes.listens(true).await;
        nodes.she_is_gone_soon().await;
    }
    nodes.see_ends_at_once().await;
}

#[tokio::test]
async fn a_listener_that_postgres_throws_out_comes_back() {
    if is_missing("a_listener_that_postgres_throws_out_comes_back") {
        return;
    }
    let database = SERVER.database().unwrap();
    let options = PostgresOptions::new(SERVER.url(&database)).notify(Notify::Ends);
    let mut nodes = nodes([(); 3].map(|()| options.clone())).await;
    for _ in 0..3 {
        nodes.sign_in().await;
        let throw_out = format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        );
        SERVER.run("postgres", &throw_out).unwrap();
        nodes.log_out().await.unwrap();
        nodes.she_is_gone_soon().await;
    }
}

#[tokio::test]
async fn a_dropped_cache_listens_no_more() {
    if is_missing("a_dropped_cache_listens_no_more") {
        return;
    }
    let database = SERVER.database().unwrap();
    let listeners = || {
        let count = format!(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = '{database}' AND query LIKE 'LISTEN%'"
        );
        SERVER.run("postgres", &count).unwrap().trim().to_owned()
    };
    let store = open(PostgresOptions::new(SERVER.url(&database))).await;
    let cached = CachedStore::listening(store, &CachedOptions::new())
        .await
        .unwrap();
    assert_eq!(listeners(), "1");
    let clone = cached.clone();
    drop(cached);
    assert!(clone.is_listening());
    drop(clone);
    soon("no connection listens", async || listeners() == "0").await;
}
