//! The soak as a command.

use std::env;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Parser as _;
use session_soak::{Crowd, Options, Report, soak};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

/// Soaks each store; false if a rule was broken.
fn run(options: &Options) -> anyhow::Result<bool> {
    let here = env::current_exe().context("the program does not know its own path")?;
    let programs = here.parent().context("the program is in no folder")?;
    let crowd = Crowd {
        seed: options.seed.unwrap_or_else(time_of_day),
        clients: options.clients,
        length: options.length,
    };
    let mut reports = Vec::new();
    for kind in options.stores() {
        eprintln!("{}: seed {}", kind.name(), crowd.seed);
        let report = soak(kind, &options.servers(), programs, crowd)
            .with_context(|| format!("{} (seed {})", kind.name(), crowd.seed))?;
        if options.json {
            println!("{}", report.json());
        }
        if let Some(story) = report.story() {
            eprintln!("{story}");
        }
        let is_clean = report.is_clean();
        reports.push(report);
        if !is_clean {
            break;
        }
    }
    if !options.json {
        print!("{}", Report::table(&reports));
    }
    Ok(reports.iter().all(Report::is_clean))
}

/// A seed, if none is given.
fn time_of_day() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |now| now.as_secs())
}
