//! What must hold, whatever happened.

use std::sync::Arc;

use session_core::{Command, Cursor, Moment, Outcome, Record, Revision, Store};
use session_store::Moving;
use session_testkit::{ModelStore, changed, digest_of, key_of, moment_at};

use crate::actors::{Act, Told, hers, written_by};
use crate::explore::{Actor, Progress, Run};

/// Returns the numbers above those that actors write.
pub(crate) fn drawn(model: &ModelStore) -> Vec<i64> {
    let records = everything(model);
    let numbers = records.iter().map(|(_, record)| record.revision.to_i64());
    numbers.filter(|number| *number > 1_000).collect()
}

fn everything(model: &ModelStore) -> Vec<(session_core::Key, Record)> {
    let start = Cursor::default();
    let walk = model.walk(&start, 100, Moment::UNIX_EPOCH);
    pollster::block_on(walk).unwrap().sessions
}

impl Actor {
    fn has_begun(&self) -> bool {
        !matches!(self.progress, Progress::Waits)
    }

    fn is_refused(&self) -> bool {
        matches!(self.progress, Progress::Told(Told::Wrote(Outcome::Refused)))
    }

    fn is_acknowledged(&self) -> bool {
        match self.progress {
            Progress::Told(Told::Wrote(outcome)) => outcome == Outcome::Applied,
            Progress::Told(Told::Done) => true,
            _ => false,
        }
    }

    /// It may have happened.
    fn may_count(&self) -> bool {
        self.has_begun() && !self.is_refused()
    }
}

/// Judges the answer that a node has just got.
pub(crate) fn told(run: &Run, number: usize) {
    let actor = &run.actors[number];
    let others = || {
        run.actors
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number)
    };
    let Progress::Told(told) = &actor.progress else {
        return;
    };
    match told {
        Told::Failed => assert!(actor.is_hit, "it fails for no reason"),
        Told::Wrote(Outcome::Refused) => {
            let changes = |act: Act| act.ends() || act.replaces();
            let is_right = others().any(|(_, other)| changes(other.act) && other.may_count());
            assert!(is_right, "a write is refused for no reason");
        }
        Told::Found(found) => {
            // Whatever was done when the load began counts.
            let counts = |other: usize| actor.done_before.get(other) == Some(&true);
            judge_state(run, Option::as_ref(found), counts, "a load");
        }
        Told::Wrote(Outcome::Applied) | Told::Done => {}
    }
}

/// Judges a found session; those whose acknowledgement `counts` must be seen.
fn judge_state(run: &Run, found: Option<&Record>, counts: impl Fn(usize) -> bool, context: &str) {
    let certain = |(number, actor): &(usize, &Actor)| actor.is_acknowledged() && counts(*number);
    let actors = || run.actors.iter().enumerate();
    let ended = actors().filter(|(_, it)| it.act.ends()).find(certain);
    let may_have_ended = run
        .actors
        .iter()
        .any(|actor| actor.act.ends() && actor.may_count());
    let Some(record) = found.filter(|record| record.expires > moment_at(1)) else {
        assert!(
            may_have_ended,
            "{context}: a live session is answered with none"
        );
        return;
    };
    assert!(
        ended.is_none(),
        "{context}: an acknowledged end is undone: {ended:?}"
    );
    assert!(
        !record.closed,
        "{context}: a closed record leaves the store"
    );
    let revision = record.revision.to_i64();
    assert!(
        revision <= 1_000,
        "{context}: a revision of a placeholder or a marker leaves the store"
    );
    let written = actors()
        .filter(|(_, it)| it.act.replaces() && it.may_count())
        .find(|(number, _)| i64::from(written_by(*number)) == revision);
    let mut certain_writes = actors().filter(|(_, it)| it.act.replaces()).filter(certain);
    match written {
        None => {
            let lost = certain_writes.next();
            assert!(
                lost.is_none(),
                "{context}: an acknowledged write is lost: {lost:?}"
            );
            assert_eq!(revision, 1, "{context}: nobody wrote this");
            let mut expected = hers(1);
            let extended = changed!(hers(1), seen = moment_at(1), expires = moment_at(300));
            let may_be_extended = actors().any(|(_, it)| it.act.touches() && it.may_count());
            if may_be_extended && *record == extended {
                expected = extended;
            }
            let must_be = actors().filter(|(_, it)| it.act.touches()).find(certain);
            let is_extended = record.expires == moment_at(300);
            assert!(
                must_be.is_none() || is_extended,
                "{context}: an acknowledged touch is lost"
            );
            assert_eq!(*record, expected, "{context}");
        }
        Some((number, _)) => {
            let lost = certain_writes.find(|(other, _)| *other != number);
            assert!(
                lost.is_none(),
                "{context}: an acknowledged write is lost: {lost:?}"
            );
            let expected = changed!(hers(written_by(number)), expires = moment_at(200));
            assert_eq!(*record, expected, "{context}");
        }
    }
}

