//! Values that another program has written: what only Python's JSON has stays byte for byte.
#![allow(clippy::unwrap_used)]

mod util;

use serde_json::value::RawValue;
use session_core::{Session, SessionError, ValueError};
use util::World;

const TEXT: &str = r#"{ "nan" : NaN,"low":-Infinity, "\ud800":["\udfff", 1] ,"twice":1,"a\u0062c":"\u00e9","twice":2,
    "long":123456789012345678901234567890.50,"n":7 }"#;

type Act = fn(&Session);

/// Returns the data after a request that found `text`, and the commands.
fn stored(text: &str, act: impl Fn(&Session)) -> (String, Vec<&'static str>) {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let mut record = world.record(&cookie).unwrap();
    record.data = text.into();
    world.put(&cookie, record);
    let seen = world.request(&cookie, 200, act);
    let data = world.record(&cookie).unwrap().data;
    ((*data).to_owned(), seen.calls)
}

#[test]
fn what_is_not_touched_keeps_its_bytes_and_its_place() {
    let rows: [(Act, &str); 6] = [
        (
            |session| session.insert("n", 8).unwrap(),
            r#"{"nan" : NaN,"low":-Infinity, "\ud800":["\udfff", 1] ,"twice":1,"a\u0062c":"\u00e9","twice":2,
    "long":123456789012345678901234567890.50,"n":8}"#,
        ),
        (
            |session| session.insert("abc", [true]).unwrap(),
            r#"{"nan" : NaN,"low":-Infinity, "\ud800":["\udfff", 1] ,"twice":1,"a\u0062c":[true],"twice":2,
    "long":123456789012345678901234567890.50,"n":7}"#,
        ),
        (
            |session| assert!(session.remove("nan").unwrap()),
            r#"{"low":-Infinity, "\ud800":["\udfff", 1] ,"twice":1,"a\u0062c":"\u00e9","twice":2,
    "long":123456789012345678901234567890.50,"n":7}"#,
        ),
        (
            |session| assert_eq!(session.take::<u8>("twice").unwrap(), Some(2)),
            r#"{"nan" : NaN,"low":-Infinity, "\ud800":["\udfff", 1],"a\u0062c":"\u00e9","long":123456789012345678901234567890.50,"n":7}"#,
        ),
        (
            |session| session.insert("new", "\u{1f600}").unwrap(),
            concat!(
                r#"{"nan" : NaN,"low":-Infinity, "\ud800":["\udfff", 1] ,"twice":1,"a\u0062c":"\u00e9","twice":2,
    "long":123456789012345678901234567890.50,"n":7,"new":""#,
                "\u{1f600}\"}"
            ),
        ),
        (|session| session.clear().unwrap(), "{}"),
    ];
    for (act, expected) in rows {
        let (data, calls) = stored(TEXT, act);
        assert_eq!(data, expected);
        assert_eq!(calls, ["load", "replace"]);
    }
}

#[test]
fn a_name_that_no_string_has_is_out_of_reach_and_is_cleared_all_the_same() {
    let (data, calls) = stored(r#"{"\ud800":1}"#, |session| {
        assert!(session.is_empty() && session.keys().is_empty());
        assert!(!session.contains("\\ud800") && !session.contains("\u{fffd}"));
    });
    assert_eq!((&*data, &calls[..]), (r#"{"\ud800":1}"#, &["load"][..]));
    let (data, calls) = stored(r#"{"\ud800":1}"#, |session| session.clear().unwrap());
    assert_eq!((&*data, &calls[..]), ("{}", &["load", "replace"][..]));
}

#[test]
fn what_a_type_cannot_hold_is_an_error_of_that_value_only() {
    let deep = format!(
        r#"{{"deep":{}{},"n":7}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    stored(TEXT, |session| {
        for key in ["nan", "low", "long"] {
            let failed = session.get::<i64>(key);
            let is_decode = |error: &SessionError| {
                matches!(error, SessionError::Value(ValueError::Decode { .. }))
            };
            assert!(failed.as_ref().is_err_and(is_decode), "{key}: {failed:?}");
        }
        assert_eq!(session.get::<u8>("n").unwrap(), Some(7));
        assert_eq!(session.get::<String>("abc").unwrap().as_deref(), Some("é"));
        assert_eq!(session.get::<u8>("twice").unwrap(), Some(2));
        assert_eq!(session.len(), 6);
    });
    let (data, _) = stored(&deep, |session| {
        assert!(session.get::<serde_json::Value>("deep").is_err());
        assert_eq!(session.get::<u8>("n").unwrap(), Some(7));
        session.insert("n", 8).unwrap();
    });
    assert_eq!(data, deep.replace(":7}", ":8}"));
}

#[test]
fn a_control_character_in_one_value_hides_and_loses_no_other() {
    let text = "{\"raw\":\"a\nb\",\"list\":[\"\0\"],\"n\":7}";
    let (data, calls) = stored(text, |session| {
        assert!(session.get::<String>("raw").is_err());
        assert!(session.get::<Vec<String>>("list").is_err());
        assert_eq!(session.get::<u8>("n").unwrap(), Some(7));
        session.insert("n", 8).unwrap();
    });
    assert_eq!(data, text.replace(":7}", ":8}"));
    assert_eq!(calls, ["load", "replace"]);
}

#[test]
fn an_equal_value_of_a_name_that_stands_there_twice_is_no_change() {
    let text = r#"{"a":1,"b":2,"a":{"x": 1}}"#;
    let (data, calls) = stored(text, |session| {
        session.clear().unwrap();
        session.insert("b", 2).unwrap();
        let same = RawValue::from_string(r#"{"x":1}"#.into()).unwrap();
        session.insert("a", same).unwrap();
    });
    assert_eq!((&*data, &calls[..]), (text, &["load"][..]));
}
