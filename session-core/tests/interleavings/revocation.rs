//! Revocations beside held touches, wrong clocks and a store that half works.

use std::time::Duration;

use crate::cast::Act::{Cycle, Fail, Increment, Logout, Put, Read, Revoke, Save, SignIn, TrySave};
use crate::cast::{Act, CALM, Setting, browser, by_clock};
use crate::schedule::Report;
use crate::visit::{Property, Visit, explore};

/// After each step.
const REVOKED: &[(&str, Property)] = &[
    ("nothing revoked is alive", nothing_revoked_is_alive),
    ("nothing ends but by an end", nothing_ends_but_by_an_end),
];

fn nothing_revoked_is_alive(visit: &Visit<'_>) -> bool {
    let revoked = &visit.scene.revoked;
    revoked.iter().all(|key| visit.scene.record(key).is_none())
}

/// A wrong clock removes no session that lives.
fn nothing_ends_but_by_an_end(visit: &Visit<'_>) -> bool {
    let ends = |act| matches!(act, Revoke | Logout | Act::Destroy | SignIn(_));
    visit.any(ends) || visit.scene.record(&visit.scene.first.key).is_some()
}

const REQUESTS: [&[Act]; 9] = [
    &[Read],
    &[Put],
    &[Increment],
    &[Cycle],
    &[Put, Fail],
    &[SignIn("ada")],
    &[SignIn("ada"), Save, Put],
    &[Increment, TrySave, Cycle, TrySave, Increment],
    &[Logout],
];

/// A session of ada's that every read extends, a minute before its end.
const ENDING: Setting = Setting {
    owner: Some("ada"),
    age: Duration::from_secs(14 * 24 * 60 * 60 - 60),
    ..CALM
};

fn report() -> Report {
    let mut report = Report::by(&[]);
    report.always = REVOKED;
    report
}

#[test]
fn a_revocation_beside_two_requests_and_their_touches() {
    let mut report = report();
    for (i, first) in REQUESTS.iter().enumerate() {
        for second in &REQUESTS[i..] {
            let cast = [browser(first), browser(second), browser(&[Revoke])];
            explore(ENDING, &cast, &mut report);
        }
    }
    report.conclude(3_000);
}

#[test]
fn a_revocation_beside_a_fast_and_a_slow_clock() {
    let mut report = report();
    for first in REQUESTS {
        for second in &REQUESTS[..4] {
            for [one, other] in [[120, 0], [120, -120], [0, -120]] {
                let pair = [by_clock(first, one), by_clock(second, other)];
                explore(ENDING, &pair, &mut report);
                let cast = [pair[0], pair[1], browser(&[Revoke])];
                explore(ENDING, &cast, &mut report);
            }
        }
    }
    report.conclude(2_000);
}

#[test]
fn a_revocation_beside_a_store_that_ceases_to_write_at_any_time() {
    let may_cease_to_write = true;
    let setting = Setting {
        may_cease_to_write,
        ..ENDING
    };
    let mut report = report();
    for (i, first) in REQUESTS.iter().enumerate() {
        for second in &REQUESTS[i..] {
            let cast = [browser(first), browser(second), browser(&[Revoke])];
            explore(setting, &cast, &mut report);
        }
    }
    report.conclude(8_000);
}

#[test]
fn a_revocation_beside_a_failure_or_a_dropped_request() {
    let setting = Setting {
        faults: 1,
        ..ENDING
    };
    let mut report = report();
    for first in REQUESTS {
        for second in &REQUESTS[..4] {
            let cast = [browser(first), browser(second), browser(&[Revoke])];
            explore(setting, &cast, &mut report);
        }
    }
    report.conclude(8_000);
}
