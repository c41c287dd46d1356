//! Committed figures, and the comparison with those of today.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::{Figures, Role};

/// Figures by the name of what they are of: `session-axum read instructions`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    figures: BTreeMap<String, String>,
    /// How much a figure may differ by chance.
    chance: BTreeMap<String, f64>,
}

/// A growth of more than a twentieth fails.
const GROWTH: f64 = 1.05;

/// The part of a request's instructions that differs from run to run, as hash maps have other seeds. What is above a
/// base is the difference of two requests.
const CHANCE: f64 = 0.01;

impl Committed {
    /// Reads the file's text: a name and a figure a line; what follows `#` is a comment.
    ///
    /// # Errors
    ///
    /// A line has no figure.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or(line).trim());
        let lines = lines.filter(|line| !line.is_empty());
        let figures = lines.map(|line| {
            let (name, figure) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
            Ok((name.trim().to_owned(), figure.to_owned()))
        });
        Ok(Self {
            figures: figures.collect::<Result<_>>()?,
            chance: BTreeMap::new(),
        })
    }

    /// Adds a figure.
    pub fn add(&mut self, name: String, figure: String) {
        self.figures.insert(name, figure);
    }

    /// Adds figures of ours: what is above the bare framework.
    pub fn add_ours(&mut self, figures: &Figures, what: &str) {
        let ours = figures
            .all
            .iter()
            .filter(|figure| figure.role == Role::Ours);
        for figure in ours {
            let name = format!("{} {} {what}", figure.subject, figure.scenario);
            self.chance
                .insert(name.clone(), figure.whole.median * CHANCE);
            self.add(name, format!("{:.0}", figure.above.median));
        }
    }

    /// Takes the committed figures of a kind that is not measured today.
    pub fn keep(&mut self, committed: &Self, what: &str) {
        for (name, figure) in &committed.figures {
            if name.ends_with(what) {
                self.add(name.clone(), figure.clone());
            }
        }
    }

    /// Returns the text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (name, figure) in &self.figures {
            let _ = writeln!(text, "{name} {figure}");
        }
        text
    }

    /// Returns what is wrong with the figures of today: each that is another one, or has grown by more than a
    /// twentieth if it is one of instructions.
    #[must_use]
    pub fn differences(&self, today: &Self) -> Vec<String> {
        let mut names: Vec<_> = self.figures.keys().chain(today.figures.keys()).collect();
        names.sort();
        names.dedup();
        let wrong = names.into_iter().filter_map(|name| {
            let [was, is] = [self, today].map(|figures| figures.figures.get(name));
            let fits = match (was, is) {
                (Some(was), Some(is)) if name.ends_with(INSTRUCTIONS) => {
                    today.has_not_grown(name, was, is)
                }
                (was, is) => was == is,
            };
            let [was, is] = [was, is].map(|figure| figure.map_or("nothing", |figure| figure));
            (!fits).then(|| format!("{name}: {was} committed, {is} today"))
        });
        wrong.collect()
    }

    /// Returns the instructions that have shrunk by more than a twentieth, which should be committed.
    #[must_use]
    pub fn shrunk(&self, today: &Self) -> Vec<String> {
        let pairs = self.figures.iter().filter_map(|(name, was)| {
            let is = today.figures.get(name)?;
            (name.ends_with(INSTRUCTIONS) && !today.has_not_grown(name, is, was))
                .then(|| format!("{name}: {was} committed, {is} today"))
        });
        pairs.collect()
    }

    fn has_not_grown(&self, name: &str, was: &str, is: &str) -> bool {
        let chance = self.chance.get(name).copied().unwrap_or_default();
        match (was.parse::<f64>(), is.parse::<f64>()) {
            (Ok(was), Ok(is)) => is <= (was * GROWTH).max(was + chance),
            _ => false,
        }
    }
}

/// The last word of a figure of instructions.
pub const INSTRUCTIONS: &str = " instructions";

const HEAD: &str = "\
# What a request costs, above the bare framework. scripts/check-costs compares, and writes with --update.
# Allocations and store calls are exact; instructions may grow by a twentieth.
";

#[cfg(test)]
mod tests {
    use super::Committed;

    fn figures(lines: &[&str]) -> Committed {
        Committed::parse(&lines.join("\n")).expect("each line has a figure")
    }

    #[test]
    fn what_is_written_reads_back() {
        let figures = figures(&["a read allocations 7", "a read calls load+touch"]);
        assert_eq!(
            Committed::parse(&figures.text()).expect("our own text"),
            figures
        );
    }

    #[test]
    fn counts_must_be_the_same_and_instructions_may_grow_by_a_twentieth() {
        let committed = figures(&["a allocations 7", "a calls load", "a instructions 1000"]);
        let cases: [(&[&str], &[&str]); 6] = [
            (
                &["a allocations 7", "a calls load", "a instructions 1050"],
                &[],
            ),
            (
                &["a allocations 7", "a calls load", "a instructions 500"],
                &[],
            ),
            (
                &["a allocations 7", "a calls load", "a instructions 1051"],
                &["a instructions: 1000 committed, 1051 today"],
            ),
            (
                &["a allocations 8", "a calls load", "a instructions 1000"],
                &["a allocations: 7 committed, 8 today"],
            ),
            (
                &["a allocations 6", "a calls load", "a instructions 1000"],
                &["a allocations: 7 committed, 6 today"],
            ),
            (
                &["a allocations 7", "b calls load", "a instructions 1000"],
                &[
                    "a calls: load committed, nothing today",
                    "b calls: nothing committed, load today",
                ],
            ),
        ];
        for (today, wrong) in cases {
            assert_eq!(committed.differences(&figures(today)), wrong, "{today:?}");
        }
    }

    #[test]
    fn a_hundredth_of_the_whole_request_is_chance() {
        let committed = figures(&["a instructions 1000"]);
        for (instructions, wrong) in [(1_200, 0), (1_201, 1)] {
            let mut today = figures(&[&format!("a instructions {instructions}")]);
            today.chance.insert("a instructions".to_owned(), 200.0);
            assert_eq!(committed.differences(&today).len(), wrong, "{instructions}");
        }
    }

    #[test]
    fn figures_that_shrank_are_named() {
        let committed = figures(&["a instructions 1000", "b instructions 1000"]);
        let today = figures(&["a instructions 990", "b instructions 900"]);
        assert_eq!(
            committed.shrunk(&today),
            ["b instructions: 1000 committed, 900 today"]
        );
    }
}
