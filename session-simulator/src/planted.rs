//! Faults that are planted on purpose, to show that they are caught: those that a store can have.

use std::sync::Arc;

use session_core::Store;
use session_testkit::Wrapped;

use crate::net::Net;

mod cache;
mod store;

/// A fault of a store, or of a cache before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A replacement is applied whatever the revision is.
    NoRevisionCheck,
    /// A touch stores a record again that was removed.
    ResurrectsOnTouch,
    /// A replacement stores a record again that was removed.
    ResurrectsOnReplace,
    /// A new secret comes by a delete and an insert.
    DeletesThenInserts,
    /// A revocation leaves what is over by its clock, or soon.
    RevokesByTheClock,
    /// A record that is over is live, and one that lives is over.
    ComparesExpiryTheWrongWay,
    /// An owner's list lacks a session whose secret was renewed.
    LosesTheIndex,
    /// A logout by a remembered secret ends nothing.
    ForgetsTheRemembered,
    /// A cache stores what a slow load has brought although a write has come between.
    StaleFill,
    /// A cache answers whatever secret is asked for.
    CacheIgnoresSecrets,
}

impl Plant {
    /// All of them, with their names and the property that each breaks.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (
            Self::NoRevisionCheck,
            "no-revision-check",
            "an acknowledged write is never lost",
        ),
        (
            Self::ResurrectsOnTouch,
            "resurrects-on-touch",
            "nothing is stored of what was removed",
        ),
        (
            Self::ResurrectsOnReplace,
            "resurrects-on-replace",
            "nothing is stored of what was removed",
        ),
        (
            Self::DeletesThenInserts,
            "deletes-then-inserts",
            "what lives is found",
        ),
        (
            Self::RevokesByTheClock,
            "revokes-by-the-clock",
            "what was ended is never alive again",
        ),
        (
            Self::ComparesExpiryTheWrongWay,
            "compares-expiry-the-wrong-way",
            "what lives is found",
        ),
        (
            Self::LosesTheIndex,
            "loses-the-index",
            "an owner's list is their live sessions",
        ),
        (
            Self::ForgetsTheRemembered,
            "forgets-the-remembered",
            "what was ended is never alive again",
        ),
        (
            Self::StaleFill,
            "stale-fill",
            "an acknowledged write is never lost",
        ),
        (
            Self::CacheIgnoresSecrets,
            "cache-ignores-secrets",
            "nobody sees another's values",
        ),
    ];

    /// Finds one by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, other, _)| *other == name)
            .map(|(plant, ..)| *plant)
    }
}

/// Puts a fault of a store around it.
pub(crate) fn in_the_store(
    store: Arc<dyn Store>,
    plant: Option<Plant>,
    net: &Net,
) -> Arc<dyn Store> {
    match plant {
        None | Some(Plant::StaleFill | Plant::CacheIgnoresSecrets) => store,
        Some(plant) => Arc::new(Wrapped(store::Faulted::new(store, plant, net.clone()))),
    }
}

/// Puts a fault of a cache before a node's way to the store.
pub(crate) fn in_the_node(wire: Arc<dyn Store>, plant: Option<Plant>) -> Arc<dyn Store> {
    match plant {
        Some(Plant::StaleFill) => Arc::new(Wrapped(cache::Careless::filling_late(wire))),
        Some(Plant::CacheIgnoresSecrets) => Arc::new(Wrapped(cache::Careless::for_anybody(wire))),
        _ => wire,
    }
}
