use thiserror::Error;

/// A policy that cannot work, with the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// `domain` is empty.
    #[error("domain: an empty Domain is none; leave it out")]
    EmptyDomain,
    /// `rotation_grace` is longer than five minutes.
    #[error("rotation_grace: must be 5 minutes or less; it covers requests under way")]
    Grace,
    /// An attribute has a character that would end it.
    #[error(
        "{field}: {value:?} has a character that a cookie's attribute can't carry (a control character, a space, `;` or `,`)"
    )]
    Illegal {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// The cookie would be kept for longer than browsers do.
    #[error(
        "idle: browsers keep no cookie longer than 400 days (34560000 s), this asks for {0} s; shorten idle or absolute, or use until_browser_close"
    )]
    MaxAge(u64),
    /// The cookie's name is no RFC 9110 token.
    #[error("cookie_name: {0:?} is no cookie name; use letters, digits and any of !#$%&'*+-.^_`|~")]
    Name(String),
    /// `SameSite=None` or `Partitioned` on an insecure cookie, which browsers drop.
    #[error("{0} needs Secure; drop `insecure`")]
    NeedsSecure(&'static str),
    /// A duration or size of zero, or too small a size.
    #[error("{0}: must be more than zero")]
    NotPositive(&'static str),
    /// `path` is not absolute.
    #[error("path: {0:?} must begin with /")]
    Path(String),
    /// The name has a prefix whose conditions are not met (RFC 6265bis, 4.1.3); browsers would drop the cookie.
    #[error("cookie_name: {name:?} needs {needs}")]
    Prefix {
        /// The name.
        name: String,
        /// The condition of its prefix.
        needs: &'static str,
    },
}
