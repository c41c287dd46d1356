use std::collections::BTreeMap;

use serde_json::Value;

/// What an answer shows of a session.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(clippy::exhaustive_structs, reason = "tests make it by hand")]
pub struct Look {
    /// Whether the cookie has opened a stored session.
    pub exists: bool,
    /// Who is signed in.
    pub owner: Option<String>,
    /// The values.
    pub data: BTreeMap<String, Value>,
}

impl Look {
    /// Reads the body of `GET /api/session`; `None` if it is something else.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let data = json.get("data")?.as_object()?;
        let data = data.iter().map(|(key, value)| (key.clone(), value.clone()));
        Some(Self {
            exists: json.get("exists")?.as_bool()?,
            owner: json.get("owner")?.as_str().map(str::to_owned),
            data: data.collect(),
        })
    }

    /// Says whether it shows nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.exists && self.owner.is_none() && self.data.is_empty()
    }
}

/// Makes a visitor's value with a number: it names the visitor, and half of it is no value.
pub(crate) fn value(marker: &str, number: u64) -> String {
    let length = usize::try_from(number % 7 * 90).unwrap_or_default();
    format!("{marker}/{number}/{}", "=".repeat(length))
}

/// Reads the number of a visitor's own value; `None` if it is not a whole one.
pub(crate) fn number_of(marker: &str, found: &Value) -> Option<u64> {
    let text = found.as_str()?;
    let number = text.strip_prefix(marker)?.strip_prefix('/')?;
    let number = number.split('/').next()?.parse().ok()?;
    (value(marker, number) == text).then_some(number)
}

/// Says whether a value is of this visitor, whole or not.
pub(crate) fn is_of(marker: &str, found: &Value) -> bool {
    let rest = found.as_str().and_then(|text| text.strip_prefix(marker));
    rest.is_some_and(|rest| rest.starts_with('/'))
}
