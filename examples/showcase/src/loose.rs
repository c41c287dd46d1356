use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A stored value of which nothing is known: whoever can call the API can put any JSON there.
///
/// Some JSON texts have no [`Value`], like `1e999`, half a surrogate pair or a thousand brackets;
/// they count as null.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Loose(pub(crate) Value);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(reader)?;
        Ok(Self(serde_json::from_str(text.get()).unwrap_or_default()))
    }
}
