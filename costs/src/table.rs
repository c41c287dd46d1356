use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{Entry, Family, Role, Scenario, Spread};

/// What one scenario costs one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Figure {
    /// The subject's name.
    pub subject: String,
    /// What it runs on.
    pub family: Family,
    /// Its part.
    pub role: Role,
    /// The scenario.
    pub scenario: Scenario,
    /// The whole request's cost.
    pub whole: Spread,
    /// The cost above the bare framework's; on axum above the floor's.
    pub above: Spread,
}

/// Figures of one kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Figures {
    /// Each subject's scenarios, one after the other.
    pub all: Vec<Figure>,
}

impl Figures {
    /// Makes figures from measurements: for each entry and scenario those of all rounds, in the same order of rounds.
    pub(crate) fn of(measured: &[(Entry, Scenario, Vec<f64>)]) -> Self {
        let all = measured.iter().map(|(entry, scenario, rounds)| {
            let base = measured
                .iter()
                .find(|(other, played, _)| other.is_base_of(entry) && played == scenario);
            let above = rounds.iter().enumerate().map(|(round, value)| {
                let below = base.and_then(|(_, _, rounds)| rounds.get(round));
                value - below.copied().unwrap_or_default()
            });
            Figure {
                subject: entry.name.to_owned(),
                family: entry.family,
                role: entry.role,
                scenario: *scenario,
                whole: Spread::of(rounds.iter().copied()),
                above: Spread::of(above),
            }
        });
        Self { all: all.collect() }
    }

    /// Returns a figure.
    #[must_use]
    pub fn get(&self, subject: &str, scenario: Scenario) -> Option<&Figure> {
        let mut all = self.all.iter();
        all.find(|figure| figure.subject == subject && figure.scenario == scenario)
    }

    /// Returns the subjects' names in the order of the figures.
    #[must_use]
    pub fn subjects(&self) -> Vec<&str> {
        let mut subjects: Vec<_> = self.all.iter().map(|figure| &*figure.subject).collect();
        subjects.dedup();
        subjects
    }

    /// Returns a table in Markdown. A base's row has the whole cost, another's what is above its base; without a base
    /// all is above.
    #[must_use]
    pub fn markdown(&self, cell: impl Fn(&Figure, Spread) -> String) -> String {
        let mut scenarios = Scenario::ALL.to_vec();
        scenarios.retain(|scenario| self.all.iter().any(|figure| figure.scenario == *scenario));
        let mut table = String::from("| |");
        for scenario in &scenarios {
            let _ = write!(table, " {scenario} |");
        }
        table.push_str("\n|---|");
        table.push_str(&"---:|".repeat(scenarios.len()));
        table.push('\n');
        for subject in self.subjects() {
            let _ = write!(table, "| {subject} |");
            for &scenario in &scenarios {
                let cell = self.get(subject, scenario).map(|figure| match figure.role {
                    Role::Bare | Role::Floor => format!("*{}*", cell(figure, figure.whole)),
                    _ => cell(figure, figure.above),
                });
                let _ = write!(table, " {} |", cell.as_deref().unwrap_or("–"));
            }
            table.push('\n');
        }
        table
    }
}

/// Returns a whole number with its thousands apart.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value <= -0.5 {
        format!("-{grouped}")
    } else {
        grouped
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        let shown = [0.4, 999.6, -1_234.0, 1_234_567.0, -0.4].map(grouped);
        assert_eq!(shown, ["0", "1,000", "-1,234", "1,234,567", "0"]);
    }
}
