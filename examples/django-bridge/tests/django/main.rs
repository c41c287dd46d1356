//! Real Django beside this project, on every release and database that this machine has.
//!
//! It needs what `scripts/install-django` and `scripts/install-servers` install. What is missing is named and skipped; with
//! `CI` or `STRICT` set there must be a Django and each database.
#![allow(clippy::unwrap_used)]

mod rig;
mod scene;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::rig::Rig;
use crate::scene::Scene;

type Proof = (&'static str, fn(&Scene));

/// Lists proofs by their names: each is an async function that takes a [`Scene`].
macro_rules! proofs {
    ($($module:ident: $($name:ident)*;)*) => {
        [$($((stringify!($name), |scene| scene::run($module::$name(scene)))),*),*]
    };
}

/// Taken on every release of Django and every database.
const PROOFS: [Proof; 1] = proofs! {
    scene:
        the_site_serves_its_pages_and_answers_questions;
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let rig = Arc::new(Rig::find());
    let mut trials = Vec::new();
    for place in rig.places() {
        for (name, proof) in PROOFS {
            let (rig, place) = (Arc::clone(&rig), place.clone());
            trials.push(Trial::test(format!("{place}::{name}"), move || {
                proof(&rig.scene(&place));
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
