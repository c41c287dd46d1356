//! Setting an equal value changes nothing, however its text is written.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use session_core::Session;
use util::{World, key_of};

fn map() -> HashMap<String, u32> {
    (0..8)
        .map(|number| (format!("key{number}"), number))
        .collect()
}

/// A session whose values are stored as this text, which another program may have written.
fn stored(text: &str) -> (World, String) {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let mut model = world.model.lock().unwrap();
    let record = model.0.get_mut(&key_of(&cookie)).unwrap();
    record.data = text.into();
    drop(model);
    (world, cookie)
}

#[test]
fn a_map_in_another_order_is_the_same_map() {
    for _ in 0..20 {
        let world = World::new(|policy| policy);
        let seen = world.request("", 200, |session| {
            session.insert("map", [map(), map()]).unwrap();
        });
        let cookie = seen.id().unwrap();
        let seen = world.request(&cookie, 200, |session| {
            session.insert("map", [map(), map()]).unwrap();
            assert!(!session.is_modified());
        });
        assert_eq!(seen.calls, ["load"]);
        // A computation has to be repeated elsewhere, but its equal result is not written.
        let seen = world.request(&cookie, 200, |session| {
            let end = session.expires_at();
            let new = session.update("map", |old: Option<[HashMap<String, u32>; 2]>| {
                old.map(|maps| maps.map(|map| map.into_iter().collect()))
                    .unwrap()
            });
            assert_eq!(new.unwrap(), [map(), map()]);
            assert_eq!(session.expires_at(), end);
        });
        assert_eq!(seen.calls, ["load"]);
        // Nor are values that were removed and set again.
        let seen = world.request(&cookie, 200, |session| {
            session.clear().unwrap();
            session.insert("map", [map(), map()]).unwrap();
        });
        assert_eq!(seen.calls, ["load"]);
    }
}

#[test]
fn a_text_of_another_program_is_compared_by_its_value() {
    let data = r#" { "b" : {"y":[1, 2], "x":"\u00e9\/"} , "a":1.50, "c": "\u0041" } "#;
    let same: [fn(&Session); 6] = [
        |session| session.insert("b", json!({"x":"é/","y":[1,2]})).unwrap(),
        |session| session.insert("c", "A").unwrap(),
        |session| {
            session
                .update("b", |old: Option<Value>| old.unwrap())
                .unwrap();
        },
        |session| {
            let raw: Box<RawValue> = session.take("a").unwrap().unwrap();
            session.insert("a", raw).unwrap();
        },
        |session| {
            session.insert("new", 1).unwrap();
            session.remove("new").unwrap();
        },
        |session| {
            let all: Vec<(String, String)> = session.iter().collect();
            session.clear().unwrap();
            for (key, text) in all.into_iter().rev() {
                session
                    .insert(&key, RawValue::from_string(text).unwrap())
                    .unwrap();
            }
        },
    ];
    for (row, act) in same.iter().enumerate() {
        let (world, cookie) = stored(data);
        let seen = world.request(&cookie, 200, |session| {
            let end = session.expires_at();
            act(session);
            assert_eq!(session.expires_at(), end, "row {row}");
        });
        assert_eq!(seen.calls, ["load"], "row {row}");
    }
}

