use std::fmt;

use anyhow::{Context as _, bail};

use crate::rng::Rng;

/// The world in which a plan is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Of the bytes that the core draws.
    pub seed: u64,
    /// How many servers share the store.
    pub nodes: u8,
    /// Whether each of them has a cache.
    pub caches: Caches,
    /// What keeps the records.
    pub store: Kind,
    /// The age at which a secret is renewed by itself, in seconds; 0 is never.
    pub rotate_every: u32,
    /// How many sessions an owner may have; 0 is any number.
    pub cap: u8,
    /// Whether a login over the cap is refused; otherwise it ends the session that was used longest ago.
    pub refuses: bool,
}

/// Whether the servers have caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caches {
    /// Each asks the store.
    Without,
    /// Each has one, and nobody tells it of the others' writes.
    Own,
}

/// The store of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The store in memory, as applications use it.
    Memory,
    /// The reference store of the test kit.
    Model,
}

impl Setting {
    /// Draws a setting.
    pub fn draw(rng: &mut Rng) -> Self {
        let cap = if rng.once_in(3) { 1 + rng.small(2) } else { 0 };
        Self {
            seed: rng.draw(),
            nodes: 1 + rng.small(3),
            caches: if rng.once_in(4) {
                Caches::Own
            } else {
                Caches::Without
            },
            store: if rng.once_in(2) {
                Kind::Model
            } else {
                Kind::Memory
            },
            rotate_every: if rng.once_in(4) { 100 } else { 0 },
            cap,
            refuses: rng.once_in(2),
        }
    }

    /// Says for how long a node may be unaware of the others' writes, in microseconds.
    #[must_use]
    pub fn staleness(&self) -> i64 {
        match self.caches {
            Caches::Own if self.nodes > 1 => STALE_FOR + SKEW + SECOND,
            _ => 0,
        }
    }

    /// Says how far apart clocks can be, in microseconds: a single node's is the world's.
    pub(crate) fn skew(&self) -> i64 {
        if self.nodes == 1 { 0 } else { SKEW }
    }

    /// Reads what `Display` wrote.
    ///
    /// # Errors
    ///
    /// It is no setting.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut setting = Self {
            seed: 0,
            nodes: 1,
            caches: Caches::Without,
            store: Kind::Model,
            rotate_every: 0,
            cap: 0,
            refuses: false,
        };
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').context("a setting is NAME=VALUE")?;
            match (name, value) {
                ("seed", value) => setting.seed = value.parse()?,
                ("nodes", value) => setting.nodes = value.parse()?,
                ("caches", "own") => setting.caches = Caches::Own,
                ("caches", "none") => setting.caches = Caches::Without,
                ("store", "memory") => setting.store = Kind::Memory,
                ("store", "model") => setting.store = Kind::Model,
                ("rotate-every", value) => setting.rotate_every = value.parse()?,
                ("cap", value) => setting.cap = value.parse()?,
                ("refuses", value) => setting.refuses = value.parse()?,
                _ => bail!("there is no setting {word}"),
            }
        }
        anyhow::ensure!(setting.nodes > 0, "a world has a node");
        Ok(setting)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caches = match self.caches {
            Caches::Without => "none",
            Caches::Own => "own",
        };
        let store = match self.store {
            Kind::Memory => "memory",
            Kind::Model => "model",
        };
        write!(
            f,
            "seed={} nodes={} caches={caches} store={store} rotate-every={} cap={} refuses={}",
            self.seed, self.nodes, self.rotate_every, self.cap, self.refuses
        )
    }
}

pub(crate) const SECOND: i64 = 1_000_000;

/// After so long without use a session is over.
pub(crate) const IDLE: i64 = 1_000 * SECOND;

/// So long after its beginning it is over.
pub(crate) const ABSOLUTE: i64 = 1_500 * SECOND;

/// For so long a rotated secret works in any case.
pub(crate) const GRACE: i64 = 10 * SECOND;

/// Clocks of two nodes are never further apart.
pub(crate) const SKEW: i64 = 40 * SECOND;

/// A cache answers for so long, by its node's clock.
pub(crate) const STALE_FOR: i64 = 30 * SECOND;

/// The limit of a session's values, in bytes.
pub(crate) const MAX_BYTES: usize = 600;
