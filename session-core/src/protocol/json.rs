//! The values' JSON: what is written can be read back as what it was.

mod finite;
mod form;
mod names;
mod same;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::finite::Finite;
use self::form::Form;
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
pub(crate) fn encode<T: Serialize>(key: &str, value: &T) -> Result<String, ValueError> {
    write(value).ok_or_else(|| ValueError::Encode { key: key.into() })
}

/// Writes a value, unless it can't be read back as its own type.
pub(crate) fn encode_readable<T: Serialize + DeserializeOwned>(
    key: &str,
    value: &T,
) -> Result<String, ValueError> {
    let text = write(value).filter(|text| read::<T>(text).is_some());
    text.ok_or_else(|| ValueError::Encode { key: key.into() })
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    if names::has_private(text) && !names::is_raw::<T>() {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn write<T: Serialize>(value: &T) -> Option<String> {
    // As in `serde_json::to_vec`: no value of a few bytes grows it.
    let mut bytes = Vec::with_capacity(128);
    let mut form = Form::default();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, &mut form);
    // Which would write a number that JSON does not have as null.
    Finite(value).serialize(&mut writer).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    (form.is_raw() || !names::has_private(&text)).then_some(text)
}
