//! The simulation as a command.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use session_simulator::{Campaign, Outcome, Plan, Plant, is_property, replay, shrink};

/// Plays seeded plans until a rule is broken, and then shows the smallest plan that breaks it.
#[derive(Debug, Parser)]
struct Options {
    /// Of all plans; without one it is drawn from the time.
    #[arg(long)]
    seed: Option<u64>,
    /// How many steps to make.
    #[arg(long, default_value_t = 1_000_000)]
    steps: u64,
    /// How long to play, in place of a number of steps.
    #[arg(long)]
    minutes: Option<u64>,
    /// A fault to plant in the store, by its name.
    #[arg(long)]
    plant: Option<String>,
    /// Succeed only if this property is broken; others may be broken before.
    #[arg(long, conflicts_with = "minutes")]
    expect: Option<String>,
    /// Play this plan instead.
    #[arg(long)]
    replay: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let plant = match &options.plant {
        Some(name) => Some(Plant::named(name).context("there is no such fault")?),
        None => None,
    };
    if let Some(expected) = &options.expect {
        ensure!(is_property(expected), "there is no property {expected:?}");
    }
    if let Some(file) = &options.replay {
        let outcome = replay(&Plan::parse(&fs::read_to_string(file)?)?, plant)?;
        println!("{} steps", outcome.steps);
        return conclude(
            &options,
            Some(outcome).filter(|it| it.violation.is_some()),
            plant,
        );
    }
    let seed = options.seed.unwrap_or_else(time_of_day);
    println!("seed {seed}");
    let mut campaign = Campaign::new(seed, plant);
    let broken = match options.minutes {
        None => match &options.expect {
            Some(property) => campaign.run_for(options.steps, property)?,
            None => campaign.run(options.steps)?,
        },
        Some(minutes) => {
            let begun = Instant::now();
            let mut broken = None;
            while broken.is_none() && begun.elapsed() < Duration::from_secs(60 * minutes) {
                broken = campaign.run(campaign.steps + 100_000)?;
            }
            broken
        }
    };
    println!("{} steps in {} plans", campaign.steps, campaign.plans);
    conclude(&options, broken, plant)
}

fn conclude(
    options: &Options,
    broken: Option<Outcome>,
    plant: Option<Plant>,
) -> anyhow::Result<ExitCode> {
    let property = broken
        .as_ref()
        .and_then(|it| it.violation.as_ref())
        .map(|it| it.property);
    if let (Some(outcome), Some(property)) = (broken, property) {
        let smallest = shrink(outcome.plan, property, plant)?;
        let violation = replay(&smallest, plant)?.violation;
        println!("broken: {property}");
        println!("{}\n", violation.map(|it| it.what).unwrap_or_default());
        println!("{smallest}");
    }
    let is_right = property == options.expect.as_deref();
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Any number will do.
fn time_of_day() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
