use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A stored value of unknown type: any client of the API can store any JSON.
///
/// JSON texts without a [`Value`] count as null: `1e999`, half a surrogate pair, a thousand
/// brackets.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Loose(pub(crate) Value);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(reader)?;
        Ok(Self(serde_json::from_str(text.get()).unwrap_or_default()))
    }
}
