use std::sync::Arc;

use super::Policy;
use super::domain::Domain;
#[cfg(feature = "driver")]
use crate::ValueRule;

/// How a session's id travels.
///
/// It is a part of what is hashed, so an id that travels in a cookie opens nothing as a bearer's token, nor the reverse.
///
/// ```
/// use std::sync::Arc;
///
/// use session_core::{Carrier, Exchange, Policy};
///
/// let policy = Arc::new(Policy::builder().carrier(Carrier::Both).build()?);
/// let carrier = |authorization: &[&[u8]]| {
///     match Exchange::open_with(&policy, [], authorization.iter().copied()) {
///         Exchange::Open(opened) => opened.session().carrier(),
///         Exchange::Unread(_) => unreachable!("there is no id to ask for"),
///     }
/// };
/// assert_eq!(carrier(&[b"Bearer new"]), Carrier::Bearer);
/// assert_eq!(carrier(&[b"Basic YTpi"]), Carrier::Cookie);
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// In `Authorization: Bearer ID`, and in the response header `Session-Token`, for applications and
    /// clients of an API. Cookies are not looked at. (RFC 6750, 2.1.)
    Bearer,
    /// As the request says: one with `Authorization: Bearer` is a bearer's, and its cookie is not looked
    /// at, also if the token is unknown; any other has a cookie.
    Both,
    /// In a cookie; the default.
    Cookie,
}

impl Policy {
    /// Returns how the sessions' ids travel.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// Returns the policy of a bearer's request: this one, or a copy with its own namespace.
    pub(crate) fn of_bearers(self: &Arc<Self>) -> &Arc<Self> {
        self.bearers.as_ref().unwrap_or(self)
    }

    /// Makes ids travel in this way.
    pub(super) fn carried_by(mut self, carrier: Carrier) -> Self {
        self.carrier = carrier;
        match carrier {
            Carrier::Cookie => {}
            Carrier::Bearer => self.domain = Domain::of_bearer(&self.name),
            Carrier::Both => {
                let bearers = self.clone().carried_by(Carrier::Bearer);
                self.bearers = Some(Arc::new(bearers));
            }
        }
        self
    }

    #[cfg(feature = "driver")]
    pub(crate) fn limit_values(&mut self, rule: ValueRule) {
        self.value_rule = rule;
        if let Some(bearers) = &mut self.bearers {
            Arc::make_mut(bearers).value_rule = rule;
        }
    }
}
