use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::Store;
use session_store::Moving;
use tokio::task::spawn_blocking;

use super::Size;
use super::filling::{ADA, Filled, ROBOT, fill};
use super::place::{Kind, Place, Sweeps};
use super::report::{Beside, Report};
use super::run::{Run, run};
use super::traffic::Traffic;

/// Runs each command beside the traffic, and checks what it says.
pub async fn play(kind: Kind, size: Size, report: &mut Report) {
    let place = Place::start(kind);
    let store = place.open(Sweeps::ByCommand).await;
    let begun = Instant::now();
    let filled = fill(&place, &store, size.rows).await;
    Report::begin(kind.name(), filled.all, begun.elapsed());
    let clients = Traffic::log_in(&store).await;
    let visitors = clients.iter().map(Vec::len).sum::<usize>();
    let traffic = Traffic::start(&store, clients);
    let mut scene = Scene {
        name: kind.name(),
        place: &place,
        traffic,
        size,
        report,
    };
    scene.commands(filled, visitors).await;
    let Scene { traffic, .. } = scene;
    let clients = traffic.end().await;
    moves(&place, (store, clients), size, report).await;
}

struct Scene<'a> {
    name: &'static str,
    place: &'a Place,
    traffic: Traffic,
    size: Size,
    report: &'a mut Report,
}

impl Scene<'_> {
    async fn commands(&mut self, filled: Filled, visitors: usize) {
        let is_redis = self.place.kind == Kind::Single;
        let over = if is_redis { 0 } else { filled.over };
        let live = filled.all - filled.over + visitors;
        self.again(&["migrate", "--check"], "ok").await;
        self.again(&["check"], "ok").await;
        let stats = self
            .once(&["stats"], |run| format!("{} live", run.number("live")))
            .await;
        assert_eq!([stats.number("live"), stats.number("over")], [live, over]);
        let listed = |run: &Run| format!("{} listed", run.said.len());
        self.again(&["list", "--owner", ADA], "").await;
        let robots = self.once(&["list", "--owner", ROBOT], listed).await;
        assert_eq!(robots.said.len(), filled.robots);
        let old = ["revoke", "--older-than", "90days"];
        let would = |run: &Run| format!("{} would end", run.number("would_end"));
        let dry = self.once(&[&old[..], &["--dry-run"]].concat(), would).await;
        assert_eq!(dry.number("would_end"), filled.unused);
        let ended = |run: &Run| format!("{} ended", run.number("ended"));
        let robots = self
            .once(&["revoke", "--owner", ROBOT, "--yes"], ended)
            .await;
        assert_eq!(robots.number("ended"), filled.robots);
        let ends = self.once(&[&old[..], &["--yes"]].concat(), ended).await;
        assert_eq!(ends.number("ended"), filled.unused);
        let removed = |run: &Run| format!("{} removed", run.number("removed"));
        let swept = self.once(&["sweep"], removed).await;
        assert_eq!(swept.number("removed"), over);
    }

    /// Measures one run.
    async fn once(&mut self, words: &[&str], what: impl Fn(&Run) -> String) -> Run {
        self.alone_and_beside(words, Duration::ZERO, what)
            .await
            .remove(0)
    }

    /// Measures a command that takes no time by itself, again and again.
    async fn again(&mut self, words: &[&str], what: &str) {
        let while_ = if self.size.is_measured {
            AGAIN
        } else {
            Duration::ZERO
        };
        self.alone_and_beside(words, while_, |_| what.to_owned())
            .await;
    }

    async fn alone_and_beside(
        &mut self,
        words: &[&str],
        while_: Duration,
        what: impl Fn(&Run) -> String,
    ) -> Vec<Run> {
        let call = [&["--store", &self.place.url][..], words].concat();
        let (runs, times) = measure(&self.traffic, &call, (while_, NEVER), self.size).await;
        let what = (&*words.join(" "), what(&runs[0]));
        self.report.add(self.name, what, &runs, &times, self.size);
        runs
    }
}

/// Moves everything to another store, or as much as goes in the time.
async fn moves(
    old: &Place,
    (store, clients): (Arc<dyn Store>, Vec<Vec<String>>),
    size: Size,
    report: &mut Report,
) {
    let to = match old.kind {
        Kind::Sqlite => Kind::Postgresql,
        _ => Kind::Sqlite,
    };
    let new = Place::start(to);
    let moving: Arc<dyn Store> =
        Arc::new(Moving::new(store, new.open(Sweeps::ByCommand).await).unwrap());
    let traffic = Traffic::start(&moving, clients);
    // What the clients have moves by itself before anything is measured.
    traffic.times_of(size.window * SETTLE).await;
    let gently = ["move", "--from", &old.url, "--to", &new.url];
    let hurried = [&gently[..], &["--hurry"]].concat();
    let ways = [(&gently[..], ""), (&hurried, " --hurry")];
    // To try it, one is enough.
    for (words, flag) in &ways[usize::from(!size.is_measured)..] {
        let longest = Duration::from_secs(size.longest_move);
        let (runs, times) = measure(&traffic, words, (Duration::ZERO, longest), size).await;
        let run = &runs[0];
        let text = if run.said.is_empty() {
            format!("{} moved until it was stopped", run.count())
        } else {
            assert_eq!(run.number("kept"), 0);
            format!("{} moved", run.number("moved"))
        };
        let command = format!("move --to {}{flag}", to.name());
        let what = (&*command, text);
        report.add(old.kind.name(), what, &runs, &times, size);
    }
    traffic.end().await;
    moving.close().await;
}

/// Runs a command once, or again for a while, between times without it.
async fn measure(
    traffic: &Traffic,
    words: &[&str],
    (while_, longest): (Duration, Duration),
    size: Size,
) -> (Vec<Run>, Beside) {
    let quiet = size.window * if size.is_measured { WINDOWS } else { 1 };
    let mut alone = traffic.times_of(quiet).await;
    let begun = Instant::now();
    let mut runs = Vec::new();
    while runs.is_empty() || begun.elapsed() < while_ {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        let run = spawn_blocking(move || {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            run(&words, longest)
        });
        runs.push(run.await.unwrap());
    }
    let beside = traffic.times();
    alone.0.extend(traffic.times_of(quiet).await.0);
    // Progress is drawn at least as soon as it has something to show.
    for run in &runs {
        let is_long = run.took > Duration::from_secs(2);
        assert!(
            !is_long || run.drawn.is_none_or(|drawn| drawn > 1),
            "{words:?} is silent"
        );
    }
    (runs, Beside { alone, beside })
}

/// How long a short command is repeated.
const AGAIN: Duration = Duration::from_secs(4);
/// Windows before, and as many after.
const WINDOWS: usize = 3;
const NEVER: Duration = Duration::MAX;
/// At full size that is five rounds of all, each of which writes a fifth.
const SETTLE: usize = 4;
