//! What is asked of the two stores, and how often they are asked.

use std::sync::Arc;

use session_core::{Command, Only, Outcome, Revision, Store, StoreError, ValueRule};
use session_store::Moving;
use session_testkit::{ModelStore, SpyStore, digest_of, key_of, moment_at, record_of};

#[test]
fn both_stores_need_ids_of_two_parts() {
    let hashed = || Arc::new(ModelStore::new()) as Arc<dyn Store>;
    let plain = || Arc::new(ModelStore::of_plain_ids()) as Arc<dyn Store>;
    for make in [Moving::preparing, Moving::new] {
        assert!(make(hashed(), hashed()).is_ok());
        for (old, new) in [(hashed(), plain()), (plain(), hashed()), (plain(), plain())] {
            let error = make(old, new).unwrap_err();
            assert!(error.is_unsupported(), "{error}");
        }
    }
    let moving = Moving::new(hashed(), hashed()).unwrap();
    let _: ValueRule = moving.value_rule();
}

/// The calls of `old` and of `new`.
type Cost = [usize; 2];

/// What a command costs on a session that is in one of the stores.
fn cost(step: Step, is_old: bool, act: fn(&Moving)) -> Cost {
    let [old, new] = [(); 2].map(|()| Arc::new(SpyStore::new(ModelStore::new())));
    let key = &key_of(1);
    let record = &record_of(1);
    let place = if is_old { &old } else { &new };
    let insert = Command::Insert { key, record };
    pollster::block_on(place.write(insert, moment_at(1))).unwrap();
    let stores = [&old, &new].map(|store| Arc::clone(store) as Arc<dyn Store>);
    let [older, newer] = stores;
    let moving = step(older, newer).unwrap();
    let before = [&old, &new].map(|store| store.calls().total());
    act(&moving);
    let after = [&old, &new].map(|store| store.calls().total());
    [after[0] - before[0], after[1] - before[1]]
}

type Step = fn(Arc<dyn Store>, Arc<dyn Store>) -> Result<Moving, StoreError>;

fn load(moving: &Moving) {
    let (key, secret) = (&key_of(1), digest_of(0));
    let found = pollster::block_on(moving.load(key, &secret, moment_at(1)));
    assert!(found.unwrap().is_some());
}

fn write(moving: &Moving, command: Command<'_>) {
    let outcome = pollster::block_on(moving.write(command, moment_at(1)));
    assert_eq!(outcome.unwrap(), Outcome::Applied);
}

fn touch(moving: &Moving) {
    let touch = Command::Touch {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        seen: moment_at(1),
        expires: moment_at(200),
    };
    write(moving, touch);
}

fn replace(moving: &Moving) {
    let replace = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        record: &record_of(2),
    };
    write(moving, replace);
}

fn begin(moving: &Moving) {
    let (key, record) = (&key_of(2), &record_of(2));
    write(moving, Command::Insert { key, record });
}

fn end(moving: &Moving) {
    let (key, secret) = (&key_of(1), digest_of(0));
    let only = Only::Opened(&secret);
    write(moving, Command::Delete { key, only });
    let found = pollster::block_on(moving.load(key, &secret, moment_at(1)));
    assert_eq!(found.unwrap(), None);
}

#[test]
fn a_request_costs_as_many_calls_as_the_docs_say() {
    let (preparing, moves): (Step, Step) = (Moving::preparing, Moving::new);
    for (what, step, is_old, act, expected) in [
        ("load", preparing, true, load as fn(&Moving), [1, 0]),
        ("replace", preparing, true, replace, [1, 0]),
        ("touch", preparing, true, touch, [1, 1]),
        ("load", preparing, false, load, [1, 1]),
        ("replace", preparing, false, replace, [2, 1]),
        ("touch", preparing, false, touch, [2, 1]),
        ("begin", preparing, true, begin, [1, 1]),
        ("load", moves, false, load, [0, 1]),
        ("replace", moves, false, replace, [0, 1]),
        ("touch", moves, false, touch, [0, 1]),
        ("begin", moves, false, begin, [1, 1]),
        ("load", moves, true, load, [1, 1]),
        ("replace", moves, true, replace, [4, 5]),
        ("touch", moves, true, touch, [4, 5]),
        // With the load that finds none afterwards.
        ("end", preparing, true, end, [2, 3]),
        ("end", moves, false, end, [2, 4]),
    ] {
        assert_eq!(
            cost(step, is_old, act),
            expected,
            "{what}, in old: {is_old}"
        );
    }
}
