//! What databases are asked, as they count it themselves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use session_costs::{Role, Scenario};
use session_servers::{Postgres, Redis};

use crate::peers;
use crate::sockets::databases::{Databases, Kind};
use crate::sockets::running::{Running, Visitor, has};

/// Redis' own time per request.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct RedisTime {
    /// Commands that a client sends.
    pub commands: f64,
    /// Microseconds within commands.
    pub micros: f64,
}

impl RedisTime {
    /// Returns the one with the median time.
    #[must_use]
    pub fn median(all: &[Self]) -> Option<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_by(|one, other| one.micros.total_cmp(&other.micros));
        sorted.get(sorted.len() / 2).copied()
    }
}

/// Commands per request by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Row {
    pub subject: String,
    pub role: Role,
    pub backend: String,
    pub scenario: Scenario,
    pub commands: BTreeMap<String, f64>,
}

/// Counts the commands of each peer on Redis and PostgreSQL in each scenario.
///
/// # Errors
///
/// A server does not start or answer.
pub fn measure(databases: &Databases) -> Result<Vec<Row>> {
    let postgres = databases.postgres();
    for sql in [
        "ALTER SYSTEM SET log_statement = 'all'",
        "SELECT pg_reload_conf()",
    ] {
        postgres.run("postgres", sql)?;
    }
    let mut rows = Vec::new();
    for kind in [Kind::Redis, Kind::Postgres] {
        for peer in peers() {
            if !has(&peer, kind) {
                continue;
            }
            let folder = tempfile::tempdir()?;
            let start = |sliding| Running::start(&peer, kind, sliding, databases, folder.path());
            let (usual, sliding) = (start(false)?, start(true)?);
            let cookies = [usual.seed()?, sliding.seed()?];
            for scenario in Scenario::ALL {
                let (running, cookie) = match scenario {
                    Scenario::ReadSliding => (&sliding, &cookies[1]),
                    _ => (&usual, &cookies[0]),
                };
                let cookie = if scenario.has_cookie() { cookie } else { "" };
                let mut visitor = Visitor::new(running.port())?;
                visitor.get(scenario.path(), cookie)?;
                let mut requests = || {
                    for _ in 0..REQUESTS {
                        visitor.get(scenario.path(), cookie)?;
                    }
                    Ok(())
                };
                let commands = if kind == Kind::Redis {
                    sent_to_redis(databases.redis(), requests)?
                } else {
                    let before = statements(postgres);
                    requests()?;
                    difference(&before, &statements(postgres))
                };
                rows.push(Row {
                    subject: peer.name.to_owned(),
                    role: peer.role,
                    backend: kind.name().to_owned(),
                    scenario,
                    commands,
                });
            }
        }
    }
    for sql in [
        "ALTER SYSTEM RESET log_statement",
        "SELECT pg_reload_conf()",
    ] {
        postgres.run("postgres", sql)?;
    }
    Ok(rows)
}

/// Returns Redis' own time per request since its statistics were reset. A script's time has that of its commands in it,
/// so only the commands count that clients send.
///
/// # Errors
///
/// Redis does not answer.
pub fn redis_time(redis: &Redis, sent: &BTreeMap<String, f64>) -> Result<RedisTime> {
    let text = redis.cli(&["INFO", "commandstats"])?;
    let each = |name: &str| {
        let lines = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("cmdstat_"));
        let mut named = lines.filter_map(|line| line.split_once(':'));
        let (_, fields) = named.find(|(other, _)| *other == name)?;
        let mut fields = fields.split(',').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(name, _)| *name == "usec_per_call")?;
        value.parse::<f64>().ok()
    };
    let micros = sent
        .iter()
        .map(|(name, calls)| calls * each(name).unwrap_or_default());
    Ok(RedisTime {
        commands: sent.values().sum(),
        micros: micros.sum(),
    })
}

/// Runs requests and returns what clients send to Redis for each of them, by name; not what its scripts call.
///
/// # Errors
///
/// Redis or the server does not answer.
pub fn sent_to_redis(
    redis: &Redis,
    requests: impl FnOnce() -> Result<()>,
) -> Result<BTreeMap<String, f64>> {
    const END: &str = "end-of-requests";
    let mut monitor = TcpStream::connect(("127.0.0.1", redis.port()))?;
    monitor.write_all(b"MONITOR\r\n")?;
    let mut lines = BufReader::new(monitor).lines();
    lines.next().context("MONITOR")??;
    requests()?;
    redis.cli(&["ECHO", END])?;
    let mut sent = BTreeMap::new();
    for line in lines {
        let line = line?;
        if line.contains(END) {
            break;
        }
        // `+1732700000.123456 [0 127.0.0.1:40000] "GET" "key"`, and `[0 lua]` from within a script.
        let Some((client, command)) = line.split_once("] \"") else {
            continue;
        };
        let name = command.split('"').next().unwrap_or_default().to_lowercase();
        if !client.ends_with("lua") && !OURS.contains(&&*name) {
            *sent.entry(name).or_default() += 1.0;
        }
    }
    for count in sent.values_mut() {
        *count /= f64::from(REQUESTS);
    }
    Ok(sent)
}

/// Counts statements in PostgreSQL's log by their first word.
fn statements(postgres: &Postgres) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    let log = postgres.log();
    let mut lines = log.lines();
    while let Some(line) = lines.next() {
        let mut statement = match line.split_once("LOG:  ") {
            Some((_, logged))
                if logged.starts_with("execute ") || logged.starts_with("statement: ") =>
            {
                logged
                    .split_once(": ")
                    .map_or("", |(_, statement)| statement)
            }
            _ => continue,
        };
        while statement.trim().is_empty() {
            // It begins on a line of its own.
            statement = lines.next().unwrap_or("nothing");
        }
        let word = statement.split_whitespace().next().unwrap_or_default();
        *counts.entry(word.to_lowercase()).or_default() += 1.0;
    }
    counts
}

fn difference(
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
) -> BTreeMap<String, f64> {
    let grown = after.iter().filter_map(|(name, count)| {
        let grown = count - before.get(name).copied().unwrap_or_default();
        (grown > 0.0).then(|| (name.clone(), grown / f64::from(REQUESTS)))
    });
    grown.collect()
}

/// How many requests are counted.
pub const REQUESTS: u32 = 50;

/// What this program asks itself.
const OURS: [&str; 3] = ["command", "echo", "info"];
