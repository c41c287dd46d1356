//! The two files of vectors.

use serde_json::Value;
use session_core::django::{SecretKeys, Zone};
use session_core::time::format_description::well_known::Rfc3339;
use session_core::time::{Duration, OffsetDateTime};

/// Of Django 5.2.
pub fn first() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

/// Of Django 4.2, 5.2 and 6.1, which differ only where a vector says so.
pub fn second() -> Value {
    serde_json::from_str(include_str!("vectors-2.json")).unwrap()
}

/// The keys of a case of the second file.
pub fn keys(all: &Value, case: &Value) -> SecretKeys {
    let secret = |name: &str| match &all["keys"][name] {
        Value::String(text) => text.clone().into_bytes(),
        bytes => unhex(bytes["hex"].as_str().unwrap()),
    };
    let primary = case["secret_key"].as_str().unwrap_or("primary");
    let keys = SecretKeys::danger_accept_weak(secret(primary)).unwrap();
    match case.get("fallbacks") {
        None => keys.fallback(secret("old")),
        Some(fallbacks) => {
            let names = fallbacks.as_array().unwrap().iter();
            names.fold(keys, |keys, name| {
                keys.fallback(secret(name.as_str().unwrap()))
            })
        }
    }
}

/// The settings of time of a case of the second file.
pub fn zone(case: &Value) -> Zone {
    if case["use_tz"] == Value::Bool(false) {
        Zone::local(case["time_zone"].as_str().unwrap_or("UTC")).unwrap()
    } else {
        Zone::use_tz()
    }
}

pub fn moment(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

/// A moment that Python's `time.time()` returned.
pub fn seconds(number: &Value) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds_f64(number.as_f64().unwrap())
}

pub fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    pairs.map(byte).collect()
}
