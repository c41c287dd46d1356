//! A deterministic simulation of the protocol and the real driver, judged by an outside ledger.
//!
//! Seeded plans let many clients, servers with clocks of their own and faults meet: store calls that fail before or after
//! they were applied, that are repeated or held back, dropped futures, lost and late answers. A ledger knows what the
//! clients asked for and were told, and properties say what must follow. A plan is data: it can be printed, played
//! again with the same result, and shrunk.
//!
//! ```
//! use session_simulator::{Campaign, replay};
//!
//! let mut campaign = Campaign::new(1, None);
//! let outcome = campaign.play()?;
//! assert_eq!(outcome.violation, None);
//! assert_eq!(replay(&outcome.plan, None)?.digest, outcome.digest);
//! # Ok::<(), anyhow::Error>(())
//! ```

#![allow(
    clippy::similar_names,
    reason = "what is shown, seen and set has short names"
)]

mod act;
mod browsers;
mod campaign;
mod command;
mod desk;
mod faults;
mod handler;
mod ledger;
mod moves;
mod net;
mod nodes;
mod plan;
mod planted;
mod planting;
mod ports;
mod properties;
mod rng;
mod run;
mod secret;
mod setting;
mod settle;
mod shrink;
mod trace;
mod wire;
mod workloads;

pub use act::{Act, Task};
pub use campaign::{Campaign, play_seed, replay};
pub use faults::Faults;
pub use moves::{Begin, Fate, Move, Shows};
pub use plan::Plan;
pub use planted::Plant;
pub use properties::is_property;
pub use rng::Rng;
pub use run::{Outcome, Scene, Source, Violation, play};
pub use setting::{Caches, Kind, Setting};
pub use shrink::shrink;
