use std::fmt;
use std::str::FromStr;

use time::{Duration, OffsetDateTime};

use crate::Record;
use crate::policy_builder::MAX_AGE_LIMIT;
use crate::port::record::{from_micros, to_micros, truncate};

/// How long sessions live, on three independent axes.
///
/// A session ends `idle` after its last renewal, `absolute` after it was created or signed in,
/// whichever is first, and the server enforces both, whatever the cookie says.
/// A session whose `expires` is now is dead. (ASVS 5.0, 7.3; NIST SP 800-63B-4, 5.2.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    pub(crate) idle: Duration,
    pub(crate) absolute: Option<Duration>,
    pub(crate) cookie: CookieLife,
    pub(crate) touch_every: Duration,
}

/// How long the browser keeps the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieLife {
    /// As long as the server keeps the session, across restarts of the browser (`Max-Age`).
    Persistent,
    /// Until the browser closes; Django's `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
    UntilBrowserClose,
}

/// One session's own lifetime, in place of the policy's idle time; Django's `set_expiry`.
///
/// It is stored with the session and survives later writes. The policy's absolute limit
/// holds all the same.
///
/// ```
/// use session_core::Expiry;
/// use time::Duration;
///
/// let remember_me = Expiry::After(Duration::days(30));
/// assert_eq!(remember_me.to_string().parse(), Ok(remember_me));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expiry {
    /// What the policy says.
    #[default]
    Policy,
    /// A cookie until the browser closes; the server keeps to the policy's idle time.
    BrowserClose,
    /// This long after the last renewal, with a persistent cookie.
    After(Duration),
    /// At this moment, whatever happens, with a persistent cookie.
    At(OffsetDateTime),
}

/// A lifetime that no session can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// [`Expiry::After`] with a duration of zero or less; to end a session, destroy it.
    #[error("a session's lifetime must be longer than zero; to end a session, destroy it")]
    NotPositive,
    /// [`Expiry::At`] with a moment that has passed; to end a session, destroy it.
    #[error("a session can't expire in the past; to end a session, destroy it")]
    Past,
}

/// The moments that a renewal writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) seen: OffsetDateTime,
    pub(crate) expires: OffsetDateTime,
}

/// Why a lifetime is computed: a read renews once in a while, a write carries it for free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
}

impl Lifetime {
    /// Returns the idle limit that holds for a session.
    fn idle(&self, expiry: Expiry) -> Duration {
        match expiry {
            Expiry::After(idle) => idle,
            _ => self.idle,
        }
    }

    /// Returns when a session ends that was last renewed at `seen`.
    pub(crate) fn expires(
        &self,
        expiry: Expiry,
        created: OffsetDateTime,
        seen: OffsetDateTime,
    ) -> OffsetDateTime {
        let own = match expiry {
            Expiry::At(moment) => moment,
            other => seen.saturating_add(self.idle(other)),
        };
        match self.absolute {
            Some(absolute) => own.min(created.saturating_add(absolute)),
            None => own,
        }
    }

    /// Returns when a stored session ends, by its own account or by a policy that became stricter.
    pub(crate) fn end(&self, record: &Record) -> OffsetDateTime {
        let allowed = self.expires(record.expiry, record.created, record.seen);
        record.expires.min(allowed)
    }

    /// Says whether a stored session has ended.
    pub(crate) fn is_over(&self, record: &Record, now: OffsetDateTime) -> bool {
        self.end(record) <= now
    }

    /// Says whether the browser is to keep the cookie when it closes.
    pub(crate) fn is_persistent(&self, expiry: Expiry) -> bool {
        match expiry {
            Expiry::Policy => self.cookie == CookieLife::Persistent,
            Expiry::BrowserClose => false,
            Expiry::After(_) | Expiry::At(_) => true,
        }
    }

    /// Returns the renewal that is due at `now`, if one is.
    ///
    /// A read renews when the throttle has passed. A write renews always, except that a
    /// persistent cookie is not sent again for a difference under a tenth of its age: then the
    /// server's end stays too, so that the browser never forgets a session that still lives.
    /// A clock that went back renews nothing.
    pub(crate) fn renewal(
        &self,
        record: &Record,
        now: OffsetDateTime,
        why: Use,
    ) -> Option<Renewal> {
        let since = now - record.seen;
        let tenth = self.idle(record.expiry) / 10;
        let window = match why {
            Use::Read => self.throttle(record.expiry),
            Use::Write if self.is_persistent(record.expiry) => {
                self.throttle(record.expiry).min(tenth)
            }
            Use::Write => Duration::ZERO,
        };
        (since >= window && since > Duration::ZERO).then(|| Renewal {
            seen: now,
            expires: self.expires(record.expiry, record.created, now),
        })
    }

    /// Says whether the browser has to hear of a renewal: the end of its cookie moves.
    ///
    /// It moves with the session's end, and also if that was further away than browsers keep a cookie.
    pub(crate) fn reaches_the_cookie(&self, renewal: Renewal, old: &Record) -> bool {
        let was_capped = old.expires - old.seen > Duration::seconds(MAX_AGE_LIMIT);
        self.is_persistent(old.expiry) && (renewal.expires > old.expires || was_capped)
    }

    /// Returns how long a read waits before it renews; a tenth of a shorter lifetime of its own.
    fn throttle(&self, expiry: Expiry) -> Duration {
        match expiry {
            Expiry::After(idle) => self.touch_every.min(idle / 10),
            _ => self.touch_every,
        }
    }
}

impl Expiry {
    /// Refuses what no session can have, and cuts the rest to what stores keep.
    pub(crate) fn check(self, now: OffsetDateTime) -> Result<Self, ExpiryError> {
        match self {
            Self::After(idle) if idle <= Duration::ZERO => Err(ExpiryError::NotPositive),
            Self::At(moment) if moment <= now => Err(ExpiryError::Past),
            Self::After(idle) => Ok(Self::After(Duration::microseconds(
                i64::try_from(idle.whole_microseconds())
                    .unwrap_or(i64::MAX)
                    .max(1),
            ))),
            Self::At(moment) => Ok(Self::At(truncate(moment))),
            other => Ok(other),
        }
    }
}

/// The form that stores keep: `policy`, `close`, `after:<microseconds>`, `at:<microseconds>`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::BrowserClose => f.write_str("close"),
            Self::After(idle) => write!(f, "after:{}", idle.whole_microseconds()),
            Self::At(moment) => write!(f, "at:{}", to_micros(*moment)),
        }
    }
}

/// The text is no stored lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored session lifetime")]
pub struct ParseExpiryError;

impl FromStr for Expiry {
    type Err = ParseExpiryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| ParseExpiryError);
        match text.split_once(':') {
            None if text == "policy" => Ok(Self::Policy),
            None if text == "close" => Ok(Self::BrowserClose),
            Some(("after", micros)) => Ok(Self::After(Duration::microseconds(number(micros)?))),
            Some(("at", micros)) => from_micros(number(micros)?)
                .map(Self::At)
                .ok_or(ParseExpiryError),
            _ => Err(ParseExpiryError),
        }
    }
}
