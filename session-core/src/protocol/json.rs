//! The values' JSON: what is written can be read back as what it was.

mod finite;
mod form;
mod names;
mod same;

use compact_str::CompactString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use self::finite::Finite;
use self::form::Form;
use crate::ValueError;

pub(crate) use self::same::is_same;

/// Reads a value by `read`, which returns `None` if it is of another form.
pub(crate) fn decode<T>(
    key: &str,
    text: Option<&str>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ValueError> {
    let Some(text) = text else {
        return Ok(None);
    };
    match read(text) {
        Some(value) => Ok(Some(value)),
        None => Err(ValueError::Decode { key: key.into() }),
    }
}

/// Writes a value, unless its text has no number, name or depth that JSON's readers take for another.
pub(crate) fn encode<T: Serialize>(key: &str, value: &T) -> Result<CompactString, ValueError> {
    write(key, value, |_| true)
}

/// Writes a value, unless it can't be read back as its own type.
pub(crate) fn encode_readable<T: Serialize + DeserializeOwned>(
    key: &str,
    value: &T,
) -> Result<CompactString, ValueError> {
    write(key, value, |text| read::<T>(text).is_some())
}

/// Reads a value; `None` if it is of another type.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    if names::has_private(text) && !names::is_raw::<T>() {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn write<T: Serialize>(
    key: &str,
    value: &T,
    is_readable: impl FnOnce(&str) -> bool,
) -> Result<CompactString, ValueError> {
    let mut buffer = Buffer::new();
    let mut form = Form::default();
    let mut writer = serde_json::Serializer::with_formatter(&mut buffer, &mut form);
    // Which would write a number that JSON does not have as null.
    let written = Finite(value).serialize(&mut writer);
    let is_fit = |text: &str| (form.is_raw() || !names::has_private(text)) && is_readable(text);
    let text = written.ok().and_then(|()| text_of(&mut buffer));
    let json = text.filter(|text| is_fit(text));
    json.ok_or_else(|| ValueError::Encode { key: key.into() })
}

/// Takes what was written, as it is if it was too long for the stack.
fn text_of(buffer: &mut Buffer) -> Option<CompactString> {
    if buffer.spilled() {
        let text = String::from_utf8(std::mem::take(buffer).into_vec());
        return text.ok().map(CompactString::from);
    }
    str::from_utf8(buffer).ok().map(CompactString::new)
}

type Buffer = SmallVec<[u8; 128]>;
