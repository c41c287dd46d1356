use std::fmt;

use crate::ValueError;

/// What a store can't keep among a session's values, told before a value is set; see
/// [`Store::value_rule`](crate::Store::value_rule).
///
/// ```
/// use session_core::ValueRule;
///
/// let short = |name: &str, _json: &str| (name.len() > 64).then_some("its name is too long");
/// assert!(short("theme", "\"dark\"").is_none());
/// let rule = ValueRule::new(short);
/// # let _ = rule;
/// ```
#[derive(Clone, Copy)]
pub struct ValueRule(fn(&str, &str) -> Option<&'static str>);

impl ValueRule {
    /// Every value can be kept.
    pub const ANY: Self = Self::new(|_, _| None);

    /// Takes a function that gets a value's name and its JSON, and returns the reason for which it can't
    /// be kept: words that go on after the value's name, without parts of the value.
    #[must_use]
    pub const fn new(check: fn(&str, &str) -> Option<&'static str>) -> Self {
        Self(check)
    }

    pub(crate) fn check(self, name: &str, json: &str) -> Result<(), ValueError> {
        match (self.0)(name, json) {
            None => Ok(()),
            Some(reason) => Err(ValueError::Refused {
                key: name.into(),
                reason,
            }),
        }
    }
}

impl fmt::Debug for ValueRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueRule")
    }
}