#[test]
fn what_reads_differently_is_a_change() {
    let rows = [
        ("1", "1.0"),
        ("1.50", "1.5"),
        ("0.0", "-0.0"),
        ("1", "true"),
        ("18446744073709551617", "18446744073709551618"),
        ("null", "[]"),
        (r#""a""#, r#""A""#),
        (r#""12""#, r#""21""#),
        (r#""1""#, "1"),
        ("[1,2]", "[2,1]"),
        ("[12]", "[1,2]"),
        (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#),
        (r#"{"a":{"b":1},"c":{}}"#, r#"{"a":{},"c":{"b":1}}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"ab":1}"#, r#"{"ba":1}"#),
        (r#"{"a": 1}"#, r#"{"a":1.0}"#),
        (r#"["\u0061"]"#, r#"["\u0062"]"#),
    ];
    for (one, other) in rows {
        for (old, new) in [(one, other), (other, one)] {
            let (world, cookie) = stored(&format!(r#"{{"k":{old}}}"#));
            let seen = world.request(&cookie, 200, |session| {
                let raw = RawValue::from_string(new.into()).unwrap();
                session.insert("k", raw).unwrap();
            });
            assert_eq!(seen.calls, ["load", "replace"], "{old} -> {new}");
            let record = world.record(&cookie).unwrap();
            assert_eq!(&*record.data, format!(r#"{{"k":{new}}}"#));
        }
    }
}

#[test]
fn a_value_that_is_set_after_it_was_computed_is_set() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let slow = world.open(&cookie);
    let add = |n: Option<u32>| n.unwrap_or(0) + 1;
    assert_eq!(slow.update("n", add).unwrap(), 1);
    slow.insert("n", 1).unwrap();
    world.request(&cookie, 200, |session| session.insert("n", 7).unwrap());
    let _ = world.drive(slow.finish(200, world.now()).unwrap());
    assert_eq!(world.open(&cookie).get("n").unwrap(), Some(1));
}

#[test]
fn an_equal_value_that_another_request_has_stored_meanwhile_is_not_written_again() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let slow = world.open(&cookie);
    slow.insert("map", map()).unwrap();
    world.request(&cookie, 200, |session| {
        session.insert("map", map()).unwrap();
    });
    world.calls.lock().unwrap().clear();
    let _ = world.drive(slow.finish(200, world.now()).unwrap());
    assert_eq!(*world.calls.lock().unwrap(), ["replace", "load"]);
    let stored: BTreeMap<String, u32> = world.open(&cookie).get("map").unwrap().unwrap();
    assert_eq!(stored, map().into_iter().collect());
}

#[test]
fn a_value_that_is_deep_and_long_is_compared_only_for_a_while() {
    for (depth, length, is_same) in [(120, 100, true), (4, 100_000, true), (120, 100_000, false)] {
        let long = "a b".repeat(length / 3);
        let nested = |inner: &str| [&*"[".repeat(depth), inner, &*"]".repeat(depth)].concat();
        let [one, other] = [r#"{"x":1,"y":2}"#, r#"{"y":2,"x":1}"#]
            .map(|inner| RawValue::from_string(nested(&format!("\"{long}\",{inner}"))).unwrap());
        let world = World::new(|policy| policy);
        let seen = world.request("", 200, |session| session.insert("k", one).unwrap());
        world.request(&seen.id().unwrap(), 200, |session| {
            session.insert("k", other).unwrap();
            assert_eq!(!session.is_modified(), is_same, "{depth} {length}");
        });
    }
}

/// A value, and how it is written: in which order, with which spaces, with how many escapes.
fn written(value: &Value, style: u64) -> String {
    let mut style = style;
    let mut next = |limit: u64| {
        style = style
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (style >> 33) % limit
    };
    let space = [" ", "", "\n", "\t ", ""][usize::try_from(next(5)).unwrap()];
    match value {
        Value::String(text) => {
            let text = text.chars().map(|char| match (char, next(3)) {
                ('/', 0) => "\\/".to_owned(),
                (char, 1) => {
                    let mut units = [0; 2];
                    let units = char.encode_utf16(&mut units).iter();
                    units.fold(String::new(), |all, unit| format!("{all}\\u{unit:04X}"))
                }
                (char, _) => {
                    let text = serde_json::to_string(&char).unwrap();
                    text[1..text.len() - 1].to_owned()
                }
            });
            format!("{space}\"{}\"", text.collect::<String>())
        }
        Value::Array(list) => {
            let parts: Vec<_> = list.iter().map(|it| written(it, next(1 << 20))).collect();
            format!("[{}{space}]", parts.join(","))
        }
        Value::Object(map) => {
            let mut parts: Vec<_> = map
                .iter()
                .map(|(name, it)| {
                    let name = written(&json!(name), next(1 << 20));
                    (
                        next(100),
                        format!("{name}{space}:{}", written(it, next(1 << 20))),
                    )
                })
                .collect();
            parts.sort();
            let parts: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
            format!("{{{}{space}}}", parts.join(","))
        }
        number => format!("{space}{number}{space}"),
    }
}

/// Values with names and texts that differ little, and numbers that are nearly one another.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(1e300)].prop_map(Value::from),
        "[aA1/\"\u{e9}\u{1f600}\u{0}]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab\"\u{e9}]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_equal_to_itself_in_any_spelling_and_to_no_other(
        one in values(), other in values(), styles: [u64; 2],
    ) {
        let raw = |value, style| RawValue::from_string(written(value, style).trim().into()).unwrap();
        let (world, cookie) = stored(&format!(r#"{{"k":{}}}"#, raw(&one, styles[0])));
        let session = world.open(&cookie);
        session.insert("k", raw(&one, styles[1])).unwrap();
        prop_assert!(!session.is_modified(), "{one} is another value");
        session.insert("k", raw(&other, styles[1])).unwrap();
        // JSON's texts tell -0.0 from 0.0, where `Value` does not.
        let [one, other] = [one, other].map(|value| value.to_string());
        prop_assert_eq!(session.is_modified(), one != other);
    }
}

#[test]
fn sets_of_one_order_are_equal_and_lists_in_another_are_not() {
    use std::collections::BTreeSet;
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        session.insert("set", BTreeSet::from([3, 1, 2])).unwrap();
        session.insert("floats", [[0.0, -0.0], [1.0, 1e0]]).unwrap();
        session
            .insert("maps", [HashMap::from([(2.5_f32.to_string(), map())])])
            .unwrap();
    });
    let cookie = seen.id().unwrap();
    let seen = world.request(&cookie, 200, |session| {
        session.insert("set", BTreeSet::from([1, 2, 3])).unwrap();
        session.insert("set", vec![1, 2, 3]).unwrap();
        session
            .insert("floats", [[0.0_f32, -0.0], [1.0, 1.0]])
            .unwrap();
        session
            .insert("maps", [BTreeMap::from([("2.5", map())])])
            .unwrap();
    });
    assert_eq!(seen.calls, ["load"]);
    for change in [
        json!([1, 2, 2, 3]),
        json!([3, 2, 1]),
        json!([1.0, 2, 3]),
        json!({"0": 1}),
    ] {
        let session = world.open(&cookie);
        session.insert("set", &change).unwrap();
        assert!(session.is_modified(), "{change}");
    }
    let session = world.open(&cookie);
    session.insert("floats", [[-0.0, 0.0], [1.0, 1.0]]).unwrap();
    assert!(session.is_modified());
}
