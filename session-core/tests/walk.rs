//! What a store keeps, as tools meet it; and a store made of two.
#![allow(clippy::unwrap_used)]

use pollster::block_on;
use session_core::{Batch, Command, Cursor, Store, ValueRule};
use session_testkit::{ModelStore, key_of, moment_at, record_of};

#[test]
fn a_walk_goes_on_from_a_place_that_shows_nothing_of_itself() {
    let store = ModelStore::new();
    for number in 1..=5 {
        let insert = Command::Insert {
            key: &key_of(number),
            record: &record_of(1),
        };
        block_on(store.write(insert, moment_at(0))).unwrap();
    }
    let (mut next, mut keys) = (Some(Cursor::default()), Vec::new());
    while let Some(from) = next {
        let kept = Cursor::from_bytes(from.as_bytes());
        let batch = block_on(store.walk(&kept, 2, moment_at(0))).unwrap();
        keys.extend(batch.sessions.iter().map(|(key, _)| *key));
        next = batch.next;
    }
    keys.sort();
    let mut all: Vec<_> = (1..=5).map(key_of).collect();
    all.sort();
    assert_eq!(keys, all);
    assert_eq!(format!("{:?}", Cursor::from_bytes(b"a key")), "Cursor(…)");
    assert_eq!(Batch::default().next, None);
}

#[test]
fn of_three_rules_no_store_is_made() {
    let short = ValueRule::new(|name, _| (name.len() > 3).then_some("has too long a name"));
    let flat = ValueRule::new(|_, json| json.starts_with('[').then_some("is a list"));
    let both = short.and(flat).unwrap();
    // A rule is a function; there is room for two.
    assert!(both.and(short).is_none() && short.and(both).is_none());
    assert!(both.and(ValueRule::ANY).is_some());
}
