//! Python's JSON in a form that every reader of JSON takes, and back, without a loss.

use std::borrow::Cow;
use std::ops::Range;

use super::json::{self, Member};

/// Turns a session's JSON, as Python wrote it, into JSON that every reader takes; a record's values.
///
/// A value with a `NaN` or an infinity anywhere becomes `{"$python":"…"}`, with its text as it was. A
/// name with a lone surrogate gets the prefix `$python:`, as it is no text in Rust. All else stays byte
/// for byte. [`from_strict`] restores it, so what a handler does not touch goes back as it came.
///
/// Names that begin with `$python` are reserved for that.
///
/// ```
/// use session_core::django::{from_strict, to_strict};
///
/// let python = r#"{"temperature":NaN,"pi":3.140}"#;
/// let strict = to_strict(python);
/// assert_eq!(strict, r#"{"temperature":{"$python":"NaN"},"pi":3.140}"#);
/// assert_eq!(from_strict(&strict), python);
/// ```
#[must_use]
pub fn to_strict(json: &str) -> Cow<'_, str> {
    let marks = ["NaN", "Infinity", "\\ud", "\\uD", "$python"];
    if !marks.iter().any(|mark| json.contains(mark)) && !json.contains("\\u0024") {
        return Cow::Borrowed(json);
    }
    rewrite(json, |json, member| Rewritten {
        name: wrap_name(&json[member.name.clone()]),
        value: wrap_value(&json[member.value.clone()], member.is_strict),
    })
}

/// Turns a record's values back into the JSON that Django wrote; see [`to_strict`].
#[must_use]
pub fn from_strict(json: &str) -> Cow<'_, str> {
    if !json.contains("$python") {
        return Cow::Borrowed(json);
    }
    rewrite(json, |json, member| Rewritten {
        name: unwrap_name(&json[member.name.clone()]),
        value: unwrap_value(&json[member.value.clone()]),
    })
}

/// The new texts of a member, where there are any.
struct Rewritten {
    name: Option<String>,
    value: Option<String>,
}

/// Replaces names and values of an object. What is no object stays as it is.
fn rewrite(json: &str, change: impl Fn(&str, &Member) -> Rewritten) -> Cow<'_, str> {
    let mut pieces: Vec<(Range<usize>, String)> = Vec::new();
    let read = json::members(json.as_bytes(), |member| {
        let new = change(json, &member);
        pieces.extend(new.name.map(|name| (member.name, name)));
        pieces.extend(new.value.map(|value| (member.value, value)));
    });
    if read.is_err() || pieces.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 32 * pieces.len());
    let mut end = 0;
    for (place, piece) in pieces {
        text.push_str(&json[end..place.start]);
        text.push_str(&piece);
        end = place.end;
    }
    text.push_str(&json[end..]);
    Cow::Owned(text)
}

fn wrap_name(name: &str) -> Option<String> {
    let is_fine = unquote(name).is_some_and(|name| !name.starts_with(PREFIX));
    (!is_fine).then(|| {
        let quoted = quote(&format!("{PREFIX}{name}"));
        quoted[1..quoted.len() - 1].to_owned()
    })
}

/// Unwraps only what has to be wrapped: else a handler's name, perhaps a visitor's own text, would
/// become any other, such as that of the signed-in user.
fn unwrap_name(name: &str) -> Option<String> {
    let inner = unquote(name.strip_prefix(PREFIX)?)?;
    (json::is_string_body(&inner) && wrap_name(&inner).is_some()).then_some(inner)
}

/// A value that looks like a wrapped one is wrapped too.
fn wrap_value(value: &str, is_strict: bool) -> Option<String> {
    (!is_strict || wrapped(value).is_some()).then(|| format!("{{{NAME}:{}}}", quote(value)))
}

fn unwrap_value(value: &str) -> Option<String> {
    let inner = wrapped(value)?;
    let is_lax = !json::is_strict_value(inner.as_bytes())?;
    (is_lax || wrapped(&inner).is_some()).then_some(inner)
}

/// Returns the text inside of a wrapped value.
fn wrapped(value: &str) -> Option<String> {
    let inner = value.strip_prefix('{')?.strip_suffix('}')?.trim_start();
    let inner = inner.strip_prefix(NAME)?.trim_start().strip_prefix(':')?;
    // One text, and so no further member.
    serde_json::from_str(inner).ok()
}

/// Reads what stands between the quotes of a string; `None` if that is no text.
fn unquote(inner: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{inner}\"")).ok()
}

/// Writes a string, with its quotes.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The name of the one member of a wrapped value.
const NAME: &str = "\"$python\"";

/// The beginning of a wrapped name.
const PREFIX: &str = "$python:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_takes_what_python_wrote_and_python_gets_it_back() {
        for (python, strict) in [
            ("{}", "{}"),
            (r#"{"a":"NaN"}"#, r#"{"a":"NaN"}"#),
            (
                r#" { "a" : [NaN] , "b":-Infinity} "#,
                r#" { "a" : {"$python":"[NaN]"} , "b":{"$python":"-Infinity"}} "#,
            ),
            (
                r#"{"a":{"x\"":[1,{"y":Infinity}]}}"#,
                r#"{"a":{"$python":"{\"x\\\"\":[1,{\"y\":Infinity}]}"}}"#,
            ),
            (r#"{"\ud800\"":1}"#, r#"{"$python:\\ud800\\\"":1}"#),
            (r#"{"\ud83d\ude00":1}"#, r#"{"\ud83d\ude00":1}"#),
            (r#"{"a":"\udfff"}"#, r#"{"a":"\udfff"}"#),
            // What only looks wrapped comes back too.
            (
                r#"{"$python:x":1,"a":{"$python":"NaN"}}"#,
                r#"{"$python:$python:x":1,"a":{"$python":"{\"$python\":\"NaN\"}"}}"#,
            ),
            (
                r#"{"\u0024python:x":1}"#,
                r#"{"$python:\\u0024python:x":1}"#,
            ),
            (
                r#"{"a":{"$python":1},"b":{"$python":"NaN","c":1}}"#,
                r#"{"a":{"$python":1},"b":{"$python":"NaN","c":1}}"#,
            ),
            (r#"{"a":1,"a":NaN}"#, r#"{"a":1,"a":{"$python":"NaN"}}"#),
        ] {
            assert_eq!(to_strict(python), strict);
            assert_eq!(from_strict(strict), python);
        }
    }

    #[test]
    fn what_a_handler_writes_under_the_reserved_name_breaks_nothing() {
        for json in [
            r#"{"a":{"$python":"1"}}"#,
            r#"{"a":{"$python":"NaN x"}}"#,
            r#"{"a":{"$python":"{"}}"#,
            r#"{"$python:\\":1}"#,
            r#"{"$python:\"":1}"#,
            "$python",
            // No handler's name becomes one that Django or its store takes for its own.
            r#"{"$python:_auth_user_id":"1"}"#,
            r#"{"$python:_auth_user\\u005fid":"1"}"#,
        ] {
            assert_eq!(from_strict(json), json);
        }
        assert_eq!(to_strict("[NaN]"), "[NaN]");
    }
}
