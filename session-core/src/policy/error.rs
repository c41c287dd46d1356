use thiserror::Error;

/// A policy that cannot work, with the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No browser takes this `domain`, or it can't mean what it says.
    #[error("domain: {value:?} {problem}")]
    #[non_exhaustive]
    Domain {
        /// The domain.
        value: String,
        /// What is wrong with it, and the remedy.
        problem: &'static str,
    },
    /// `rotation_grace` is longer than five minutes.
    #[error("rotation_grace: must be 5 minutes or less; it covers requests under way")]
    Grace,
    /// The cookie would be kept for longer than browsers do.
    #[error(
        "idle: browsers keep no cookie longer than 400 days (34560000 s), this asks for {0} s; shorten idle or absolute, or use until_browser_close"
    )]
    MaxAge(u64),
    /// `max_bytes` leaves no room for an empty session.
    #[error("max_bytes: must be at least 2, the size of a session without values")]
    MaxBytes,
    /// The cookie's name is no RFC 9110 token.
    #[error(
        "cookie_name: {0:?} is no cookie name; use letters, digits and any of !#$%&'*+-.^_`|~, at most 255"
    )]
    Name(String),
    /// `SameSite=None` or `Partitioned` on an insecure cookie, which browsers drop.
    #[error("{0} needs Secure; drop `insecure`")]
    NeedsSecure(&'static str),
    /// A partitioned cookie that no embedded page gets.
    #[error(
        "partitioned: the cookie of an embedded page needs SameSite=None; set it, or drop `partitioned`"
    )]
    Partitioned,
    /// No request has this `path`.
    #[error("path: {value:?} {problem}")]
    #[non_exhaustive]
    Path {
        /// The path.
        value: String,
        /// What is wrong with it, and the remedy.
        problem: &'static str,
    },
    /// The name has a prefix whose conditions are not met (RFC 6265bis, 4.1.3); browsers would drop the cookie.
    #[error("cookie_name: {name:?} needs {needs}")]
    #[non_exhaustive]
    Prefix {
        /// The name.
        name: String,
        /// The condition of its prefix.
        needs: &'static str,
    },
    /// `clock_skew` is longer than a day.
    #[error("clock_skew: must be a day or less; a session that is over is kept for as long")]
    Skew,
    /// Reading would extend a life too seldom for a session that is in use.
    #[error(
        "touch_every: must be at most half of idle, or a session that is only read ends while it is in use; if it is to, use touch_never"
    )]
    Throttle,
    /// `idle` or `absolute` is less than a microsecond.
    #[error("{0}: must be a microsecond or more; shorter, a session has ended when it begins")]
    TooShort(&'static str),
}
