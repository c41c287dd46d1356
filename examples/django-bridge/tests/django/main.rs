//! Real Django beside this project, on every release and database that this machine has.
//!
//! It needs what `scripts/install-django` and `scripts/install-servers` install. What is missing is named and skipped; with
//! `CI` or `STRICT` set there must be a Django and each database.
#![allow(clippy::unwrap_used)]

mod caches;
mod cookies;
mod crossing;
mod decider;
mod decisions;
mod draw;
mod form;
mod keys;
mod logins;
mod races;
mod random;
mod rig;
mod rust;
mod scene;
mod servers;
mod tables;
mod zones;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::rig::{Kind, Rig};
use crate::scene::Scene;

type Proof = (&'static str, fn(&Scene));

/// Lists proofs by their names: each is an async function that takes a [`Scene`].
macro_rules! proofs {
    ($($module:ident: $($name:ident)*;)*) => {
        [$($((stringify!($name), |scene| scene::run($module::$name(scene)))),*),*]
    };
}

/// Taken on every release of Django and every database.
const PROOFS: [Proof; 14] = proofs! {
    caches:
        what_rust_does_shows_through_djangos_cache;
    crossing:
        what_one_side_does_holds_on_the_other
        djangos_csrf_token_survives_a_write_in_rust
        the_sweep_removes_what_clearsessions_would;
    logins:
        a_login_and_a_logout_count_on_both_sides_of_every_framework
        a_change_of_the_password_ends_the_other_sessions_on_both_sides
        the_showcase_signs_in_the_sites_users
        a_name_that_django_reserves_is_refused_to_clients;
    races:
        a_logout_on_either_side_stays_one_while_the_other_writes
        counts_of_rust_writers_are_exact
        no_rust_write_loses_what_it_met;
    random:
        random_sessions_are_the_same_on_both_sides;
    tables:
        a_table_made_in_rust_is_the_one_that_migrate_makes;
    zones:
        a_column_in_a_zone_of_its_own_has_the_same_moments;
};

/// Taken on every release, on one database: the others can't change them.
const DECISIONS: [Proof; 8] = proofs! {
    cookies:
        signed_cookies_are_the_same_on_both_sides;
    keys:
        a_login_survives_a_new_key_on_either_side
        a_row_under_an_unknown_key_is_left_alone;
    decisions:
        django_decides_as_its_table_says
        django_that_saves_at_every_request_decides_as_its_table_says
        rust_decides_as_django_or_better
        rust_that_extends_at_every_request_decides_as_django_or_better;
    scene:
        the_site_serves_its_pages_and_answers_questions;
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let rig = Arc::new(Rig::find());
    let mut trials = Vec::new();
    for place in rig.places() {
        let decisions = DECISIONS.into_iter().filter(|_| place.kind == Kind::Sqlite);
        for (name, proof) in PROOFS.into_iter().chain(decisions) {
            let (rig, place) = (Arc::clone(&rig), place.clone());
            trials.push(Trial::test(format!("{place}::{name}"), move || {
                proof(&rig.scene(&place));
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
