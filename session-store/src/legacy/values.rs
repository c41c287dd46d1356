use std::any::type_name;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The values of another library's session, as the application stored them.
///
/// `Debug` shows their names alone.
#[derive(Default)]
pub struct LegacyValues(BTreeMap<String, Box<RawValue>>);

impl LegacyValues {
    /// Returns a value; `None` if there is none of that name, or it is `null`.
    ///
    /// ```no_run
    /// use session_store::LegacyOptions;
    ///
    /// let old = LegacyOptions::actix_session("redis://127.0.0.1").owner(|values| values.get("user_id"));
    /// ```
    ///
    /// # Errors
    ///
    /// It is of another type, as a number that is read as a text.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, LegacyMismatch> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(value.get()).map_err(|_| {
            let kind = type_name::<T>();
            LegacyMismatch::new(format!("the value {name:?} is no {kind}"))
        })
    }

    /// Returns them as a session's values.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }
}

impl FromIterator<(String, Box<RawValue>)> for LegacyValues {
    fn from_iter<I: IntoIterator<Item = (String, Box<RawValue>)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl fmt::Debug for LegacyValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The values of a session are not what the application takes them for, so that nobody can say whose it is.
///
/// It stays where it is until the application says so otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyMismatch(String);

impl LegacyMismatch {
    /// Takes what is told in the log, without a value.
    ///
    /// ```
    /// use session_store::LegacyMismatch;
    ///
    /// let mismatch = LegacyMismatch::new("the login is of another version");
    /// assert_eq!(mismatch.to_string(), "the login is of another version");
    /// ```
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for LegacyMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for LegacyMismatch {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_is_an_error_without_the_value() {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        let values = [("id", "4711"), ("name", r#""ada""#), ("none", "null")];
        let values = values.map(|(name, json)| (name.to_owned(), raw(json)));
        let values = LegacyValues::from_iter(values);
        assert_eq!(values.get("id"), Ok(Some(4711)));
        assert_eq!(values.get("name"), Ok(Some("ada".to_owned())));
        for absent in ["none", "other"] {
            assert_eq!(values.get::<String>(absent), Ok(None), "{absent}");
        }
        let mismatch = values.get::<String>("id").unwrap_err().to_string();
        assert!(
            mismatch.contains("\"id\"") && !mismatch.contains("4711"),
            "{mismatch}"
        );
    }
}
