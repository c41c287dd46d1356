use super::Policy;
use super::builder::PolicyBuilder;
use crate::{ValueError, ValueRule};

impl PolicyBuilder {
    /// Limits the size of one session's values, in bytes of JSON; default 1 MiB.
    pub fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// Limits the size of each value, in bytes of its JSON; by default only the session's size is limited.
    ///
    /// So a value that clients fill, such as a draft, leaves room for the others. A larger one is refused where it is
    /// set, with [`ValueError::TooLarge`], which names it, and a status of 413; the value from before stays. One that
    /// was stored before the limit was set can be read and removed, and goes along at a sign-in. (OWASP Session
    /// Management Cheat Sheet.)
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{Exchange, Policy, SessionError, ValueError};
    /// let policy = Arc::new(Policy::builder().max_value_bytes(16).build()?);
    /// # let Exchange::Open(session) = Exchange::open(&policy, []) else { unreachable!() };
    /// session.insert("draft", "short")?;
    /// let error = session.insert("draft", "longer than sixteen").unwrap_err();
    /// assert!(matches!(&error, SessionError::Value(ValueError::TooLarge { key, .. }) if key == "draft"));
    /// assert_eq!(session.get::<String>("draft")?.as_deref(), Some("short"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_value_bytes(mut self, limit: usize) -> Self {
        self.max_value_bytes = Some(limit);
        self
    }
}

impl Policy {
    /// Returns what a single value has to meet.
    #[inline]
    pub(crate) fn value_check(&self) -> ValueCheck {
        ValueCheck {
            rule: self.value_rule,
            limit: self.max_value_bytes,
        }
    }
}

/// What a single value has to meet: the store's rule, and the policy's limit.
#[derive(Clone, Copy)]
pub(crate) struct ValueCheck {
    rule: ValueRule,
    limit: Option<usize>,
}

impl ValueCheck {
    #[inline]
    pub(crate) fn check(self, key: &str, json: &str) -> Result<(), ValueError> {
        self.rule.check(key, json)?;
        match self.limit {
            Some(limit) if json.len() > limit => Err(ValueError::TooLarge {
                key: key.into(),
                bytes: json.len(),
                limit,
            }),
            _ => Ok(()),
        }
    }
}
