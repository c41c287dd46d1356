//! The command: `cargo run --release` in this folder measures all, and writes tables and plots into `results/`.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use session_benches::results::{self, Effort, Results};
use session_benches::sockets::databases::Databases;
use session_benches::sockets::{self, commands, load, owners, throughput};
use session_benches::{Backend, Served, cores, defects, entries, peers, plots, report};
use session_costs::{Content, Role, Scenario, instructions, time};

/// Measures us and the peers.
#[derive(Debug, Parser)]
#[command(name = "benches")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Takes some minutes instead of a quarter of an hour, and writes into `target/quick/`.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Nanoseconds per request, in process.
    Time {
        #[arg(long, default_value_t = 15)]
        rounds: usize,
        #[arg(long, default_value_t = 10)]
        turn: u64,
    },
    /// Instructions per request, in process; needs valgrind.
    Instructions,
    /// Requests per second, latencies, and Redis' own time, over sockets.
    Throughput {
        /// Only peers whose name contains this.
        #[arg(long, default_value = "")]
        only: String,
        #[arg(long, default_value_t = 7)]
        rounds: usize,
        /// Milliseconds of a turn.
        #[arg(long, default_value_t = 400)]
        turn: u64,
        #[arg(long)]
        json: bool,
    },
    /// The commands that databases are sent.
    Commands,
    /// Redis' own time for owners' sessions.
    Owners,
    /// What two threads do as a multiple of what one does.
    Cores,
    /// What becomes of sessions in the worst moments; writes `results/defects.md`.
    Defects {
        /// Only libraries whose name contains this; then nothing is written.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Writes the tables and plots of the last run again.
    Report,
    #[command(name = instructions::PLAY, hide = true)]
    Play,
    /// Reads and increments in sessions of so many values, as JSON.
    #[command(hide = true)]
    Sizes {
        values: usize,
        #[arg(long)]
        rounds: usize,
        #[arg(long)]
        turn: u64,
    },
    /// Serves one application.
    #[command(hide = true)]
    Serve {
        peer: String,
        backend: Backend,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        sliding: bool,
    },
    /// Generates load.
    #[command(hide = true)]
    Load {
        port: u16,
        path: String,
        cookies: PathBuf,
        #[arg(long)]
        connections: usize,
        #[arg(long)]
        turn: u64,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(what) = arguments.what else {
        let (effort, folder) = match arguments.quick {
            true => (Effort::QUICK, folder.join("target/quick")),
            false => (Effort::FULL, folder.join("results")),
        };
        return write(&results::measure(effort)?, &folder);
    };
    match what {
        What::Time { rounds, turn } => {
            let figures = time::measure(&entries(), &Scenario::ALL, turns(rounds, turn))?;
            print!("{}", time::table(&figures));
        }
        What::Instructions => {
            let figures = instructions::measure(&entries(), &[])?;
            print!("{}", instructions::table(&figures));
        }
        What::Throughput {
            only,
            rounds,
            turn,
            json,
        } => {
            sockets::stay_apart()?;
            let effort = throughput::Effort {
                rounds,
                turn: Duration::from_millis(turn),
                ..Effort::FULL.sockets
            };
            let rows = throughput::measure(&Databases::start()?, &only, effort)?;
            match json {
                true => println!("{}", serde_json::to_string(&rows)?),
                false => print!("{}", report::servers(&rows)),
            }
        }
        What::Commands => print!(
            "{}",
            report::commands(&commands::measure(&Databases::start()?)?)
        ),
        What::Owners => print!(
            "{}",
            report::owners(&owners::measure(Databases::start()?.redis())?)
        ),
        What::Cores => {
            let turn = Duration::from_millis(100);
            print!("{}", report::cores(&cores::measure(7, turn)?));
        }
        What::Defects { only } => {
            let rows = defects::run(&Databases::start()?, &only)?;
            let text = defects::markdown(&rows);
            print!("{text}");
            if defects::is_complete(&rows) {
                std::fs::write(folder.join("results/defects.md"), text)?;
            }
        }
        What::Report => {
            let folder = folder.join("results");
            let text = std::fs::read_to_string(folder.join("results.json"))?;
            write(&serde_json::from_str(&text)?, &folder)?;
        }
        What::Play => instructions::play(&entries())?,
        What::Sizes {
            values,
            rounds,
            turn,
        } => sizes(values, turns(rounds, turn))?,
        What::Serve {
            peer,
            backend,
            port,
            sliding,
        } => {
            let peer = peers().into_iter().find(|other| other.name == peer);
            (peer.context("no such peer")?.serve)(Served {
                port,
                backend,
                sliding,
            })?;
        }
        What::Load {
            port,
            path,
            cookies,
            connections,
            turn,
        } => {
            let turn = Duration::from_millis(turn);
            let seen = load::generate(port, &path, &cookies, connections, turn)?;
            println!("{}", serde_json::to_string(&seen)?);
        }
    }
    Ok(())
}

fn turns(rounds: usize, turn: u64) -> time::Effort {
    let turn = Duration::from_millis(turn);
    time::Effort { rounds, turn }
}

/// Measures all that can hold sessions of so many values.
fn sizes(values: usize, effort: time::Effort) -> Result<()> {
    Content { values, bytes: 93 }.set();
    let mut able = entries();
    able.retain(|entry| entry.role != Role::Peer || entry.subject().is_ok());
    let figures = time::measure(&able, &[Scenario::Read, Scenario::Increment], effort)?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

fn write(results: &Results, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let json = serde_json::to_string(results)?;
    std::fs::write(folder.join("results.json"), json + "\n")?;
    std::fs::write(folder.join("README.md"), report::markdown(results))?;
    plots::draw(results, folder)?;
    println!("{}", folder.join("README.md").display());
    Ok(())
}
