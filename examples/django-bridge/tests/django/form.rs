//! Values as the oracle writes them: without loss, whatever reads them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Returns the form of a value that Rust holds.
pub fn form(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let bits = number.as_f64().map(f64::to_bits).unwrap();
            json!({ "f": format!("{bits:016x}") })
        }
        Value::Number(number) => json!({ "i": number.to_string() }),
        Value::Array(items) => items.iter().map(form).collect(),
        // The names of a map without an order of its own are sorted.
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| json!([name, form(value)]));
            json!({ "d": members.collect::<Value>() })
        }
        other => other.clone(),
    }
}

/// Says whether a form is of a value that Rust's numbers and strings can hold.
pub fn is_held(form: &Value) -> bool {
    match form {
        Value::Array(items) => items.iter().all(is_held),
        Value::Object(tagged) => tagged.iter().all(|(tag, content)| match &**tag {
            "i" => {
                let digits = content.as_str().unwrap();
                digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok()
            }
            "f" => !["nan", "7ff0000000000000", "fff0000000000000"]
                .contains(&content.as_str().unwrap()),
            "u" => false,
            _ => is_held(content),
        }),
        _ => true,
    }
}

/// Writes a text as Python's JSON does.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(c @ ('"' | '\\')) => quoted.extend(['\\', c]),
            Ok('\n') => quoted.push_str("\\n"),
            Ok('\r') => quoted.push_str("\\r"),
            Ok('\t') => quoted.push_str("\\t"),
            Ok('\u{8}') => quoted.push_str("\\b"),
            Ok('\u{c}') => quoted.push_str("\\f"),
            Ok(c @ ' '..='~') => quoted.push(c),
            _ => write!(quoted, "\\u{unit:04x}").unwrap(),
        }
    }
    quoted + "\""
}
