//! What needs an allocator that counts: a program of its own, since counting takes time. It prints JSON.

#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use session_benches::{entries, memory};
use session_costs::Entry;
use session_costs::allocations::{Counted, measure};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Allocations per request of all subjects.
    Allocations,
    /// Bytes per session of one subject.
    Fill { subject: String, sessions: usize },
    /// A flood of made-up cookies on one subject.
    Flood { subject: String },
}

fn main() -> Result<()> {
    let json = match Arguments::parse().what {
        What::Allocations => {
            let figures = measure(&entries(), |run| {
                let info = allocation_counter::measure(run);
                Counted {
                    count: info.count_total,
                    bytes: info.bytes_total,
                }
            })?;
            serde_json::to_string(&figures)?
        }
        What::Fill { subject, sessions } => {
            serde_json::to_string(&memory::fill(&entry(&subject)?, sessions, kept)?)?
        }
        What::Flood { subject } => serde_json::to_string(&memory::flood(&entry(&subject)?, kept)?)?,
    };
    println!("{json}");
    Ok(())
}

fn entry(name: &str) -> Result<Entry> {
    let mut all = entries().into_iter();
    all.find(|entry| entry.name == name)
        .context("no such subject")
}

fn kept(run: &mut dyn FnMut()) -> i64 {
    allocation_counter::measure(run).bytes_current
}
