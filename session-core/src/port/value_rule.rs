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
pub struct ValueRule([Option<Check>; 2]);

type Check = fn(&str, &str) -> Option<&'static str>;

impl ValueRule {
    /// Every value can be kept.
    pub const ANY: Self = Self([None; 2]);

    /// Takes a function that gets a value's name and its JSON, and returns the reason for which it can't
    /// be kept: words that go on after the value's name, without parts of the value.
    #[must_use]
    pub const fn new(check: fn(&str, &str) -> Option<&'static str>) -> Self {
        Self([Some(check), None])
    }

    /// Joins two rules, for a store made of two: a value has to keep to both. `None` if that were more than two in all.
    ///
    /// ```
    /// use session_core::ValueRule;
    ///
    /// let one = ValueRule::new(|name, _| (name.len() > 64).then_some("its name is too long"));
    /// assert!(one.and(ValueRule::ANY).is_some());
    /// assert!(one.and(one).is_some_and(|two| two.and(one).is_none()));
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let mut checks = self.0.into_iter().chain(other.0).flatten();
        let both = Self([checks.next(), checks.next()]);
        checks.next().is_none().then_some(both)
    }

    pub(crate) fn check(self, name: &str, json: &str) -> Result<(), ValueError> {
        let mut checks = self.0.into_iter().flatten();
        match checks.find_map(|check| check(name, json)) {
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
