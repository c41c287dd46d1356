use std::fmt;
use std::sync::Arc;

use session_core::Carrier;
use thiserror::Error;

/// A guard against requests that another site has caused (CSRF): the application's origins, and the decision.
///
/// Clones share the list. The decision reads no session and no body; the layers of each framework carry it out, with the
/// [token](crate::CsrfToken) where it asks for one.
///
/// | An unsafe request | |
/// |---|---|
/// | whose session travels as a bearer | passes: browsers attach no token by themselves |
/// | `Sec-Fetch-Site: same-origin` or `none` | passes |
/// | `Sec-Fetch-Site` with any other value | is refused, also `same-site`: a sibling domain is somebody else |
/// | without it, with an `Origin` | passes if that is one of the application's own, else it is refused |
/// | with neither | has to bring the token of its session |
///
/// Safe methods (`GET`, `HEAD`, `OPTIONS`, `TRACE`; RFC 9110, 9.2.1) pass, so they must change nothing. A `WebSocket` begins with a
/// `GET`: compare its `Origin` in the handler, by [`has`](Self::has).
///
/// One guard for each session that travels by cookie, around the routes that use it: a guard goes by the carrier of its own session, so
/// beside one with a policy of [`Carrier::Bearer`] alone it passes every request, whatever other session's cookie comes along. Two guards
/// around the same route would ask a form for the tokens of both.
///
/// ```text
/// /        CsrfLayer::new(csrf.clone())              SessionLayer::new(visitors)
/// /admin   CsrfLayer::new(csrf).named::<Admin>()     SessionLayer::new(admins).named::<Admin>()
/// ```
///
/// On actix-web a `web::scope` has each, `/admin` before the others; on Rocket the guard of the area is
/// `CsrfFairing::new(csrf).named::<Admin>().under("/admin")`.
///
/// The origins are the application's own word. `Host` is no substitute: behind a proxy it is what the proxy has made of it.
///
/// ```
/// use session_core::Carrier;
/// use session_extras::{Csrf, Verdict};
///
/// let csrf = Csrf::new(["https://shop.example"])?;
/// let judge = |headers: &[(&str, &str)]| {
///     csrf.judge("POST", Carrier::Cookie, |wanted| {
///         let found = headers.iter().filter(move |(name, _)| *name == wanted);
///         found.map(|(_, value)| value.as_bytes())
///     })
/// };
/// assert_eq!(judge(&[("sec-fetch-site", "same-origin")]), Verdict::Pass);
/// assert_eq!(judge(&[("sec-fetch-site", "cross-site")]), Verdict::Refuse);
/// assert_eq!(judge(&[("origin", "https://shop.example")]), Verdict::Pass);
/// assert_eq!(judge(&[("origin", "https://evil.example")]), Verdict::Refuse);
/// assert_eq!(judge(&[]), Verdict::AskToken);
/// # Ok::<(), session_extras::OriginError>(())
/// ```
#[derive(Clone)]
pub struct Csrf(Arc<[Box<str>]>);

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "whoever carries it out must see every case"
)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It goes on if it brings the [token](crate::CsrfToken) of its session; otherwise as [`Refuse`](Self::Refuse).
    AskToken,
    /// It is answered with a 403, and does nothing.
    Refuse,
}

/// An origin that no browser would send.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{origin:?} is not an origin as browsers send it: http:// or https://, a host in lower case (punycode), \
     a port unless it is the scheme's own, and nothing behind it"
)]
#[non_exhaustive]
pub struct OriginError {
    /// The text.
    pub origin: String,
}

impl Csrf {
    /// Takes the application's own origins, such as `https://shop.example` or `http://localhost:3000`.
    ///
    /// # Errors
    ///
    /// One of them is not written as browsers write it, so it would never match.
    pub fn new<O: AsRef<str>>(origins: impl IntoIterator<Item = O>) -> Result<Self, OriginError> {
        let checked = origins.into_iter().map(|origin| {
            let origin = origin.as_ref();
            if is_origin(origin) {
                return Ok(origin.into());
            }
            let origin = origin.to_owned();
            Err(OriginError { origin })
        });
        Ok(Self(checked.collect::<Result<_, _>>()?))
    }

    /// Decides about a request by its method, its session's carrier and two of its headers.
    ///
    /// `values` returns the values of a header, whose name is in lower case. A header that is there twice is refused as
    /// one with a strange value is.
    #[must_use]
    pub fn judge<'a, V>(
        &self,
        method: &str,
        carrier: Carrier,
        values: impl Fn(&'static str) -> V,
    ) -> Verdict
    where
        V: IntoIterator<Item = &'a [u8]>,
    {
        if matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") || carrier == Carrier::Bearer {
            return Verdict::Pass;
        }
        let is_own = match (One::of(values(SITE)), One::of(values(ORIGIN))) {
            (One::Value(site), _) => matches!(site, b"same-origin" | b"none"),
            (One::Absent, One::Value(origin)) => self.has(origin),
            (One::Absent, One::Absent) => return Verdict::AskToken,
            (One::Several, _) | (One::Absent, One::Several) => false,
        };
        if is_own {
            Verdict::Pass
        } else {
            Verdict::Refuse
        }
    }

    /// Says whether the value of an `Origin` header is one of the application's own origins.
    #[must_use]
    pub fn has(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|own| own.as_bytes() == origin)
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Csrf").field(&self.0).finish()
    }
}

/// A header's values, as far as they count.
enum One<'a> {
    Absent,
    Value(&'a [u8]),
    Several,
}

impl<'a> One<'a> {
    fn of(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Value(value),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// Says whether browsers write an origin like this. (RFC 6454, 6.2; the URL standard's host serializer.)
fn is_origin(text: &str) -> bool {
    let (own_port, rest) = match text.split_once("://") {
        Some(("http", rest)) => ("80", rest),
        Some(("https", rest)) => ("443", rest),
        _ => return false,
    };
    // The colons of an IPv6 address are in brackets.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_port = |port: &str| {
        port != own_port
            && port
                .parse()
                .is_ok_and(|number: u16| number.to_string() == port)
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inner {
        Some(inner) => inner
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        None => host
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_')),
    };
    !host.is_empty() && is_host && port.is_none_or(is_port)
}

const SITE: &str = "sec-fetch-site";
const ORIGIN: &str = "origin";
