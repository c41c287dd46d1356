use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{Scenario, Subject, memory, ours_actix, ours_axum, ours_rocket};

/// What a subject runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Family {
    /// axum.
    Axum,
    /// actix-web.
    Actix,
    /// Rocket.
    Rocket,
    /// Nothing: a store alone.
    Store,
}

/// A subject's part in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// A framework without sessions, from which costs are counted.
    Bare,
    /// axum with one layer that does nothing but insert an extension: what no layer goes below. The costs on axum are
    /// counted from here.
    Floor,
    /// One of ours.
    Ours,
    /// Another library.
    Peer,
}

/// A subject that can be made.
#[derive(Clone, Copy)]
#[allow(
    clippy::exhaustive_structs,
    reason = "the other workspace makes entries"
)]
pub struct Entry {
    /// The name in tables.
    pub name: &'static str,
    /// What it runs on.
    pub family: Family,
    /// Its part.
    pub role: Role,
    /// Makes a fresh one.
    pub make: fn() -> Result<Box<dyn Subject>>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Entry {
    /// Makes a subject, and checks that each scenario does what it is for.
    ///
    /// # Errors
    ///
    /// It can't be made, or answers something else.
    pub fn subject(&self) -> Result<Box<dyn Subject>> {
        let mut subject = (self.make)().with_context(|| self.name)?;
        if !matches!(self.role, Role::Bare | Role::Floor) {
            for scenario in self.scenarios() {
                let before = subject.call(scenario);
                let seen = subject.call(scenario);
                seen.check(scenario, &before)
                    .with_context(|| format!("{}, {scenario}", self.name))?;
            }
        }
        Ok(subject)
    }

    /// Returns the scenarios that it can play: a store alone has no untouched requests.
    pub fn scenarios(&self) -> impl Iterator<Item = Scenario> + use<> {
        let skipped = if self.family == Family::Store { 2 } else { 0 };
        Scenario::ALL.into_iter().skip(skipped)
    }

    /// Says whether costs on its framework are counted from it.
    #[must_use]
    pub fn is_base_of(&self, other: &Self) -> bool {
        self.family == other.family
            && match self.family {
                Family::Axum => self.role == Role::Floor,
                _ => self.role == Role::Bare,
            }
    }
}

/// Returns our subjects and the bare frameworks.
#[must_use]
pub fn ours() -> Vec<Entry> {
    let entry = |name, family, role, make| Entry {
        name,
        family,
        role,
        make,
    };
    vec![
        entry("axum", Family::Axum, Role::Bare, ours_axum::bare),
        entry("axum+layer", Family::Axum, Role::Floor, ours_axum::floor),
        entry("session-axum", Family::Axum, Role::Ours, ours_axum::ours),
        entry("actix-web", Family::Actix, Role::Bare, ours_actix::bare),
        entry("session-actix", Family::Actix, Role::Ours, ours_actix::ours),
        entry("rocket", Family::Rocket, Role::Bare, ours_rocket::bare),
        entry(
            "session-rocket",
            Family::Rocket,
            Role::Ours,
            ours_rocket::ours,
        ),
        entry("memory-store", Family::Store, Role::Ours, memory::ours),
    ]
}
