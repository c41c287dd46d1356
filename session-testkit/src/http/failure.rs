use std::fmt;

/// The report of a case that failed: what it expected and what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Compares two values.
#[allow(
    clippy::needless_pass_by_value,
    reason = "callers have temporaries at hand"
)]
pub(crate) fn equal<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(
    what: &str,
    seen: T,
    expected: U,
) -> Result<(), Failure> {
    if seen == expected {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{what}: expected {expected:?}, saw {seen:?}"
        )))
    }
}

/// Fails unless the fact holds.
pub(crate) fn holds(fact: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if fact {
        Ok(())
    } else {
        Err(Failure::new(otherwise()))
    }
}
