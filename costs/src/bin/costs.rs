//! Measures what a request costs our adapters and the memory store.

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use session_costs::{Entry, instructions, ours, time};

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
    },
    /// Instructions per request above the bare framework; needs valgrind.
    Instructions,
    /// Plays all scenarios, for callgrind.
    #[command(name = instructions::PLAY, hide = true)]
    Play,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let entries = chosen(&arguments.only);
    match arguments.what {
        What::Time { rounds, turn } => {
            let turn = Duration::from_millis(turn);
            let figures = time::measure(&entries, time::Effort { rounds, turn })?;
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
