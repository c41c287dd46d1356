use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The values of another library's session, as the application stored them.
///
/// `Debug` shows their names alone.
#[derive(Default)]
pub struct LegacyValues(BTreeMap<String, Box<RawValue>>);

impl LegacyValues {
    /// Returns a value; `None` if there is none of that name, or it is of another type.
    ///
    /// ```no_run
    /// use session_store::LegacyOptions;
    ///
    /// let old = LegacyOptions::actix_session("redis://127.0.0.1").owner(|values| values.get("user_id"));
    /// ```
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
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
