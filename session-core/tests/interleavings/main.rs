//! A visitor's requests, through every order of their store calls, failures and answers.
#![allow(clippy::unwrap_used)]

mod actor;
mod cast;
mod ledger;
mod outcome;
mod plain;
mod properties;
mod revocation;
mod scene;
mod schedule;
#[path = "../util/mod.rs"]
mod util;
mod values;
mod visit;

use std::time::Duration;

use cast::Act::{
    Clear, Cycle, Destroy, Fail, Increment, Logout, Put, Read, Reauthenticate, Save, SignIn,
    TrySave,
};
use cast::{Act, CALM, EXPIRE, GRACE_PASSES, PART_OF_THE_GRACE_PASSES, Setting, browser, stranger};
use properties::IN_THE_GRACE;
use schedule::Report;
use visit::explore;

/// Requests that commit once.
const SIMPLE: [&[Act]; 15] = [
    &[Read],
    &[Put],
    &[Increment],
    &[Cycle],
    &[Cycle, Put],
    &[SignIn("ada"), Put],
    &[SignIn("bob")],
    &[Reauthenticate],
    &[Reauthenticate, Put],
    &[Clear],
    &[Destroy],
    &[Logout],
    &[Destroy, SignIn("carol")],
    &[Put, Fail],
    &[EXPIRE],
];

/// Requests that commit more than once.
const SAVING: [&[Act]; 8] = [
    &[Put, Save, Put],
    &[Cycle, Save, Increment],
    &[Increment, Save, Cycle, Save, Increment],
    &[Cycle, Save, Put, Fail],
    &[SignIn("ada"), Save, Cycle, Put],
    &[Put, Save, SignIn("ada"), Save, Put],
    &[Increment, TrySave, Reauthenticate, TrySave, Increment],
    &[Put, TrySave, Destroy],
];

/// Requests of which three at once are tried.
const FEW: [&[Act]; 9] = [
    &[Read],
    &[Put],
    &[Increment],
    &[Cycle],
    &[SignIn("ada")],
    &[Reauthenticate],
    &[Destroy],
    &[Logout],
    &[EXPIRE],
];

const OWNERS: [Option<&str>; 2] = [None, Some("ada")];

