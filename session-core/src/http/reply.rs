use std::borrow::Cow;

use time::OffsetDateTime;

use super::caching;
use crate::policy::lifetime::MAX_AGE_LIMIT;
use crate::{Id, Policy, to_micros};

/// The response headers of a session.
///
/// Put it on the response with [`apply`](Self::apply). `Debug` hides the cookie.
#[derive(Clone, Default)]
#[must_use = "the browser learns of the session only by these headers"]
pub struct Reply {
    set_cookie: Option<String>,
    opened: bool,
    loss: Option<Loss>,
    /// The replies of further sessions, which were finished before.
    inner: Vec<Reply>,
}

/// The reason for dropping a request's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The session was ended elsewhere.
    Gone,
    /// The request came with an id from before a sign-in or an old rotation.
    Superseded,
}

/// A framework's response headers, as far as a [`Reply`] needs them.
pub trait Headers {
    /// Shows every name and value that is there.
    fn each(&self, show: &mut dyn FnMut(&str, &[u8]));
    /// Adds one more value.
    ///
    /// That of `set-cookie` is a secret: whoever reads it has the session. Where the framework's values
    /// have a mark for that (`HeaderValue::set_sensitive`), set it, so that no log shows it.
    fn append(&mut self, name: &'static str, value: Cow<'static, str>);
    /// Replaces all values with one.
    fn replace(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.remove(name);
        self.append(name, value);
    }
    /// Removes all values, whatever the case of the name.
    fn remove(&mut self, name: &str);
}

/// A change to the browser's cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CookieChange {
    /// Set it; `until` is the end of a persistent cookie.
    Set {
        id: Id,
        until: Option<OffsetDateTime>,
    },
    /// Remove it.
    Remove,
}

impl Reply {
    pub(crate) fn new(
        policy: &Policy,
        cookie: Option<CookieChange>,
        loss: Option<Loss>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            set_cookie: cookie.map(|change| render(policy, change, now)),
            opened: true,
            loss,
            inner: Vec::new(),
        }
    }

    /// The same reply with a cookie of another value.
    #[cfg(feature = "driver")]
    pub(crate) fn with_cookie(
        mut self,
        policy: &Policy,
        value: &str,
        until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Self {
        self.set_cookie = Some(set(policy, value.as_bytes(), until, now));
        self
    }

    #[cfg(feature = "driver")]
    pub(crate) fn without_cookie(mut self) -> Self {
        self.set_cookie = None;
        self
    }

    /// Returns the value of the one `Set-Cookie` header, if there is one.
    #[must_use]
    pub fn set_cookie(&self) -> Option<&str> {
        self.set_cookie.as_deref()
    }

    /// Says whether the request could see the session, so that the response depends on the cookie.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        self.opened
    }

    /// Says whether the session was ended elsewhere, and the request's changes with it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.loss == Some(Loss::Gone)
    }

    /// Says whether the request's changes were dropped because it came with an id from before a
    /// sign-in, or with one that was rotated a while ago.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.loss == Some(Loss::Superseded)
    }

    /// Adds the replies of inner sessions.
    #[cfg(feature = "driver")]
    pub(crate) fn beside(mut self, inner: Vec<Self>) -> Self {
        if self.inner.is_empty() {
            self.inner = inner;
        } else {
            self.inner.extend(inner);
        }
        self
    }

    /// Says whether a response needs its headers.
    #[cfg(feature = "driver")]
    pub(crate) fn has_headers(&self) -> bool {
        self.opened || !self.inner.is_empty()
    }

    /// Puts `Set-Cookie`, `Vary` and `Cache-Control` on a response.
    ///
    /// `Vary` is merged and `*` is left alone. A response with our cookie is never left publicly
    /// cacheable; a stricter `Cache-Control` of the application stays, and fields that speak to single caches
    /// go if they let those store it (`CDN-Cache-Control`, RFC 9213; `Surrogate-Control`). An untouched session adds
    /// nothing, and applied twice it adds no more than once. (CVE-2023-30861, CVE-2026-27205; OWASP Session Management, "Web Content Caching".)
    pub fn apply(mut self, headers: &mut impl Headers) {
        // Most replies have none, and then not even an empty list is gone through.
        if !self.inner.is_empty() {
            for inner in std::mem::take(&mut self.inner) {
                inner.apply(headers);
            }
        }
        if !self.opened {
            return;
        }
        let present = Present::of(headers, self.set_cookie.as_deref());
        if !present.varies {
            headers.append("vary", "Cookie".into());
        } else if let Some(merged) = merge_vary(&values(headers, "vary"), "Cookie") {
            headers.replace("vary", merged.into());
        }
        let Some(cookie) = self.set_cookie else {
            return;
        };
        if !present.has_cookie {
            headers.append("set-cookie", cookie.into());
        }
        if present.has_caching {
            caching::keep_private(headers);
        } else {
            headers.append("cache-control", "private".into());
        }
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("set_cookie", &self.set_cookie.as_ref().map(|_| "…"))
            .field("opened", &self.opened)
            .field("loss", &self.loss)
            .field("inner", &self.inner)
            .finish()
    }
}