/// Judges what is left, and what later nodes make of it.
pub(crate) fn end(run: &Run) {
    let applied = run
        .actors
        .iter()
        .filter(|actor| actor.act.replaces() && actor.is_acknowledged());
    assert!(applied.count() <= 1, "two writes on one state are applied");
    for is_preparing in [true, false] {
        let stores = || -> [ModelStore; 2] { [copy(&run.old), copy(&run.new)] };
        let [old, new] = stores();
        let node = node(&old, &new, is_preparing);
        let found = load(&node);
        judge_state(run, found.as_ref(), |_| true, "a later load");
        // What a late write on any state that somebody knows does to one that is gone.
        let Some(found) = found else {
            for known in [1, 10, 11, 12, 13] {
                let next = hers(90);
                assert_eq!(
                    replace(&node, known, &next),
                    Outcome::Refused,
                    "a later write revives"
                );
            }
            pass(&old, &new);
            assert_eq!(load(&node), None, "a later pass revives");
            assert_eq!(load(&new), None);
            continue;
        };
        // It can be written, at once and after a pass.
        let next = changed!(hers(90), expires = moment_at(400));
        let known = found.revision.to_i64();
        assert_eq!(
            replace(&node, known, &next),
            Outcome::Applied,
            "it can't be written any more"
        );
        assert_eq!(load(&node), Some(next), "a later write");
        let [old, new] = stores();
        pass(&old, &new);
        assert_eq!(load(&new), Some(found), "the session after a pass");
    }
}

/// Moves the rest, and checks that nothing is left.
fn pass(old: &ModelStore, new: &ModelStore) {
    let mover = node(old, new, false);
    for is_last in [false, true] {
        let start = Cursor::default();
        let batch = mover.move_batch(&start, 10, moment_at(1));
        let done = pollster::block_on(batch).unwrap();
        assert!(done.trouble.is_none() && done.next.is_none());
        assert!(done.met == 0 || !is_last, "a pass leaves something");
    }
    let is_left = |model| {
        everything(model)
            .iter()
            .any(|(_, it)| it.expires > moment_at(1))
    };
    assert!(!is_left(old), "a pass leaves something in the old store");
}

fn node(old: &ModelStore, new: &ModelStore, is_preparing: bool) -> Moving {
    let (old, new) = (Arc::new(old.clone()), Arc::new(new.clone()));
    if is_preparing {
        return Moving::preparing(old, new).unwrap();
    }
    Moving::new(old, new).unwrap()
}

fn load(store: &dyn Store) -> Option<Record> {
    let (key, secret) = (key_of(1), digest_of(0));
    let load = store.load(&key, &secret, moment_at(1));
    let found = pollster::block_on(load).unwrap();
    found.filter(|record| !record.closed && record.expires > moment_at(1))
}

fn replace(store: &dyn Store, expected: i64, record: &Record) -> Outcome {
    let replace = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(expected),
        record,
    };
    pollster::block_on(store.write(replace, moment_at(1))).unwrap()
}

fn copy(model: &ModelStore) -> ModelStore {
    let copy = ModelStore::new();
    for (key, record) in everything(model) {
        let insert = Command::Insert {
            key: &key,
            record: &record,
        };
        pollster::block_on(copy.write(insert, moment_at(0))).unwrap();
    }
    copy
}
