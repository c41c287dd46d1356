use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Row, SCENARIOS, Verdict};

/// Returns the tables, a framework each, with a note for each verdict that is not "holds".
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(HEAD);
    let now = time::OffsetDateTime::now_utc();
    let _ = writeln!(text, "\nRun on {}, with:\n", now.date());
    for version in versions(rows) {
        let _ = writeln!(text, "- {version}");
    }
    let mut notes = Vec::new();
    for framework in ["axum", "actix-web", "Rocket"] {
        let rows: Vec<_> = rows
            .iter()
            .filter(|row| row.subject.framework == framework)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {framework}\n");
        table(&mut text, &rows, &mut notes);
    }
    text.push_str("\n## What was seen\n\n");
    for (number, note) in (1..).zip(&notes) {
        let _ = writeln!(text, "{number}. {note}");
    }
    text.push_str("\n## How each is set up\n\n");
    let mut setups = BTreeSet::new();
    for row in rows {
        if setups.insert(row.subject.library) {
            let _ = writeln!(
                text,
                "- **{}:** {}.",
                row.subject.library, row.subject.configuration
            );
        }
    }
    text
}

fn table(text: &mut String, rows: &[&Row], notes: &mut Vec<String>) {
    text.push_str("| |");
    for row in rows {
        let _ = write!(text, " {}, {} |", row.subject.library, row.subject.store);
    }
    text.push_str("\n|---|");
    text.push_str(&":---:|".repeat(rows.len()));
    for (place, scenario) in SCENARIOS.iter().enumerate() {
        let _ = write!(text, "\n| {} |", scenario.name);
        for row in rows {
            let cell = match &row.verdicts[place] {
                Verdict::Holds => "holds".to_owned(),
                Verdict::Fails(seen) => format!("**fails** [{}]", note(notes, seen)),
                Verdict::Impossible(reason) => format!("– [{}]", note(notes, reason)),
            };
            let _ = write!(text, " {cell} |");
        }
    }
    text.push('\n');
}

/// Returns the number of a note, which is the same for the same words.
fn note(notes: &mut Vec<String>, words: &str) -> usize {
    let known = notes.iter().position(|note| note == words);
    known.unwrap_or_else(|| {
        notes.push(words.to_owned());
        notes.len() - 1
    }) + 1
}

/// Returns the versions of the packages, as the lock file has them.
fn versions(rows: &[Row]) -> BTreeSet<String> {
    let packages = rows.iter().flat_map(|row| row.subject.packages);
    packages
        .map(|package| {
            // Of a package in two versions the beginning of one is named.
            let (name, begin) = package.split_once(' ').unwrap_or((package, ""));
            let mut lines = LOCK.lines().zip(LOCK.lines().skip(1));
            let version = lines.find_map(|(first, second)| {
                let version = second.strip_prefix("version = \"")?.strip_suffix('"')?;
                let is_meant = first == format!("name = \"{name}\"") && version.starts_with(begin);
                is_meant.then_some(version)
            });
            format!("{name} {}", version.unwrap_or("of an unknown version"))
        })
        .collect()
}

const LOCK: &str = include_str!("../../Cargo.lock");

const HEAD: &str = "\
# Sessions in the worst moments, ours and the peers'

`cargo run -- defects` in [`benches`](../README.md) writes this file: one run, one process, the same handlers for all. The
schedules are exact: a request waits in its handler, or before its store gets its write, while another one is answered. Every library has
first shown that it does the same without a disturbance: values are set, read, counted and removed, a login and a logout do what they say,
and sessions in a database outlive a restart.

*Holds* means that this schedule did no harm; a narrower one may. A store's failure is made by a wrapper that implements the library's own trait
and fails or delays one call. The counter is read and set at once, with us by `update`, which is our means for it. Where a login's answer is lost,
the old session ends because the library means it to; the row says what the visitor loses by that.
";
