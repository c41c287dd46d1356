use std::ops::RangeInclusive;
use std::time::Duration;

use super::builder::PolicyBuilder;
use super::devices::USE_OF_CAPPED;
use super::error::PolicyError;
use super::lifetime::{CookieLife, Lifetime, Lifetimes, MAX_AGE_LIMIT, micros};

/// A policy's spans of time, as far as some make no sense.
#[derive(Debug, Clone)]
pub(super) struct Spans {
    pub(super) idle: Duration,
    pub(super) anonymous_idle: Option<Duration>,
    pub(super) absolute: Option<Duration>,
    pub(super) cookie: CookieLife,
    pub(super) touch: Touch,
    pub(super) rotation_grace: Duration,
    pub(super) rotate_every: Option<Duration>,
    pub(super) clock_skew: Duration,
    pub(super) watch_every: Duration,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(14 * 24 * 60 * 60),
            anonymous_idle: None,
            absolute: None,
            cookie: CookieLife::Persistent,
            touch: Touch::Default,
            rotation_grace: Duration::from_secs(10),
            rotate_every: None,
            clock_skew: Duration::from_secs(5 * 60),
            watch_every: Duration::from_millis(500),
        }
    }
}

impl Spans {
    /// Refuses those with which a session can't live, or is not found again.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        for (field, value) in [
            ("idle", Some(self.idle)),
            ("anonymous_idle", self.anonymous_idle),
            ("absolute", self.absolute),
            ("rotate_every", self.rotate_every),
        ] {
            if value.is_some_and(|value| value < SHORTEST) {
                return Err(PolicyError::TooShort(field));
            }
        }
        if self.anonymous_idle.is_some_and(|idle| idle > self.idle) {
            return Err(PolicyError::AnonymousIdle);
        }
        let longest = self
            .absolute
            .map_or(self.idle, |absolute| absolute.min(self.idle));
        if self.cookie == CookieLife::Persistent && longest.as_secs() > MAX_AGE_LIMIT {
            return Err(PolicyError::MaxAge(longest.as_secs()));
        }
        if matches!(self.touch, Touch::Every(throttle) if throttle > self.idle / 2) {
            return Err(PolicyError::Throttle);
        }
        if self.rotation_grace > MAX_GRACE {
            return Err(PolicyError::Grace);
        }
        if self.clock_skew > MAX_SKEW {
            return Err(PolicyError::Skew);
        }
        if !WATCHES.contains(&self.watch_every) {
            return Err(PolicyError::Watch);
        }
        Ok(())
    }

    /// Returns the limits of sessions' lives. If their owners' are capped, the last use decides who is ended.
    pub(super) fn lifetimes(&self, is_capped: bool) -> Lifetimes {
        let owned = self.owned(is_capped);
        let anonymous = match self.anonymous_idle.map(micros) {
            Some(idle) => owned.shortened(idle),
            None => owned,
        };
        Lifetimes { owned, anonymous }
    }

    fn owned(&self, is_capped: bool) -> Lifetime {
        Lifetime {
            idle: micros(self.idle),
            absolute: self.absolute.map(micros),
            cookie: self.cookie,
            touch_every: match self.touch {
                Touch::Default if is_capped => micros((self.idle / 10).min(USE_OF_CAPPED)),
                Touch::Default => micros(self.idle / 10),
                Touch::Every(throttle) => micros(throttle),
                Touch::Never => i64::MAX,
            },
        }
    }
}

/// When reading extends a session's life.
#[derive(Debug, Clone, Copy)]
pub(super) enum Touch {
    /// Once in a tenth of `idle`.
    Default,
    Every(Duration),
    Never,
}

/// The longest that a secret is remembered after it was rotated.
const MAX_GRACE: Duration = Duration::from_secs(5 * 60);

/// The longest that clocks may differ: what is over is kept for as long.
const MAX_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a watcher may look.
const WATCHES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);

/// The precision of stores.
const SHORTEST: Duration = Duration::from_micros(1);

