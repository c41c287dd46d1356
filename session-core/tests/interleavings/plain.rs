//! Ids of one part: a new id is a new key, under which the record is from then on.
//!
//! There is no grace. A request that comes by the old id finds nothing: it begins a session of its own if
//! it writes, and its logout ends nothing. One that has loaded the session before drops its changes, a
//! sign-in fails, and a lost answer logs the visitor out. What holds is this.

use session_core::{Key, Record};

use crate::cast::Act::{
    self, Clear, Cycle, Destroy, Increment, Logout, Put, Read, Reauthenticate, Save, SignIn,
};
use crate::cast::{CALM, Setting, browser, stranger};
use crate::properties::{
    a_planter_has_no_part_in_the_session_that_is_signed_in,
    an_answer_sets_only_the_secret_that_its_own_write_has_made_the_present_one, ends,
    what_was_acknowledged_has_its_cookie,
};
use crate::schedule::Report;
use crate::values::{an_error_stores_nothing, counted, has};
use crate::visit::{Property, Visit, explore};
use crate::{LATE, SAVING, SIMPLE, pairs};

/// After each step.
const ALWAYS: &[(&str, Property)] = &[
    ("the session is under one key", the_session_is_under_one_key),
    (
        "nothing that was ended comes back",
        nothing_that_was_ended_comes_back,
    ),
];

/// When all requests have ended.
const AFTERWARDS: &[(&str, Property)] = &[
    (
        "what was acknowledged has its cookie",
        what_was_acknowledged_has_its_cookie,
    ),
    (
        "an answer sets only the id that its own write has made the session's",
        an_answer_sets_only_the_secret_that_its_own_write_has_made_the_present_one,
    ),
    (
        "a planter has no part in the session that is signed in",
        a_planter_has_no_part_in_the_session_that_is_signed_in,
    ),
    ("no acknowledged put is lost", no_acknowledged_put_is_lost),
    (
        "no acknowledged increment is lost or counted twice",
        no_acknowledged_increment_is_lost_or_counted_twice,
    ),
    ("an error stores nothing", an_error_stores_nothing),
];

const PLAIN: Setting = Setting {
    is_plain: true,
    ..CALM
};

fn report() -> Report {
    let mut report = Report::by(AFTERWARDS);
    report.always = ALWAYS;
    report
}

/// Returns the key under which a session is now that was under another one.
fn present(visit: &Visit<'_>, held: Key) -> Key {
    let moves = visit.scene.events.iter();
    moves.fold(held, |key, event| {
        if event.from == Some(key) {
            event.key
        } else {
            key
        }
    })
}

fn the_session_is_under_one_key(visit: &Visit<'_>) -> bool {
    let mut moved = visit.scene.events.iter().filter_map(|event| event.from);
    moved.all(|old| visit.scene.record(&old).is_none()) && rows(visit) <= 1
}

/// Returns how many live records have the value of the beginning.
fn rows(visit: &Visit<'_>) -> usize {
    let scene = &visit.scene;
    let model = scene.world.model.lock().unwrap();
    let live = model.live(scene.world.now());
    live.filter(|(_, record)| has(record, "base")).count()
}

fn nothing_that_was_ended_comes_back(visit: &Visit<'_>) -> bool {
    let has_base = |record: &Option<Record>| record.as_ref().is_some_and(|it| has(it, "base"));
    let mut events = visit.scene.events.iter();
    let is_ended = events.any(|event| event.is_delete && has_base(&event.before))
        || visit.scene.is_first_ended;
    !is_ended || rows(visit) == 0
}

/// Nobody has ended, cleared or taken over the session that it was put into, wherever that is now.
fn no_acknowledged_put_is_lost(visit: &Visit<'_>) -> bool {
    if is_renewed(visit) {
        return true;
    }
    let actors = visit.actors.iter();
    let mut all = actors.flat_map(|actor| &actor.ledger.acknowledged);
    all.all(|(held, written)| {
        let record = visit.scene.live(&present(visit, *held));
        record.is_some_and(|it| written.names.iter().all(|name| has(&it, name)))
    })
}

fn no_acknowledged_increment_is_lost_or_counted_twice(visit: &Visit<'_>) -> bool {
    if is_renewed(visit) {
        return true;
    }
    let acknowledged = || {
        let actors = visit.actors.iter();
        let all = actors.flat_map(|actor| &actor.ledger.acknowledged);
        all.map(|(held, written)| (present(visit, *held), written.increments))
    };
    let tried = visit.actors.iter().map(|it| it.ledger.written.increments);
    let tried: u32 = tried.sum();
    acknowledged().all(|(key, _)| {
        let own = acknowledged().filter(|(held, _)| *held == key);
        let least = own.map(|(_, increments)| increments).sum();
        // One whose answer is lost may be done.
        let is_calm = visit.scene.setting.faults == 0;
        let most = if is_calm { least } else { tried };
        let record = visit.scene.live(&key);
        record.is_some_and(|record| (least..=most).contains(&counted(&record)))
    })
}

/// Whether the session was ended or emptied, or another owner has signed in.
fn is_renewed(visit: &Visit<'_>) -> bool {
    let acts = visit.actors.iter().flat_map(|actor| actor.part.acts);
    let mut owners: Vec<_> = acts
        .filter_map(|act| match act {
            SignIn(owner) => Some(*owner),
            _ => None,
        })
        .chain(visit.scene.setting.owner)
        .collect();
    owners.dedup();
    ends(visit) || visit.any(|act| act == Clear) || owners.len() > 1
}

#[test]
fn two_requests_with_plain_ids_in_every_order() {
    let mut report = report();
    pairs(&SIMPLE, &SIMPLE, PLAIN, &mut report);
    report.conclude(1_000);
}

#[test]
fn requests_with_plain_ids_that_save_early() {
    let mut report = report();
    pairs(&SAVING, &SIMPLE, PLAIN, &mut report);
    report.conclude(1_000);
}

#[test]
fn a_store_of_plain_ids_that_fails_once() {
    let mut report = report();
    let setting = Setting { faults: 1, ..PLAIN };
    pairs(&SIMPLE, &SIMPLE, setting, &mut report);
    report.conclude(10_000);
}

#[test]
fn answers_with_plain_ids_that_arrive_between_the_requests() {
    let mut report = report();
    let setting = Setting {
        is_plain: true,
        ..LATE
    };
    pairs(&SIMPLE, &SIMPLE, setting, &mut report);
    report.conclude(1_000);
}

#[test]
fn a_stranger_who_knows_the_plain_id_of_the_beginning() {
    let entering: [&[Act]; 4] = [
        &[SignIn("ada"), Put],
        &[SignIn("ada"), Save, Put],
        &[SignIn("bob"), Put],
        &[Reauthenticate, Increment],
    ];
    let stealing: [&[Act]; 6] = [&[Read], &[Put], &[Cycle], &[Clear], &[Destroy], &[Logout]];
    let mut report = report();
    for owner in [None, Some("ada")] {
        for login in entering {
            for theft in stealing {
                for third in [stranger(&[Read]), browser(&[Cycle])] {
                    let cast = [browser(login), stranger(theft), third];
                    let setting = Setting {
                        owner,
                        is_plain: true,
                        ..LATE
                    };
                    explore(setting, &cast, &mut report);
                }
            }
        }
    }
    report.conclude(8_000);
}
