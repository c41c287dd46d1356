use std::sync::Arc;
use std::time::Duration;

use crate::port::expiry::whole_micros;
use crate::port::moment::{LAST, truncate};
use crate::{Expiry, Moment, Reason, Record, to_micros};

/// The lifetime of a session, on three independent axes.
///
/// A session ends `idle` after its life was last extended, `absolute` after it was created or signed
/// in, whichever is first, and the server enforces both, whatever the cookie says.
/// A session whose `expires` is now is over. (ASVS 5.0, 7.3; NIST SP 800-63B-4, 5.2.)
///
/// Spans are in microseconds, as moments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) idle: i64,
    pub(crate) absolute: Option<i64>,
    pub(crate) cookie: CookieLife,
    /// The longest of all spans stands for never.
    pub(crate) touch_every: i64,
}

/// The lifetimes of the sessions that somebody has signed in to, and of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) owned: Lifetime,
    pub(crate) anonymous: Lifetime,
}

impl Lifetimes {
    /// Returns the lifetime of an owner's session, or of nobody's.
    #[inline]
    pub(crate) fn of(&self, owner: Option<&Arc<str>>) -> &Lifetime {
        match owner {
            Some(_) => &self.owned,
            None => &self.anonymous,
        }
    }

    /// Returns the lifetime of a stored session.
    #[inline]
    pub(crate) fn of_record(&self, record: &Record) -> &Lifetime {
        self.of(record.owner.as_ref())
    }

    /// Says whether the browser is to keep the cookie when it closes, whosever session it is.
    pub(crate) fn is_persistent(&self, expiry: Expiry) -> bool {
        self.owned.is_persistent(expiry)
    }
}

/// The lifetime of the cookie in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieLife {
    /// As long as the server keeps the session, across restarts of the browser (`Max-Age`).
    Persistent,
    /// Until the browser closes; Django's `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
    UntilBrowserClose,
}

/// A lifetime that no session can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpiryError {
    /// [`Expiry::After`] with a duration of zero; to end a session, destroy it.
    #[error("a session's lifetime must be longer than zero; to end a session, destroy it")]
    NotPositive,
    /// [`Expiry::At`] with a moment that has passed; to end a session, destroy it.
    #[error("a session can't expire in the past; to end a session, destroy it")]
    Past,
    /// [`Expiry::At`] with a moment after the year 9999 in UTC, which no store can keep.
    #[error("a session can't expire after the year 9999 in UTC")]
    Beyond,
}

/// The moments that the extension of a life writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) seen: Moment,
    pub(crate) expires: Moment,
}

/// The reason for an extension: a read extends a life once in a while, a write does so for free, and a visitor may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
    Asked,
}

impl Lifetime {
    /// Returns the same with another idle limit, and a throttle that suits it.
    pub(crate) fn shortened(self, idle: i64) -> Self {
        let touch_every = match self.touch_every {
            i64::MAX => i64::MAX,
            throttle => throttle.min(idle / 10),
        };
        Self {
            idle,
            touch_every,
            ..self
        }
    }

    /// Returns the idle limit that holds for a session.
    fn idle(&self, expiry: Expiry) -> i64 {
        match expiry {
            Expiry::After(idle) => micros(idle),
            _ => self.idle,
        }
    }

    /// Returns when a session ends whose life was last extended at `seen`.
    pub(crate) fn expires(&self, expiry: Expiry, created: Moment, seen: Moment) -> Moment {
        Moment::nearest(self.expires_micros(expiry, to_micros(created), to_micros(seen)))
    }

    fn expires_micros(&self, expiry: Expiry, created: i64, seen: i64) -> i64 {
        let own = match expiry {
            Expiry::At(moment) => to_micros(moment),
            other => seen.saturating_add(self.idle(other)),
        };
        match self.absolute {
            // Created later than seen: by a clock that was ahead.
            Some(absolute) => own.min(created.min(seen).saturating_add(absolute)),
            None => own,
        }
    }

    /// Returns when a stored session ends, by its own account or by a policy that became stricter.
    ///
    /// Moments that a clock which was ahead has stored count as now.
    pub(crate) fn end(&self, record: &Record, now: Moment) -> Moment {
        Moment::nearest(self.end_micros(record, to_micros(now)))
    }

    fn end_micros(&self, record: &Record, now: i64) -> i64 {
        let seen = to_micros(record.seen).min(now);
        let allowed = self.expires_micros(record.expiry, to_micros(record.created), seen);
        allowed.min(to_micros(record.expires))
    }

