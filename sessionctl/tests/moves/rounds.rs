use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Policy, Sessions, Store};
use session_store::Moving;

use super::Size;
use super::clients::{Clients, Nodes};
use super::draw::Draw;
use super::ledger::Ledger;
use super::place::{Kind, Place, Sweeps};
use super::tool::Tool;

fn node(store: impl Store) -> Sessions {
    Sessions::new(Policy::default(), store)
}

/// Moves everything, and checks the ledgers.
pub async fn play(kinds: [Kind; 2], size: Size) {
    let [old, new] = kinds.map(Place::start);
    let stores = [old.open(Sweeps::Alone).await, new.open(Sweeps::Alone).await];
    let ledgers = Clients::begin(
        &Sessions::shared(Policy::default(), Arc::clone(&stores[0])),
        size.sessions,
    )
    .await;

    // One node is still in the first step while the command begins.
    let [from, to] = [&stores[0], &stores[1]].map(Arc::clone);
    let preparing = Moving::preparing(from, to).unwrap();
    let moving =
        async || Moving::new(old.open(Sweeps::Alone).await, new.open(Sweeps::Alone).await).unwrap();
    let nodes = Arc::new(Nodes::new([node(preparing), node(moving().await)]));
    let clients = Clients::start(&nodes, ledgers);
    clients.ask(size.longest).await;
    let alone = clients.times();

    let words = ["move", "--from", &old.url, "--to", &new.url];
    let begun = Instant::now();
    let mut draw = Draw::of(0);
    let mut kills = 0;
    for round in 0..size.kills {
        if round == size.kills / 2 {
            nodes.deploy(0, node(moving().await));
        }
        kills += usize::from(is_killed(&words, &clients, draw.below(size.longest)).await);
        assert!(!clients.is_broken(), "round {round}");
    }
    // To the end, and two at once.
    let both = [(), ()].map(|()| spawn_tool(&words));
    let mut moved = 0;
    for mover in both {
        moved += mover.await.unwrap();
    }
    let took = begun.elapsed();
    let beside = clients.times();
    let ledgers = clients.end().await;
    assert_eq!(
        spawn_tool(&words).await.unwrap(),
        0,
        "a pass has met sessions"
    );

    let sessions = Sessions::shared(Policy::default(), new.open(Sweeps::Alone).await);
    let [mut lost, mut revived] = [0, 0];
    let comparisons = ledgers.into_iter().map(|ledger| {
        let sessions = sessions.clone();
        tokio::spawn(async move { (ledger.compare(&sessions).await, ledger) })
    });
    let mut ledgers = Vec::new();
    for comparison in comparisons.collect::<Vec<_>>() {
        let ([less, more], ledger) = comparison.await.unwrap();
        lost += less;
        revived += more;
        ledgers.push(ledger);
    }
    let count = |count: fn(&Ledger) -> usize| ledgers.iter().map(count).sum::<usize>();
    let [live, ended] = [
        count(|ledger| ledger.live.len()),
        count(|ledger| ledger.ended.len()),
    ];
    println!(
        "| {} | {} | {} | {} s | {kills} | {} | {} → {} ms | {live} + {ended} | {lost} | {revived} |",
        kinds[0].name(),
        kinds[1].name(),
        size.sessions,
        took.as_secs(),
        alone.len() + beside.len(),
        p99(&alone),
        p99(&beside),
    );
    assert_eq!([lost, revived], [0, 0], "lost and revived");
    assert_eq!(live_at(&new).await, live, "sessions that nobody has begun");
    assert_eq!(live_at(&old).await, 0, "left in the old store");
    assert!(
        kills > 0,
        "it was over before each kill; the last ones moved {moved}"
    );
    for store in stores {
        store.close().await;
    }
}

/// Starts the command, and kills it after as many requests of the clients; says whether it was still at work.
async fn is_killed(words: &[&str], clients: &Clients, requests: u64) -> bool {
    let mut tool: Child = Command::new(env!("CARGO_BIN_EXE_sessionctl"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    clients.ask(requests).await;
    let is_at_work = tool.try_wait().unwrap().is_none();
    tool.kill().unwrap();
    tool.wait().unwrap();
    is_at_work
}

/// Runs the command to its end, and returns how many sessions it has moved.
fn spawn_tool(words: &[&str]) -> tokio::task::JoinHandle<u64> {
    let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let moved = Tool::of("").with(&["--timeout", "60"]).object(&words);
        assert_eq!(moved["kept"], 0, "{moved}");
        moved["moved"].as_u64().unwrap()
    })
}

/// Counts the live sessions of a store.
async fn live_at(place: &Place) -> usize {
    let tool = Tool::of(&place.url);
    let stats = tokio::task::spawn_blocking(move || tool.object(&["stats"]))
        .await
        .unwrap();
    usize::try_from(stats["live"].as_u64().unwrap()).unwrap()
}

fn p99(times: &[Duration]) -> u128 {
    times
        .get(times.len() * 99 / 100)
        .map_or(0, Duration::as_millis)
}
