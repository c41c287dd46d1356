use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::invariant::{Checks, Invariant};
use crate::scene::Violation;
use crate::traffic::Counts;

/// What a store's run has shown.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The store.
    pub store: String,
    /// The servers beside each other on it.
    pub servers: Vec<String>,
    /// Of all that was drawn.
    pub seed: u64,
    /// How long it took, without the start.
    pub took: Duration,
    /// How often each rule was checked.
    pub checks: Checks,
    pub(crate) counts: Counts,
    pub(crate) faults: Vec<(&'static str, u64)>,
    pub(crate) slowest: Duration,
    pub(crate) violation: Option<Violation>,
}

impl Report {
    /// Says whether no rule was broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violation.is_none()
    }

    /// Returns the rule that was broken.
    #[must_use]
    pub fn broken(&self) -> Option<Invariant> {
        self.violation.as_ref().map(|it| it.breach.invariant)
    }

    /// Returns how many requests were sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts.requests
    }

    /// Returns how many faults were injected.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.iter().map(|(_, count)| count).sum()
    }

    /// Returns the report as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let faults: serde_json::Map<String, Value> = self
            .faults
            .iter()
            .map(|(name, count)| ((*name).to_owned(), json!(count)))
            .collect();
        let checks: serde_json::Map<String, Value> = Invariant::ALL
            .iter()
            .map(|it| (it.name().to_owned(), json!(self.checks.of(*it))))
            .collect();
        json!({
            "store": self.store,
            "servers": self.servers,
            "seed": self.seed,
            "seconds": self.took.as_secs(),
            "requests": self.counts.requests,
            "served": self.counts.served,
            "unavailable": self.counts.unavailable,
            "unavailable_without_trouble": self.counts.unexcused,
            "unanswered": self.counts.unanswered,
            "not_sent": self.counts.not_sent,
            "faults": faults,
            "slowest_recovery_ms": u64::try_from(self.slowest.as_millis()).unwrap_or(u64::MAX),
            "checks": checks,
            "violations": u8::from(self.violation.is_some()),
            "violation": self.violation.as_ref().map(|it| it.breach.to_string()),
        })
    }

    /// Describes the violation: the seed, the rule, and what its client did last.
    #[must_use]
    pub fn story(&self) -> Option<String> {
        let violation = self.violation.as_ref()?;
        let mut story = format!(
            "VIOLATION on {} (seed {}), seen by {}:\n  {}\n",
            self.store, self.seed, violation.who, violation.breach
        );
        for event in &violation.history {
            let _ = writeln!(story, "    {event}");
        }
        Some(story)
    }

    /// Returns the tables of some runs, as Markdown.
    #[must_use]
    pub fn table(reports: &[Self]) -> String {
        let mut text = String::new();
        let names: Vec<String> = reports.iter().map(|it| it.store.clone()).collect();
        row(&mut text, "", &names);
        let lines: Vec<String> = reports.iter().map(|_| "---:".to_owned()).collect();
        row(&mut text, "---", &lines);
        let mut add = |name: &str, of: &dyn Fn(&Self) -> String| {
            let cells: Vec<String> = reports.iter().map(of).collect();
            row(&mut text, name, &cells);
        };
        add("seconds", &|it| it.took.as_secs().to_string());
        add("requests", &|it| it.counts.requests.to_string());
        add("answered", &|it| it.counts.served.to_string());
        add("503", &|it| it.counts.unavailable.to_string());
        add("503 without a trouble", &|it| {
            it.counts.unexcused.to_string()
        });
        add("left or cut off", &|it| it.counts.unanswered.to_string());
        add("not sent", &|it| it.counts.not_sent.to_string());
        for fault in crate::trouble::Fault::ALL {
            let name = fault.name();
            add(name, &|it| {
                let found = it.faults.iter().find(|(other, _)| *other == name);
                found.map_or(0, |(_, count)| *count).to_string()
            });
        }
        add("slowest recovery", &|it| {
            format!("{:.1} s", it.slowest.as_secs_f32())
        });
        for invariant in Invariant::ALL {
            add(&format!("checked: {}", invariant.name()), &|it| {
                it.checks.of(invariant).to_string()
            });
        }
        add("**violations**", &|it| {
            format!("**{}**", u8::from(!it.is_clean()))
        });
        text
    }
}

fn row(text: &mut String, name: &str, cells: &[String]) {
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}
