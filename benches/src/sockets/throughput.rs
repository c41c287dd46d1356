//! Requests per second and latencies, in rounds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use session_costs::{Family, Role, Scenario, Spread};
use session_servers::Redis;

use crate::peers;
use crate::sockets::LOAD;
use crate::sockets::commands::{REQUESTS, RedisTime, redis_time, sent_to_redis};
use crate::sockets::databases::{Databases, Kind};
use crate::sockets::load::Seen;
use crate::sockets::running::{Running, Visitor, has};

/// The scenarios that are measured over sockets.
pub const SCENARIOS: [Scenario; 3] = [Scenario::Untouched, Scenario::Read, Scenario::Increment];

/// What one server did in one scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Row {
    pub subject: String,
    pub family: Family,
    pub role: Role,
    pub backend: String,
    pub scenario: Scenario,
    /// Requests a second.
    pub per_second: Spread,
    /// The same as a share of the bare framework's in the same round.
    pub of_bare: Spread,
    /// Microseconds that 99 of 100 answers took at most.
    pub p99: Spread,
    /// Answers with an error.
    pub errors: usize,
    /// Redis' own time, if it is the backend.
    pub redis: Option<RedisTime>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Effort {
    pub rounds: usize,
    pub turn: Duration,
    pub connections: usize,
}

struct Player {
    running: Running,
    cookies: PathBuf,
    seen: Vec<Vec<Seen>>,
    redis: Vec<Vec<RedisTime>>,
    sent: Vec<BTreeMap<String, f64>>,
}

/// Measures all peers on all backends; `only` is a part of a name.
///
/// # Errors
///
/// A server does not start or answer.
pub fn measure(databases: &Databases, only: &str, effort: Effort) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let mut players = Vec::new();
    for kind in Kind::ALL {
        for peer in peers() {
            let is_asked = peer.name.contains(only) || peer.role == Role::Bare;
            if has(&peer, kind) && is_asked {
                players.push(player(
                    Running::start(&peer, kind, false, databases, folder.path())?,
                    effort,
                    folder.path(),
                    databases,
                )?);
            }
        }
    }
    for round in 0..effort.rounds {
        eprintln!(
            "round {} of {}, {} servers",
            round + 1,
            effort.rounds,
            players.len()
        );
        for (index, scenario) in SCENARIOS.into_iter().enumerate() {
            let count = players.len();
            for turn in 0..count {
                let player = &mut players[(turn + round) % count];
                if player.running.kind == Kind::Redis {
                    databases.redis().cli(&["CONFIG", "RESETSTAT"])?;
                }
                let seen = load(player, scenario, effort)?;
                player.seen[index].push(seen);
                if player.running.kind == Kind::Redis {
                    let time = redis_time(databases.redis(), &player.sent[index])?;
                    player.redis[index].push(time);
                }
            }
        }
    }
    Ok(rows(&players))
}

fn player(
    running: Running,
    effort: Effort,
    folder: &Path,
    databases: &Databases,
) -> Result<Player> {
    let cookies = (0..effort.connections).map(|_| running.seed());
    let cookies: Vec<_> = cookies
        .collect::<Result<_>>()
        .with_context(|| format!("{} on {}", running.peer.name, running.kind.name()))?;
    let file = folder.join(format!("cookies-{}", running.port()));
    std::fs::write(&file, cookies.join("\n"))?;
    let mut sent = Vec::new();
    if running.kind == Kind::Redis {
        for scenario in SCENARIOS {
            sent.push(commands_of(
                &running,
                scenario,
                &cookies[0],
                databases.redis(),
            )?);
        }
    }
    Ok(Player {
        sent,
        running,
        cookies: file,
        seen: vec![Vec::new(); SCENARIOS.len()],
        redis: vec![Vec::new(); SCENARIOS.len()],
    })
}

fn commands_of(
    running: &Running,
    scenario: Scenario,
    cookie: &str,
    redis: &Redis,
) -> Result<BTreeMap<String, f64>> {
    let cookie = if scenario.has_cookie() { cookie } else { "" };
    let mut visitor = Visitor::new(running.port())?;
    sent_to_redis(redis, || {
        for _ in 0..REQUESTS {
            visitor.get(scenario.path(), cookie)?;
        }
        Ok(())
    })
}

/// Runs this program's command `load` on the load generator's core.
fn load(player: &Player, scenario: Scenario, effort: Effort) -> Result<Seen> {
    let output = Command::new("taskset")
        .args(["-c", LOAD])
        .arg(std::env::current_exe()?)
        .args(["load", &player.running.port().to_string(), scenario.path()])
        .arg(if scenario.has_cookie() {
            &player.cookies
        } else {
            Path::new("/dev/null")
        })
        .args(["--connections", &effort.connections.to_string()])
        .args(["--turn", &effort.turn.as_millis().to_string()])
        .output()?;
    let name = player.running.peer.name;
    ensure!(
        output.status.success(),
        "{name} on {}, {scenario}: {}",
        player.running.kind.name(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn rows(players: &[Player]) -> Vec<Row> {
    let rows = players.iter().flat_map(|player| {
        let peer = player.running.peer;
        let bare = players.iter().find(|other| {
            other.running.peer.role == Role::Bare && other.running.peer.family == peer.family
        });
        SCENARIOS
            .into_iter()
            .enumerate()
            .map(move |(index, scenario)| {
                let seen = &player.seen[index];
                let shares = seen.iter().enumerate().filter_map(|(round, seen)| {
                    let bare = bare?.seen[index].get(round)?;
                    Some(seen.per_second / bare.per_second)
                });
                Row {
                    subject: peer.name.to_owned(),
                    family: peer.family,
                    role: peer.role,
                    backend: player.running.kind.name().to_owned(),
                    scenario,
                    per_second: Spread::of(seen.iter().map(|seen| seen.per_second)),
                    of_bare: Spread::of(shares),
                    p99: Spread::of(seen.iter().map(|seen| seen.p99)),
                    errors: seen.iter().map(|seen| seen.errors).sum(),
                    redis: RedisTime::median(&player.redis[index]),
                }
            })
    });
    rows.collect()
}
