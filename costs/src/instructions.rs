//! The instructions of a request, counted by callgrind.
//!
//! A program plays all scenarios in callgrind ([`play`]), which collects within `collected` only, and writes a file
//! at each of its ends ([`measure`]). callgrind knows no instructions for SHA-256, so digests are made in software.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::table::grouped;
use crate::{Entry, Figures, Scenario, Subject};

/// The command of a program that calls [`play`] and does nothing else. [`measure`] runs the program with it.
pub const PLAY: &str = "play-in-callgrind";

/// Plays the scenarios of all entries.
///
/// # Errors
///
/// A subject can't be made.
pub fn play(entries: &[Entry]) -> Result<()> {
    for entry in entries {
        // Hash maps have other seeds in each, and so other lengths of search.
        for _ in 0..INSTANCES {
            let mut subject = entry.subject()?;
            for scenario in entry.scenarios() {
                for _ in 0..WARM_UP {
                    subject.call(scenario);
                }
                collected(&mut *subject, scenario);
            }
        }
    }
    Ok(())
}

/// Runs the present program in callgrind, with [`PLAY`] and the flags, so that it plays the scenarios of the entries.
///
/// # Errors
///
/// valgrind is missing, or the program fails.
pub fn measure(entries: &[Entry], flags: &[&str]) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let name = "*::instructions::collected";
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect={name}"))
        .arg(format!("--dump-after={name}"))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.path().join("out").display()
        ))
        .arg(std::env::current_exe()?)
        .arg(PLAY)
        .args(flags)
        .output()
        .context("valgrind is not installed")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut measured = Vec::new();
    let mut numbers = 1..;
    for entry in entries {
        let mut each: Vec<_> = entry
            .scenarios()
            .map(|scenario| (*entry, scenario, Vec::new()))
            .collect();
        for _ in 0..INSTANCES {
            for ((_, _, rounds), number) in each.iter_mut().zip(&mut numbers) {
                let total = total(&folder.path().join(format!("out.{number}")))?;
                rounds.push(total / f64::from(REQUESTS));
            }
        }
        measured.extend(each);
    }
    Ok(Figures::of(&measured))
}

/// Returns the figures as a table.
#[must_use]
pub fn table(figures: &Figures) -> String {
    figures.markdown(|_, spread| grouped(spread.median))
}

/// The function that callgrind watches; its name must stay.
#[inline(never)]
fn collected(subject: &mut dyn Subject, scenario: Scenario) {
    for _ in 0..REQUESTS {
        std::hint::black_box(subject.call(scenario));
    }
}

fn total(file: &Path) -> Result<f64> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("callgrind wrote no total")?.trim().parse()?)
}

const INSTANCES: u32 = 9;
const WARM_UP: u32 = 50;
const REQUESTS: u32 = 100;
