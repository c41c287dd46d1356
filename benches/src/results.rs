//! All figures of a run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_costs::allocations::Allocations;
use session_costs::{Family, Figures, Role, Scenario, instructions, time};

use crate::memory::{Filled, Flooded};
use crate::sockets::databases::Databases;
use crate::sockets::{commands, owners, throughput};
use crate::{cores, entries};

/// All figures of a run.
#[derive(Debug, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Results {
    pub machine: String,
    pub seconds: u64,
    pub time: Figures,
    pub instructions: Option<Figures>,
    pub allocations: Allocations,
    /// Sizes in KiB, and the time of reading and counting in sessions of that size.
    pub sizes: Vec<(usize, Figures)>,
    pub cores: Vec<cores::Row>,
    pub filled: Vec<Filled>,
    pub flooded: Vec<Flooded>,
    pub commands: Vec<commands::Row>,
    #[serde(default)]
    pub owners: Vec<owners::Row>,
    pub throughput: Vec<throughput::Row>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Effort {
    pub rounds: usize,
    pub turn: Duration,
    pub sockets: throughput::Effort,
    /// The numbers of sessions.
    pub sessions: &'static [usize],
}

impl Effort {
    /// About a quarter of an hour.
    pub const FULL: Self = Self {
        rounds: 15,
        turn: Duration::from_millis(10),
        sockets: throughput::Effort {
            rounds: 7,
            turn: Duration::from_millis(400),
            connections: 32,
        },
        sessions: &[1_000, 100_000, 1_000_000],
    };

    /// Some minutes, to see that all works.
    pub const QUICK: Self = Self {
        rounds: 5,
        turn: Duration::from_millis(4),
        sockets: throughput::Effort {
            rounds: 3,
            turn: Duration::from_millis(150),
            connections: 32,
        },
        sessions: &[1_000, 100_000],
    };
}

/// Measures all.
///
/// # Errors
///
/// A program is missing or fails.
pub fn measure(effort: Effort) -> Result<Results> {
    let start = std::time::Instant::now();
    let tell = |what: &str| eprintln!("{:4} s: {what}", start.elapsed().as_secs());
    tell("builds what counts allocations");
    ensure!(cargo_build().status()?.success(), "cargo build");
    tell("time in process");
    let turns = time::Effort {
        rounds: effort.rounds,
        turn: effort.turn,
    };
    let time = time::measure(&entries(), &Scenario::ALL, turns)?;
    tell("allocations");
    let allocations = counted(&["allocations"])?;
    tell("instructions");
    let instructions = instructions::measure(&entries(), &[]);
    let instructions = instructions
        .inspect_err(|error| eprintln!("left out: {error}"))
        .ok();
    tell("sizes");
    let mut sizes = Vec::new();
    for kibibytes in [1, 10, 100] {
        let flags = [
            "sizes",
            &(kibibytes * 10).to_string(),
            "--rounds",
            &effort.rounds.to_string(),
            "--turn",
            &effort.turn.as_millis().to_string(),
        ];
        sizes.push((kibibytes, said(&std::env::current_exe()?, &flags)?));
    }
    tell("two cores");
    let cores = cores::measure(effort.rounds.min(7), effort.turn * 10)?;
    let (mut filled, mut flooded) = (Vec::new(), Vec::new());
    for entry in entries() {
        if entry.role == Role::Bare || entry.role == Role::Floor || entry.name.contains("cookie") {
            continue;
        }
        tell(&format!("memory: {}", entry.name));
        for sessions in effort.sessions {
            filled.push(counted(&["fill", entry.name, &sessions.to_string()])?);
        }
        if entry.family != Family::Store {
            flooded.push(counted(&["flood", entry.name])?);
        }
    }
    tell("commands");
    let databases = Databases::start()?;
    let commands = commands::measure(&databases)?;
    let owners = owners::measure(databases.redis())?;
    tell("throughput");
    drop(databases);
    // A process of its own, which stays on the servers' core.
    let flags = [
        "throughput",
        "--json",
        "--rounds",
        &effort.sockets.rounds.to_string(),
        "--turn",
        &effort.sockets.turn.as_millis().to_string(),
    ];
    let throughput = said(&std::env::current_exe()?, &flags);
    let throughput = throughput.inspect_err(|error| eprintln!("left out: {error}"));
    tell("done");
    Ok(Results {
        machine: machine(),
        seconds: start.elapsed().as_secs(),
        time,
        instructions,
        allocations,
        sizes,
        cores,
        filled,
        flooded,
        commands,
        owners,
        throughput: throughput.unwrap_or_default(),
    })
}

/// Asks the program whose allocator counts.
fn counted<T: DeserializeOwned>(flags: &[&str]) -> Result<T> {
    let program = std::env::current_exe()?.with_file_name("count-allocations");
    said(&program, flags)
}

/// Runs a program on both cores and reads the JSON that it prints.
fn said<T: DeserializeOwned>(program: &Path, flags: &[&str]) -> Result<T> {
    let mut command = Command::new(program);
    let output = command.args(flags).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| program.display().to_string())?;
    ensure!(output.status.success(), "{flags:?} failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown processor", |line| {
        line.trim_start_matches([':', ' ', '\t'])
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let first = |program: &str, flag: &str| {
        let output = Command::new(program).arg(flag).output().ok();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        text.and_then(|text| text.lines().next().map(str::to_owned))
            .unwrap_or_default()
    };
    let rust = first("rustc", "--version");
    format!("{model}, {cores} cores; {rust}")
}

/// What `cargo run` has told this program of its package is not for the one that it builds: a build script among the
/// dependencies looks at it, and would have most of them, this running program too, built anew.
fn cargo_build() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let is_ours = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|start| name.starts_with(start))
        });
        if is_ours {
            cargo.env_remove(&name);
        }
    }
    cargo
        .args(["build", "--quiet", "--release", "--bins", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo
}
