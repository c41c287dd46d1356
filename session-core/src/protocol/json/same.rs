use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Says whether two JSON texts are one value: objects in any order of their names, strings however
/// they are escaped, and spaces.
///
/// Numbers are one only if they are written in one way: 1 and 1.0 are read differently. An object
/// that has a name twice is like no other.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other
        || (may_be_same(one, other) && are_same(one, other, 0, &mut (WORK + 16 * one.len())))
}

/// Says whether it is worth while to look closer.
fn may_be_same(one: &str, other: &str) -> bool {
    // Texts that are written in the shortest way have the same bytes, in another order.
    let is_plain = |text: &str| {
        !text
            .bytes()
            .any(|byte| byte == b'\\' || byte.is_ascii_whitespace())
    };
    let is_scalar = |text: &str| !text.starts_with(['{', '[', '"']);
    let counted = |text: &str| text.bytes().map(weight).fold(0, u64::wrapping_add);
    if is_scalar(one) || is_scalar(other) {
        return false;
    }
    if one.len() == other.len() && counted(one) == counted(other) {
        return true;
    }
    !is_plain(one) || !is_plain(other)
}

/// Bytes that differ have sums that differ, but for rare cases that cost a closer look.
fn weight(byte: u8) -> u64 {
    u64::from(byte)
        .wrapping_add(7)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(u32::from(byte))
}

fn are_same(one: &str, other: &str, depth: usize, work: &mut usize) -> bool {
    if one == other {
        return true;
    }
    // Each level is read anew, so that a client's deep and long value would take a second.
    let Some(left) = work.checked_sub(one.len()).filter(|_| depth <= DEEPEST) else {
        return false;
    };
    *work = left;
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let (Ok(one), Ok(other)) = (read::<Object<'_>>(one), read::<Object<'_>>(other)) else {
                return false;
            };
            let mut pairs = one.0.iter().zip(&other.0);
            one.0.len() == other.0.len()
                && pairs.all(|((name, one), (as_well, other))| {
                    name == as_well && are_same(one.get(), other.get(), depth + 1, work)
                })
        }
        (Some(b'['), Some(b'[')) => {
            let list = |text| read::<Vec<&RawValue>>(text).ok();
            list(one).zip(list(other)).is_some_and(|(one, other)| {
                let mut pairs = one.iter().zip(&other);
                one.len() == other.len()
                    && pairs.all(|(one, other)| are_same(one.get(), other.get(), depth + 1, work))
            })
        }
        (Some(b'"'), Some(b'"')) => {
            let read = |text| serde_json::from_str::<String>(text).ok();
            read(one).is_some_and(|one| read(other) == Some(one))
        }
        _ => false,
    }
}

fn read<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// The members of an object, by their names; an error if a name stands there twice.
struct Object<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a name stands there twice"));
            }
        }
        Ok(Object(members))
    }
}

/// Values that are nested deeper are compared as texts.
const DEEPEST: usize = 128;

/// The bytes that a comparison may read, beside sixteen times the value's own. Beyond it, equal values
/// count as different and are written.
const WORK: usize = 1 << 16;