/// Every pair of requests, in both kinds of session.
fn pairs(
    firsts: &[&'static [Act]],
    seconds: &[&'static [Act]],
    setting: Setting,
    report: &mut Report,
) {
    for owner in OWNERS {
        for first in firsts {
            for second in seconds {
                let cast = [browser(first), browser(second)];
                explore(Setting { owner, ..setting }, &cast, report);
            }
        }
    }
}

/// Every pair, by what holds of ids of two parts.
fn every_pair(firsts: &[&'static [Act]], seconds: &[&'static [Act]], setting: Setting) -> Report {
    let mut report = Report::default();
    pairs(firsts, seconds, setting, &mut report);
    report
}

#[test]
fn two_requests_in_every_order() {
    every_pair(&SIMPLE, &SIMPLE, CALM).conclude(1_000);
}

#[test]
fn two_requests_in_every_order_without_a_grace() {
    let grace = Duration::ZERO;
    every_pair(&SIMPLE, &SIMPLE, Setting { grace, ..CALM }).conclude(1_000);
}

#[test]
fn two_requests_within_one_moment() {
    let tick = Duration::ZERO;
    every_pair(&SIMPLE, &SIMPLE, Setting { tick, ..CALM }).conclude(1_000);
}

#[test]
fn requests_that_save_early_beside_others() {
    every_pair(&SAVING, &SIMPLE, CALM).conclude(1_500);
}

#[test]
fn requests_that_save_early_beside_each_other() {
    every_pair(&SAVING, &SAVING, CALM).conclude(4_000);
}

#[test]
fn three_requests_in_every_order() {
    let mut report = Report::default();
    for owner in OWNERS {
        for (i, first) in FEW.iter().enumerate() {
            for (j, second) in FEW.iter().enumerate().skip(i) {
                for third in &FEW[j..] {
                    let cast = [browser(first), browser(second), browser(third)];
                    explore(Setting { owner, ..CALM }, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(8_000);
}

#[test]
fn a_store_that_fails_once_and_requests_that_are_dropped() {
    every_pair(&SIMPLE, &SIMPLE, Setting { faults: 1, ..CALM }).conclude(10_000);
}

#[test]
fn a_failure_before_and_after_an_early_save() {
    every_pair(&SAVING, &SIMPLE, Setting { faults: 1, ..CALM }).conclude(20_000);
}

#[test]
fn three_rotations_whose_answers_arrive_at_any_time() {
    let rotating: [&[Act]; 4] = [
        &[Read],
        &[Cycle],
        &[Reauthenticate],
        &[Cycle, Save, Increment],
    ];
    let mut report = Report::default();
    for first in rotating {
        for second in rotating {
            for third in [rotating[1], rotating[2], &[GRACE_PASSES]] {
                let cast = [browser(first), browser(second), browser(third)];
                let owner = Some("ada");
                explore(Setting { owner, ..LATE }, &cast, &mut report);
            }
        }
    }
    report.conclude(8_000);
}

/// A rotation's answer is lost by the store, or by the network, or by both.
#[test]
fn a_failure_beside_answers_that_arrive_late_or_never() {
    let rotating: [&[Act]; 4] = [
        &[Cycle, Put],
        &[Reauthenticate],
        &[SignIn("ada"), Put],
        &[Increment, Save, Cycle, Save, Increment],
    ];
    let beside: [&[Act]; 5] = [
        &[Read],
        &[Increment],
        &[Cycle],
        &[Reauthenticate],
        &[GRACE_PASSES],
    ];
    every_pair(&rotating, &beside, Setting { faults: 1, ..LATE }).conclude(4_000);
}

/// Each request is sent with what the jar holds by then, and answers arrive late or never.
const LATE: Setting = Setting {
    sent_together: false,
    ..CALM
};

#[test]
fn answers_that_arrive_between_the_requests() {
    every_pair(&SIMPLE, &SIMPLE, LATE).conclude(2_000);
}

#[test]
fn answers_that_arrive_late_or_never_while_the_grace_passes() {
    let rotating: [&[Act]; 5] = [
        &[Cycle],
        &[Reauthenticate],
        &[SignIn("ada")],
        &[Cycle, Save, Put],
        &[Increment, Save, Reauthenticate],
    ];
    let waiting: [&[Act]; 2] = [&[GRACE_PASSES], &[PART_OF_THE_GRACE_PASSES]];
    let mut report = Report::default();
    for owner in OWNERS {
        for first in rotating {
            for second in FEW {
                for wait in waiting {
                    let cast = [browser(first), browser(second), browser(wait)];
                    explore(Setting { owner, ..LATE }, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(8_000);
}

#[test]
fn a_stranger_who_knows_the_id_of_the_beginning() {
    let entering: [&[Act]; 5] = [
        &[SignIn("ada"), Put],
        &[SignIn("ada"), Save, Put],
        &[SignIn("bob"), Put],
        &[Reauthenticate, Put],
        &[Cycle, Save, Reauthenticate],
    ];
    let stealing: [&[Act]; 6] = [&[Read], &[Put], &[Cycle], &[Clear], &[Destroy], &[Logout]];
    let third = [
        stranger(&[Read]),
        stranger(&[Cycle]),
        browser(&[Cycle]),
        browser(&[GRACE_PASSES]),
    ];
    let mut report = Report::default();
    for owner in OWNERS {
        for login in entering {
            for theft in stealing {
                for third in third {
                    let cast = [browser(login), stranger(theft), third];
                    explore(Setting { owner, ..LATE }, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(40_000);
}

#[test]
fn two_logins_at_once_beside_another_request() {
    let logins: [&[Act]; 3] = [
        &[SignIn("ada")],
        &[SignIn("bob")],
        &[Put, SignIn("ada"), Save, Put],
    ];
    let mut report = Report::default();
    for owner in OWNERS {
        for first in logins {
            for second in &logins[..2] {
                for third in [&[Read][..], &[Put], &[Cycle], &[GRACE_PASSES]] {
                    let cast = [browser(first), browser(second), browser(third)];
                    explore(Setting { owner, ..LATE }, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(40_000);
}

#[test]
fn requests_beside_a_login_replace_its_cookie_by_none_of_nobody() {
    let mut report = Report::by(IN_THE_GRACE);
    let cast = [
        browser(&[SignIn("bob")]),
        browser(&[Put]),
        browser(&[Increment, Save, Cycle]),
    ];
    for owner in OWNERS {
        explore(Setting { owner, ..CALM }, &cast, &mut report);
    }
    report.conclude(100);
}

/// A secret that is due when the requests are sent, and that of the renewal is not.
const DUE: Setting = Setting {
    rotate_every: Some(Duration::from_hours(1)),
    age: Duration::from_hours(1),
    ..CALM
};

/// Requests of which three meet a renewal at once.
const MEETING: [&[Act]; 5] = [&[Read], &[Put], &[Increment], &[Cycle], &[Put, Fail]];

#[test]
fn three_requests_across_a_renewal_in_every_order() {
    let mut report = Report::default();
    for owner in OWNERS {
        for (i, first) in MEETING.iter().enumerate() {
            for (j, second) in MEETING.iter().enumerate().skip(i) {
                for third in &MEETING[j..] {
                    let cast = [browser(first), browser(second), browser(third)];
                    explore(Setting { owner, ..DUE }, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(2_000);
}

#[test]
fn requests_across_a_renewal_that_fails_or_whose_answer_is_late_or_lost() {
    let beside: [&[Act]; 4] = [
        &[Reauthenticate],
        &[Destroy],
        &[SignIn("bob")],
        &[GRACE_PASSES],
    ];
    let all = [&MEETING[..], &beside].concat();
    let late = Setting {
        sent_together: false,
        ..DUE
    };
    let mut report = Report::default();
    for setting in [DUE, late] {
        let setting = Setting {
            faults: 1,
            ..setting
        };
        pairs(&MEETING, &all, setting, &mut report);
    }
    for second in &MEETING[..4] {
        for third in [&[Read][..], &[GRACE_PASSES]] {
            let cast = [browser(&[Read]), browser(second), browser(third)];
            explore(late, &cast, &mut report);
        }
    }
    report.conclude(2_000);
}
