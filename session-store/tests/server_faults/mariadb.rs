//! MariaDB alone, and a Galera cluster behind `HAProxy`.

use session_core::{Policy, Session, SessionError, Sessions};
use session_servers::{Balance, Galera, Haproxy, Mariadb};
use session_store::{MysqlOptions, MysqlStore};
use tokio::task::block_in_place;

use super::browser::Browser;
use super::traffic::Traffic;
use super::{is_full, lacks, limit, tell};

async fn open(url: String) -> MysqlStore {
    let options = MysqlOptions::new(url).timeout(limit());
    MysqlStore::open_with(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_mariadb_loses_nothing() {
    if lacks(&Mariadb::PROGRAMS) {
        return;
    }
    let mut server = Mariadb::start().unwrap();
    let mut traffic = Traffic::start(open(server.url("test")).await).await;
    traffic.break_now();
    block_in_place(|| server.kill());
    traffic.failed().await;
    block_in_place(|| server.restart().unwrap());
    let row = traffic.end().await;
    tell("MariaDB 10.11", "killed, and started again", &row);
    assert_eq!(row.lost, 0);
}

/// Counts in one session on both servers at once: whoever loses a race is told, and counts again.
async fn counts_are_exact(galera: &Galera) {
    let mut nodes = Vec::new();
    for node in galera.nodes() {
        let store = open(node.url("test")).await;
        nodes.push(Sessions::new(Policy::default(), store));
    }
    let first = Browser::new(&nodes[0], "");
    first.send(count).await.unwrap();
    let requests = (0..20).map(|number| {
        let browser = Browser::new(&nodes[number % 2], &first.cookie());
        tokio::spawn(async move { browser.send(count).await.unwrap() })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    assert_eq!(first.send(count).await.unwrap(), 22);
}

fn count(session: &Session) -> Result<u64, SessionError> {
    session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)
}

/// Kills one of two servers, to which `HAProxy` passes connections, and starts it again.
async fn loses_a_node(what: &str, balance: Balance) {
    let mut galera = Galera::start().unwrap();
    for node in galera.nodes() {
        // What was written on one server is there when the other one is asked.
        node.run("mysql", "SET GLOBAL wsrep_sync_wait = 1").unwrap();
    }
    counts_are_exact(&galera).await;
    let ports = [0, 1].map(|index: usize| galera.nodes()[index].port());
    let haproxy = Haproxy::start(ports, balance).unwrap();
    let [direct, proxied] = [ports[0], haproxy.port()].map(|port| format!(":{port}/"));
    let url = galera.nodes()[0].url("test").replace(&direct, &proxied);
    let mut traffic = Traffic::start(open(url).await).await;
    traffic.break_now();
    block_in_place(|| galera.nodes_mut()[0].kill());
    let row = traffic.end().await;
    let server = format!("Galera, two nodes and an arbitrator, HAProxy to {what}");
    tell(&server, "a node killed", &row);
    assert_eq!(row.lost, 0, "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_galera_cluster_that_loses_its_only_writer_loses_nothing() {
    // It takes as long as the next one, and is the easier of the two.
    if is_full() && !lacks(&Galera::PROGRAMS) && !lacks(&Haproxy::PROGRAMS) {
        loses_a_node("the first", Balance::First).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_galera_cluster_that_is_written_everywhere_loses_nothing_with_a_node() {
    if !lacks(&Galera::PROGRAMS) && !lacks(&Haproxy::PROGRAMS) {
        loses_a_node("each in turn", Balance::Each).await;
    }
}
