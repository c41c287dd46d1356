use std::collections::BTreeMap;

use crate::properties::{AFTERWARDS, ALWAYS};
use crate::visit::Property;

/// The choices of one schedule: which of how many, in the order in which they were asked for.
///
/// All that is left to chance is asked for here, so that going through the choices goes through
/// every schedule.
#[derive(Debug, Default)]
pub struct Choices {
    made: Vec<(usize, usize)>,
    position: usize,
}

impl Choices {
    pub fn choose(&mut self, of: usize) -> usize {
        if of < 2 {
            return 0;
        }
        if self.position == self.made.len() {
            self.made.push((0, of));
        }
        let (chosen, known) = self.made[self.position];
        assert_eq!(known, of, "a schedule must be repeatable");
        self.position += 1;
        chosen
    }

    /// Goes on to the next schedule: the last choice that has another is made differently.
    pub fn advance(&mut self) -> bool {
        self.position = 0;
        while let Some((chosen, of)) = self.made.pop() {
            if chosen + 1 < of {
                self.made.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

/// What came of many schedules: how many there were, and of each broken property the shortest,
/// by the owner of the session at the beginning.
pub struct Report {
    /// What is looked at after each step.
    pub always: &'static [(&'static str, Property)],
    /// What is looked at after each schedule.
    pub properties: &'static [(&'static str, Property)],
    pub schedules: usize,
    broken: BTreeMap<(&'static str, Option<&'static str>), Broken>,
}

struct Broken {
    times: usize,
    length: usize,
    example: String,
}

impl Report {
    pub fn by(properties: &'static [(&'static str, Property)]) -> Self {
        Self {
            always: ALWAYS,
            properties,
            schedules: 0,
            broken: BTreeMap::new(),
        }
    }

    pub fn note(
        &mut self,
        property: &'static str,
        owner: Option<&'static str>,
        length: usize,
        example: impl Fn() -> String,
    ) {
        let broken = self
            .broken
            .entry((property, owner))
            .or_insert_with(|| Broken {
                times: 0,
                length: usize::MAX,
                example: String::new(),
            });
        broken.times += 1;
        if length < broken.length {
            broken.length = length;
            broken.example = example();
        }
    }

    /// Fails if a property is broken, with the shortest schedule that breaks it; and if there were
    /// so few schedules that something must be wrong with the explorer itself.
    pub fn conclude(self, at_least: usize) {
        let broken = self.broken.iter().map(|((property, owner), broken)| {
            let Broken { times, example, .. } = broken;
            format!("\n\nbroken {times} times, owner {owner:?}: {property}\n{example}")
        });
        let text = broken.collect::<Vec<_>>().concat();
        println!("{} schedules", self.schedules);
        assert!(text.is_empty(), "{} schedules{text}", self.schedules);
        assert!(self.schedules >= at_least, "{} schedules", self.schedules);
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::by(AFTERWARDS)
    }
}

/// What a step touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A load.
    Reads,
    /// A record that nobody else can know.
    Inserts,
    Writes,
    Everything,
}

impl Reach {
    /// Says whether it makes no difference which of two requests takes its step first.
    pub fn commutes_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => false,
            (Self::Inserts, _) | (_, Self::Inserts) => true,
            (one, another) => one == Self::Reads && another == Self::Reads,
        }
    }
}
