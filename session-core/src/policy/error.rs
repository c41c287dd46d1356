use thiserror::Error;

/// A policy that cannot work, with the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// `anonymous_idle` is longer than `idle`.
    #[error(
        "anonymous_idle: must be idle or less, or a sign-in would shorten a session's life; shorten it, or lengthen idle"
    )]
    AnonymousIdle,
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
    /// `max_value_bytes` leaves no room for any value.
    #[error("max_value_bytes: must be at least 1, the size of a digit")]
    MaxValueBytes,
    /// `max_devices` is 0, or can't be kept.
    #[error("max_devices: {0}")]
    MaxDevices(&'static str),
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
    /// [Plain ids](crate::IdForm::Plain) are not bound to what carries them.
    #[error(
        "carrier: plain ids travel in cookies alone, as a cookie's id would be a bearer's too; drop `plain_ids`, or use Carrier::Cookie"
    )]
    PlainBearer,
    /// A cookie's attribute has this name, and Django reads no such cookie; [plain ids](crate::IdForm::Plain)
    /// are shared with it.
    #[error(
        "cookie_name: {0:?} is the name of a cookie's attribute, and Django reads no such cookie; use another"
    )]
    PlainName(String),
    /// A [plain id](crate::IdForm::Plain) is a key, which changes only if a handler says so.
    #[error(
        "rotate_every: plain ids have no secret to renew, and a visitor who does not get the answer is logged out; drop `plain_ids` or `rotate_every`"
    )]
    PlainRotation,
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
    /// `idle`, `anonymous_idle`, `absolute` or `rotate_every` is less than a microsecond.
    #[error("{0}: must be a microsecond or more; shorter, it has passed when a session begins")]
    TooShort(&'static str),
    /// `watch_every` is not from 100 milliseconds to a minute.
    #[error(
        "watch_every: must be 100 milliseconds to a minute; each look of each watcher is one load"
    )]
    Watch,
}
