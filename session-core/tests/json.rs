//! What is stored reads back as what was written, and an equal value is no change.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use session_core::{Field, Session, SessionError, ValueError};
use util::World;

fn open() -> Session {
    Session::clone(&World::new(|policy| policy).open(""))
}

fn refused<T>(result: Result<T, SessionError>) -> bool {
    matches!(
        result,
        Err(SessionError::Value(ValueError::Encode { key })) if key == "k"
    )
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Map(HashMap<u32, u32>),
    Field { map: BTreeMap<u32, u32> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    name: String,
    #[serde(flatten)]
    rest: HashMap<u32, u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wide {
    number: i128,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Around {
    name: String,
    #[serde(flatten)]
    inner: Wide,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Doubled {
    name: String,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum List {
    End,
    Next(Box<List>),
}

#[derive(Debug, Deserialize)]
struct Transparent(Box<RawValue>);

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| {
        if level % 2 == 0 {
            json!([inner])
        } else {
            json!({ "a": inner })
        }
    })
}

#[test]
fn a_number_that_json_does_not_have_is_refused_wherever_it_stands() {
    let session = open();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        #[allow(clippy::cast_possible_truncation, reason = "it stays what it is")]
        let short = bad as f32;
        assert!(refused(session.insert("k", bad)));
        assert!(refused(session.insert("k", short)));
        assert!(refused(session.insert("k", Some(bad))));
        assert!(refused(session.insert("k", vec![(1, Some(bad))])));
        assert!(refused(session.insert("k", HashMap::from([("a", [bad])]))));
        assert!(refused(session.insert("k", Ok::<_, ()>(bad))));
        assert!(refused(session.extend([("k", bad)])));
        assert!(refused(session.get_or_insert_with("k", || bad)));
        assert!(refused(session.update("k", move |_: Option<f64>| bad)));
        let field: Field<Option<f64>> = Field::new("k");
        assert!(refused(field.update(&session, move |_| Some(bad))));
    }
    assert!(!session.is_modified());
    // Null is a value all the same, and so are numbers at the ends.
    session.insert("k", (None::<f64>, (), "null NaN")).unwrap();
    for edge in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0] {
        session.insert("k", edge).unwrap();
        let back: f64 = session.get("k").unwrap().unwrap();
        assert_eq!(back.to_bits(), edge.to_bits());
    }
}

#[test]
fn a_computation_without_a_result_fails_the_commit_and_loses_nothing() {
    // 1 / n is a number for this request, and none on the base that another has stored.
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    world.request(&cookie, 200, |session| session.insert("n", 1.0).unwrap());
    let slow = world.open(&cookie);
    let inverse = |n: Option<f64>| 1.0 / n.unwrap();
    assert_eq!(
        slow.update("n", inverse).unwrap().to_bits(),
        1_f64.to_bits()
    );
    slow.insert("other", 1).unwrap();
    world.request(&cookie, 200, |session| session.insert("n", 0.0).unwrap());
    let failed = world.try_drive(slow.finish(200, world.now()).unwrap());
    assert!(matches!(
        failed.unwrap_err().error(),
        SessionError::Value(_)
    ));
    assert_eq!(world.open(&cookie).get::<f64>("n").unwrap(), Some(0.0));
}

#[test]
fn keys_that_are_read_as_something_else_are_refused() {
    let session = open();
    let map = HashMap::from([(1_u32, 2_u32)]);
    let flat = Flat {
        name: "a".into(),
        rest: map.clone(),
    };
    assert!(refused(session.insert("k", Tagged::Map(map.clone()))));
    assert!(refused(session.insert("k", [&flat])));
    // What only the type's own reading shows is seen where the type is known.
    let field = Tagged::Field {
        map: BTreeMap::from([(1, 2)]),
    };
    assert!(refused(session.update("k", move |_| field.clone())));
    let around = || Around {
        name: "a".into(),
        inner: Wide { number: 1 << 100 },
    };
    assert!(refused(session.update("k", move |_| around())));
    assert!(refused(session.get_or_insert_with("k", around)));
    assert!(refused(Field::new("k").insert(&session, around())));
    let doubled = Doubled {
        name: "a".into(),
        rest: BTreeMap::from([("name".into(), "b".into())]),
    };
    assert!(refused(session.get_or_insert_with("k", || doubled)));
    assert!(!session.is_modified());

    // A map of numbers alone reads back, and so do wide numbers of their own.
    session.insert("k", &map).unwrap();
    assert_eq!(session.get("k").unwrap(), Some(map));
    session.insert("k", BTreeMap::from([(true, 'x')])).unwrap();
    for number in [i128::MIN, -1, i128::MAX] {
        session.insert("k", Wide { number }).unwrap();
        assert_eq!(session.get("k").unwrap(), Some(Wide { number }));
    }
}

#[test]
fn a_value_is_nested_as_deep_as_it_can_be_read() {
    let session = open();
    let reads = |levels: usize| {
        let text = nested(levels).to_string();
        serde_json::from_str::<Value>(&text).is_ok()
    };
    let deepest = (1..300).rev().find(|levels| reads(*levels)).unwrap();
    session.insert("k", nested(deepest)).unwrap();
    assert_eq!(session.get("k").unwrap(), Some(nested(deepest)));
    for levels in [deepest + 1, 200, 2_000] {
        assert!(refused(session.insert("k", nested(levels))));
    }
    assert_eq!(session.get("k").unwrap(), Some(nested(deepest)));

    let list = |length| (0..length).fold(List::End, |list, _| List::Next(Box::new(list)));
    let longest = (1..300)
        .rev()
        .find(|length| session.insert("k", list(*length)).is_ok());
    assert_eq!(session.get("k").unwrap(), longest.map(list));
    // Raw text is read as deep as it is.
    let raw = RawValue::from_string("[".repeat(500) + &"]".repeat(500)).unwrap();
    session.insert("k", &raw).unwrap();
    let back: Box<RawValue> = session.get("k").unwrap().unwrap();
    assert_eq!(back.get(), raw.get());
}

#[test]
fn a_name_that_the_json_library_has_a_meaning_for_is_a_name() {
    for name in ["RawValue", "Number"] {
        for (dollar, colon) in [("$", ":"), ("\\u0024", "\\u003a")] {
            let name = format!("{dollar}serde_json::private{colon}:{name}");
            for text in [
                format!(r#"{{"{name}":"[1,2]"}}"#),
                format!(r#"[1,{{"a":{{"{name}" : "1"}}}}]"#),
            ] {
                let session = open();
                let raw = RawValue::from_string(text.clone()).unwrap();
                session.insert("k", &raw).unwrap();
                let world = World::new(|policy| policy);
                let seen = world.request("", 200, |session| session.insert("k", &raw).unwrap());
                let stored = world.open(&seen.id().unwrap());
                for session in [&session, &*stored] {
                    // As a text it is what it was, and as a value it has no other meaning.
                    let back: Transparent = session.get("k").unwrap().unwrap();
                    assert_eq!(back.0.get(), text);
                    assert!(session.get::<Value>("k").is_err(), "{text}");
                    assert!(session.take::<Value>("k").is_err(), "{text}");
                    let update = session.update("k", |old: Option<Value>| old.unwrap());
                    assert!(update.is_err(), "{text}");
                }
            }
        }
        // What would not be read is not stored.
        let name = format!("$serde_json::private::{name}");
        let session = open();
        assert!(refused(session.insert("k", json!({ name.clone(): "1" }))));
        assert!(refused(session.insert("k", [HashMap::from([(&name, 1)])])));
        // As a text, and as the name of a value of the session, it is like any other.
        session.insert("k", [&name, &name]).unwrap();
        assert_eq!(session.get("k").unwrap(), Some(json!([name, name])));
        session.insert(&name, 1).unwrap();
        assert_eq!(session.get(&name).unwrap(), Some(1));
    }
}

proptest! {
    #[test]
    fn every_finite_number_reads_back_exactly(bits: u64) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let session = open();
        session.insert("k", number).unwrap();
        let back: f64 = session.get("k").unwrap().unwrap();
        prop_assert_eq!(back.to_bits(), bits);
    }
}