    /// Says whether a stored session is over.
    pub(crate) fn is_over(&self, record: &Record, now: Moment) -> bool {
        let now = to_micros(now);
        self.end_micros(record, now) <= now
    }

    /// Returns which limit has ended a session that is over.
    pub(crate) fn reason(&self, record: &Record, now: Moment) -> Reason<'static> {
        let [created, seen, now] = [record.created, record.seen, now].map(to_micros);
        let is_absolute = self
            .absolute
            .is_some_and(|absolute| created.min(seen).saturating_add(absolute) <= now);
        match record.expiry {
            _ if is_absolute => Reason::Absolute,
            Expiry::After(_) | Expiry::At(_) => Reason::Expiry,
            Expiry::BrowserClose | Expiry::Policy => Reason::Idle,
        }
    }

    /// Says whether the browser is to keep the cookie when it closes.
    pub(crate) fn is_persistent(&self, expiry: Expiry) -> bool {
        match expiry {
            Expiry::Policy => self.cookie == CookieLife::Persistent,
            Expiry::BrowserClose => false,
            Expiry::After(_) | Expiry::At(_) => true,
        }
    }

    /// Returns the extension that is due at `now`, if one is.
    pub(crate) fn extension(&self, record: &Record, now: Moment, why: Use) -> Option<Extension> {
        self.is_due(record, now, why).then(|| Extension {
            seen: now,
            expires: self.expires(record.expiry, record.created, now),
        })
    }

    /// Says whether an extension is due at `now`.
    ///
    /// A read extends when the throttle has passed. A write extends always, except that a
    /// persistent cookie is not sent again for a difference under a tenth of its age: then the
    /// server's end stays too, so that the browser never forgets a session that still lives.
    /// A clock that went back extends nothing.
    pub(crate) fn is_due(&self, record: &Record, now: Moment, why: Use) -> bool {
        let since = to_micros(now) - to_micros(record.seen);
        let tenth = self.idle(record.expiry) / 10;
        let window = match why {
            Use::Read => self.throttle(record.expiry),
            Use::Write if self.is_persistent(record.expiry) => {
                self.throttle(record.expiry).min(tenth)
            }
            Use::Asked | Use::Write => 0,
        };
        since >= window && since > 0
    }

    /// Says whether the browser has to hear of an extension: the end of its cookie moves.
    ///
    /// It moves with the session's end, and also if that was further away than browsers keep a cookie.
    pub(crate) fn moves_the_cookie(&self, extension: Extension, old: &Record) -> bool {
        let was_capped = || left(old.expires, old.seen) > Duration::from_secs(MAX_AGE_LIMIT);
        self.is_persistent(old.expiry) && (extension.expires > old.expires || was_capped())
    }

    /// Returns how long a read waits before it extends; a tenth of a shorter lifetime of its own.
    fn throttle(&self, expiry: Expiry) -> i64 {
        match expiry {
            Expiry::After(idle) if self.touch_every != i64::MAX => {
                self.touch_every.min(micros(idle) / 10)
            }
            _ => self.touch_every,
        }
    }
}

impl Expiry {
    /// Refuses an impossible lifetime, and brings a possible one to the form that stores keep.
    pub(crate) fn check(self, now: Moment) -> Result<Self, ExpiryError> {
        match self {
            Self::After(idle) if idle.is_zero() => Err(ExpiryError::NotPositive),
            Self::After(idle) => Ok(Self::After(whole_micros(idle))),
            Self::At(moment) if Moment::from(moment) <= now => Err(ExpiryError::Past),
            Self::At(moment) if moment > LAST => Err(ExpiryError::Beyond),
            Self::At(moment) => Ok(Self::At(truncate(moment))),
            other => Ok(other),
        }
    }
}

/// Returns a span in microseconds; the longest stand for ever.
pub(crate) fn micros(span: Duration) -> i64 {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let rest = i64::from(span.subsec_micros());
    seconds.saturating_mul(1_000_000).saturating_add(rest)
}

/// Returns a span for computations with moments; the longest stand for ever.
pub(crate) fn signed(span: Duration) -> time::Duration {
    span.try_into().unwrap_or(time::Duration::MAX)
}

/// Returns what is left until `end`, zero if it has passed.
pub(crate) fn left(end: Moment, now: Moment) -> Duration {
    let left = to_micros(end) - to_micros(now);
    Duration::from_micros(u64::try_from(left).unwrap_or_default())
}

/// The longest that browsers keep a cookie: 400 days, in seconds (RFC 6265bis, 5.5).
pub(crate) const MAX_AGE_LIMIT: u64 = 34_560_000;
