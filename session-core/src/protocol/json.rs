//! The values' JSON: what is written can be read back as what it was.

mod buffer;
mod finite;
mod form;
mod names;
mod same;

use std::io::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::buffer::Buffer;
use self::finite::Finite;
use self::form::Form;
use super::brief::Json;
use crate::ValueError;

pub(crate) use self::same::is_same;

/// Reads a value.
pub(crate) fn decode<T: DeserializeOwned>(
    key: &str,
    text: Option<&str>,
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
pub(crate) fn encode<T: Serialize>(key: &str, value: &T) -> Result<Json, ValueError> {
    write(key, value, |_| true)
}

/// Writes a value, unless it can't be read back as its own type.
pub(crate) fn encode_readable<T: Serialize + DeserializeOwned>(
    key: &str,
    value: &T,
) -> Result<Json, ValueError> {
    write(key, value, |text| read::<T>(text).is_some())
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    if names::has_private(text) && !names::is_raw::<T>() {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn write<T: Serialize>(
    key: &str,
    value: &T,
    is_readable: impl FnOnce(&str) -> bool,
) -> Result<Json, ValueError> {
    let mut buffer = Buffer::default();
    let mut form = Form::default();
    let mut writer = serde_json::Serializer::with_formatter(&mut buffer, &mut form);
    // Which would write a number that JSON does not have as null.
    let written = Finite(value).serialize(&mut writer);
    let is_fit = |text: &str| (form.is_raw() || !names::has_private(text)) && is_readable(text);
    let written = written.is_ok() && buffer.flush().is_ok();
    let json = written.then(|| buffer.take_json(is_fit)).flatten();
    json.ok_or_else(|| ValueError::Encode { key: key.into() })
}