/// The spans of a session's life and of its secrets.
impl PolicyBuilder {
    /// Ends a session after this time without use; default 14 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.spans.idle = idle;
        self
    }

    /// Ends a session that nobody has signed in to after this time without use; default [`idle`](Self::idle), which is
    /// the longest.
    ///
    /// So the rows of robots, and of visitors who look at one page, are swept soon, and carts can still be kept for a
    /// day. With a sign-in the session gets the time of owners, and what begins after a sign-out has this one. A session that is
    /// only read is extended once in a tenth of it, if [`touch_every`](Self::touch_every) is not shorter. A session's
    /// [own lifetime](crate::Session::set_expiry) counts instead. A Django site that shares the table has one limit for all.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use session_core::Policy;
    ///
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// assert!(Policy::builder().anonymous_idle(day).build().is_ok());
    /// assert!(Policy::builder().idle(day).anonymous_idle(2 * day).build().is_err());
    /// ```
    pub fn anonymous_idle(mut self, idle: Duration) -> Self {
        self.spans.anonymous_idle = Some(idle);
        self
    }

    /// Ends a session this long after its creation or the last sign-in; default never.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.spans.absolute = Some(absolute);
        self
    }

    /// Lets the browser drop the cookie when it closes; the server keeps to its limits.
    pub fn until_browser_close(mut self) -> Self {
        self.spans.cookie = CookieLife::UntilBrowserClose;
        self
    }

    /// Extends the life of a session that is only read at most once in this time; default a tenth
    /// of `idle`, and at most a minute under [`max_devices`](Self::max_devices).
    ///
    /// It is at most half of `idle`, so that a session that is used once in that time lives on. One that
    /// nobody uses ends after `idle`, or sooner by up to this time. Zero extends it with every request that opens the session.
    pub fn touch_every(mut self, throttle: Duration) -> Self {
        self.spans.touch = Touch::Every(throttle);
        self
    }

    /// Lets reading extend no session's life: it ends `idle` after its last write, also while it is in
    /// use; Django without `SESSION_SAVE_EVERY_REQUEST`.
    pub fn touch_never(mut self) -> Self {
        self.spans.touch = Touch::Never;
        self
    }

    /// Lets a secret open its session for this long after it was rotated; default 10 seconds, at
    /// most 5 minutes.
    ///
    /// A browser sends the old id with requests that cross the answer which brings the new one, and
    /// the answer may be lost. So the old secret reads and writes until this time has passed or the
    /// new secret was presented, whichever is later. Zero leaves only the second.
    ///
    /// For as long, a request with the id from before a [sign-in](crate::Session::sign_in) can read
    /// the values from before, and none that came after. (OWASP Session Management, "Renewal
    /// Timeout".)
    pub fn rotation_grace(mut self, grace: Duration) -> Self {
        self.spans.rotation_grace = grace;
        self
    }

    /// Renews a session's secret by itself when it is this old; default never.
    ///
    /// It happens at the first request that opens the session by then and is answered with a status under 500
    /// (and not 408 or 499), one that only reads included. The session keeps its key, its values and its
    /// absolute limit. Requests beside that one go on by the [grace](Self::rotation_grace), and within it the
    /// secret is not renewed again. A renewal that fails or is refused is left to the next request.
    /// (OWASP Session Management, "Renewal Timeout".)
    pub fn rotate_every(mut self, age: Duration) -> Self {
        self.spans.rotate_every = Some(age);
        self
    }

    /// Says how far apart the clocks of the application's servers may be; default 5 minutes.
    ///
    /// A session that is over for one server is over for all of them only after this time, and not
    /// deleted sooner. At most a day.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.spans.clock_skew = skew;
        self
    }

    /// Says how often a session is looked at that is watched for its end, by `RequestSession::ended`; default 500 milliseconds.
    ///
    /// It is the delay of that end where the store is not told of other nodes' writes; behind a cache that is not told
    /// either, what is read may be older by the time that the cache allows. Each look is one load. From 100 milliseconds
    /// to a minute.
    pub fn watch_every(mut self, period: Duration) -> Self {
        self.spans.watch_every = period;
        self
    }
}