/// The headers among those of a response that ours have to do with; most responses have none of them.
#[derive(Default)]
struct Present {
    varies: bool,
    /// Our very cookie: a response may pass here twice, as actix-web makes one anew of the same error.
    has_cookie: bool,
    has_caching: bool,
}

impl Present {
    fn of(headers: &impl Headers, cookie: Option<&str>) -> Self {
        let mut present = Self::default();
        headers.each(&mut |name, value| {
            present.varies |= name.eq_ignore_ascii_case("vary");
            if cookie.is_some() {
                let is_cookie = name.eq_ignore_ascii_case("set-cookie");
                present.has_cookie |= is_cookie && cookie.map(str::as_bytes) == Some(value);
                present.has_caching |= caching::is_about_caching(name);
            }
        });
        present
    }
}

/// Returns the values of a header, whatever the case of its name; one that is no text is an empty one.
pub(crate) fn values(headers: &impl Headers, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    headers.each(&mut |other, value| {
        if other.eq_ignore_ascii_case(name) {
            let text = std::str::from_utf8(value).unwrap_or_default();
            values.push(text.to_owned());
        }
    });
    values
}

fn render(policy: &Policy, change: CookieChange, now: OffsetDateTime) -> String {
    match change {
        CookieChange::Set { id, until } => id.in_clear(|id| set(policy, id, until, now)),
        // Some clients know only one of the two.
        CookieChange::Remove => joined([
            policy.name.as_bytes(),
            b"=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            policy.attributes.as_bytes(),
        ]),
    }
}

fn set(
    policy: &Policy,
    value: &[u8],
    until: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> String {
    let (name, attributes) = (policy.name.as_bytes(), policy.attributes.as_bytes());
    let Some(until) = until else {
        return joined([name, b"=", value, attributes]);
    };
    let left = u64::try_from(to_micros(until) - to_micros(now)).unwrap_or_default();
    // Rounded up, so that the browser never forgets a session that still lives.
    let whole = left.div_ceil(1_000_000).clamp(1, MAX_AGE_LIMIT);
    let mut digits = itoa::Buffer::new();
    let age = digits.format(whole).as_bytes();
    joined([name, b"=", value, b"; Max-Age=", age, attributes])
}

/// Joins texts in one allocation that is not too long, so that a header's value takes it as it is.
fn joined<const N: usize>(parts: [&[u8]; N]) -> String {
    String::from_utf8(parts.concat()).unwrap_or_default()
}

/// Returns the new `Vary` with a field, or `None` if it says enough already.
pub(crate) fn merge_vary(present: &[String], field: &str) -> Option<String> {
    let names = || {
        present
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    if names().any(|name| name == "*" || name.eq_ignore_ascii_case(field)) {
        return None;
    }
    let mut merged: Vec<&str> = names().filter(|name| !name.is_empty()).collect();
    merged.push(field);
    Some(merged.join(", "))
}
