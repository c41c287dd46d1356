use std::borrow::Cow;
use std::cell::Cell;

use memchr::memchr;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Says whether an object in a JSON text has a name that `serde_json` keeps for itself.
///
/// Its `Value` takes such an object for the JSON text in it, or for a number, instead of what it is.
pub(super) fn has_private(text: &str) -> bool {
    // Almost no text is searched twice.
    text.len() > PREFIX.len()
        && memchr(b'{', text.as_bytes()).is_some()
        && (text.contains(PREFIX) || text.contains("\\u"))
        && names(text).any(|name| name.starts_with(PREFIX))
}

/// Says whether a type reads JSON as the text that it is.
pub(super) fn is_raw<T: DeserializeOwned>() -> bool {
    let is_raw = Cell::new(false);
    // It has nothing to read, but sees what is asked for first.
    let _ = T::deserialize(Probe(&is_raw));
    is_raw.get()
}

/// Returns the names in a JSON text, of every object in it.
fn names(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('"')?;
            let end = start + end_of_string(&rest[start..])?;
            let (string, after) = (&rest[start..end], rest[end..].trim_start());
            rest = after;
            if !after.starts_with(':') {
                continue;
            }
            if !string.contains('\\') {
                return Some(Cow::Borrowed(&string[1..string.len() - 1]));
            }
            // Half of a pair of surrogates is no text, and whoever reads the name fails.
            if let Ok(name) = serde_json::from_str(string) {
                return Some(Cow::Owned(name));
            }
        }
    })
}

/// Returns where the string ends that the text begins with.
fn end_of_string(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    loop {
        match bytes.next()? {
            (end, b'"') => return Some(end + 1),
            (_, b'\\') => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// A reader of nothing.
struct Probe<'a>(&'a Cell<bool>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == RAW {
            self.0.set(true);
            return self.deserialize_any(visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

const PREFIX: &str = "$serde_json::private::";
const RAW: &str = "$serde_json::private::RawValue";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_nothing_else() {
        for (text, expected) in [
            ("{}", &[][..]),
            (r#""a:""#, &[]),
            (r#"["a", "b:", "\":"]"#, &[]),
            (r#"{"a" : {"b\"": ["c"]}, "":"d"}"#, &["a", "b\"", ""]),
            (r#"[{"\u0061\\":"\\"},{"b":1}]"#, &["a\\", "b"]),
        ] {
            let found: Vec<_> = names(text).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_name_is_the_librarys() {
        let raw = serde_json::value::RawValue::from_string("[1]".into()).unwrap();
        let text = format!(r#"{{"{RAW}":"[1]"}}"#);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value.to_string(), raw.get(), "serde_json has another name");
        assert!(is_raw::<Box<serde_json::value::RawValue>>() && !is_raw::<serde_json::Value>());
    }
}
