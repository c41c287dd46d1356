//! Measures what a request costs our adapters and the memory store.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, Subcommand};
use session_costs::allocations::Allocations;
use session_costs::guard::{Committed, INSTRUCTIONS};
use session_costs::{Entry, Scenario, calls, instructions, ours, time};

#[derive(Debug, Parser)]
#[command(about, name = "costs")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Only subjects whose name contains this, and what their costs are counted from.
    #[arg(long, global = true, default_value = "")]
    only: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Nanoseconds per request above the bare framework: median, and the middle half.
    Time {
        /// Turns of each subject in each scenario.
        #[arg(long, default_value_t = 15)]
        rounds: usize,
        /// Milliseconds of a turn.
        #[arg(long, default_value_t = 10)]
        turn: u64,
        /// Only the scenario of this name, as for a profile of it.
        #[arg(long, default_value = "")]
        scenario: String,
    },
    /// Instructions per request above the bare framework; needs valgrind.
    Instructions,
    /// Plays all scenarios, for callgrind.
    #[command(name = instructions::PLAY, hide = true)]
    Play,
    /// Compares all exact figures with committed ones; fails if they differ. Needs the program `allocations` beside it.
    Check {
        /// The committed figures.
        file: PathBuf,
        /// Writes today's figures instead.
        #[arg(long)]
        update: bool,
        /// Leaves instructions out, which need valgrind and are those of one compiler.
        #[arg(long)]
        without_instructions: bool,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let entries = chosen(&arguments.only);
    match arguments.what {
        What::Time {
            rounds,
            turn,
            scenario,
        } => {
            let mut scenarios = Scenario::ALL.to_vec();
            scenarios.retain(|other| scenario.is_empty() || other.name() == scenario);
            let turn = Duration::from_millis(turn);
            let figures = time::measure(&entries, &scenarios, time::Effort { rounds, turn })?;
            print!("ns per request\n\n{}", time::table(&figures));
        }
        What::Instructions => {
            let figures = instructions::measure(&entries, &["--only", &arguments.only])?;
            print!(
                "instructions per request\n\n{}",
                instructions::table(&figures)
            );
        }
        What::Play => instructions::play(&entries)?,
        What::Check {
            file,
            update,
            without_instructions,
        } => check(&file, update, without_instructions)?,
    }
    Ok(())
}

fn chosen(only: &str) -> Vec<Entry> {
    let all = ours();
    let is_chosen = |entry: &Entry| entry.name.contains(only);
    let is_needed = |entry: &&Entry| {
        is_chosen(entry)
            || all
                .iter()
                .any(|other| is_chosen(other) && entry.is_base_of(other))
    };
    all.iter().filter(is_needed).copied().collect()
}

fn check(file: &Path, update: bool, without_instructions: bool) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let committed = Committed::parse(&text)?;
    let mut today = Committed::default();
    let allocations = allocations()?;
    today.add_ours(&allocations.count, "allocations");
    for (subject, scenario, counted) in calls::measure()? {
        today.add(
            format!("{subject} {scenario} calls"),
            calls::names(&counted),
        );
    }
    if without_instructions {
        today.keep(&committed, INSTRUCTIONS);
    } else {
        today.add_ours(&instructions::measure(&ours(), &[])?, INSTRUCTIONS.trim());
    }
    if update {
        return Ok(std::fs::write(file, today.text())?);
    }
    let differences = committed.differences(&today);
    if !differences.is_empty() {
        let file = file.display();
        bail!("other costs than in {file}:\n{}", differences.join("\n"));
    }
    for shrunk in committed.shrunk(&today) {
        println!("has shrunk, and should be committed: {shrunk}");
    }
    Ok(())
}

/// Asks the program beside this one, whose allocator counts.
fn allocations() -> Result<Allocations> {
    let program = std::env::current_exe()?.with_file_name("allocations");
    let output = Command::new(&program).arg("--json").output();
    let output = output.with_context(|| program.display().to_string())?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}
