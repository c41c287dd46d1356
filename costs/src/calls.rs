//! The store calls of a request.

use anyhow::Result;
use session_store::MemoryStore;
use session_testkit::{Calls, SpyStore};

use crate::{Scenario, Subject, ours_actix, ours_axum, ours_rocket};

/// Counts the calls that each of our adapters makes in each scenario.
///
/// # Errors
///
/// A subject can't be made.
pub fn measure() -> Result<Vec<(&'static str, Scenario, Calls)>> {
    let spy = SpyStore::new(MemoryStore::new());
    let subjects: [(_, Box<dyn Subject>); 3] = [
        ("session-axum", ours_axum::over(&spy)?),
        ("session-actix", ours_actix::over(&spy)?),
        ("session-rocket", ours_rocket::over(&spy)?),
    ];
    let mut measured = Vec::new();
    for (name, mut subject) in subjects {
        for scenario in Scenario::ALL {
            let _ = spy.take();
            subject.call(scenario);
            measured.push((name, scenario, spy.take()));
        }
    }
    Ok(measured)
}

/// Names the calls, in the order of the port: `load+replace`.
#[must_use]
pub fn names(calls: &Calls) -> String {
    let counted = [
        (calls.load, "load"),
        (calls.insert, "insert"),
        (calls.replace, "replace"),
        (calls.touch, "touch"),
        (calls.delete, "delete"),
        (calls.sweep, "sweep"),
        (calls.devices, "devices"),
        (calls.revoke, "revoke"),
        (calls.check, "check"),
    ];
    let names = counted
        .into_iter()
        .flat_map(|(count, name)| std::iter::repeat_n(name, count));
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join("+")
}
