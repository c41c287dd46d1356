use std::borrow::Cow;

use super::bearer::SESSION_TOKEN;
use super::caching;
use crate::policy::lifetime::MAX_AGE_LIMIT;
use crate::{Carrier, Id, Moment, Policy, to_micros};

/// The response headers of a session.
///
/// Put it on the response with [`apply`](Self::apply). `Debug` hides the cookie.
#[derive(Clone, Default)]
#[must_use = "the browser learns of the session only by these headers"]
pub struct Reply {
    /// The value of `Set-Cookie`, or a bearer's token.
    secret: Option<String>,
    is_token: bool,
    /// Whether no cache at all may keep the response.
    is_for_owner: bool,
    /// Whether the browser forgets what the site has kept in it.
    clears: bool,
    varies: Varies,
    loss: Option<Loss>,
    /// The replies of further sessions, which were finished before.
    inner: Vec<Reply>,
}

/// What a response depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Varies {
    #[default]
    Nothing,
    Cookie,
    /// On the cookie and on `Authorization`, which decides whether the cookie is looked at.
    Both,
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
    /// Those of `set-cookie` and of [`SESSION_TOKEN`] are secrets: whoever reads one has the session. Where the framework's values
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
    Set { id: Id, until: Option<Moment> },
    /// Remove it.
    Remove,
}

impl Reply {
    pub(crate) fn new(
        policy: &Policy,
        cookie: Option<CookieChange>,
        loss: Option<Loss>,
        now: Moment,
    ) -> Self {
        let has_bearers = policy.carrier != Carrier::Cookie;
        Self {
            secret: cookie.and_then(|change| render(policy, change, now)),
            is_token: policy.carrier == Carrier::Bearer,
            is_for_owner: false,
            clears: policy.traces.clears_at_logout && matches!(cookie, Some(CookieChange::Remove)),
            varies: if has_bearers {
                Varies::Both
            } else {
                Varies::Cookie
            },
            loss,
            inner: Vec::new(),
        }
    }

    /// The same reply, to a request that has used its session while somebody was signed in to it.
    #[inline]
    pub(crate) fn for_owner(mut self, policy: &Policy, is_owned: bool) -> Self {
        self.is_for_owner |= is_owned && policy.traces.no_store_for_owners;
        self
    }

    /// The same reply, to a page that was made without its session, because the store is down: no cache may keep it.
    pub(crate) fn in_outage(mut self) -> Self {
        self.is_for_owner = true;
        self
    }

    /// The same reply, to a request that has ended its session and perhaps begun another, whose cookie it sets.
    #[inline]
    pub(crate) fn after_logout(mut self, policy: &Policy, is_out: bool) -> Self {
        self.clears |= is_out && self.secret.is_some() && policy.traces.clears_at_logout;
        self
    }

    /// The same reply with a cookie of another value.
    #[cfg(feature = "driver")]
    pub(crate) fn with_cookie(
        mut self,
        policy: &Policy,
        value: &str,
        until: Option<Moment>,
        now: Moment,
    ) -> Self {
        self.secret = Some(set(policy, value, until, now));
        self
    }

    /// The same reply, by which the browser removes its cookie.
    #[cfg(feature = "driver")]
    pub(crate) fn with_removal(mut self, policy: &Policy, now: Moment) -> Self {
        self.secret = render(policy, CookieChange::Remove, now);
        self.clears = policy.traces.clears_at_logout;
        self
    }

    /// Says whether it removes our cookie.
    #[cfg(feature = "driver")]
    pub(crate) fn removes_cookie(&self, policy: &Policy) -> bool {
        let value = self
            .set_cookie()
            .and_then(|cookie| cookie.strip_prefix(&*policy.name));
        value.is_some_and(|value| value.starts_with("=;"))
    }

    /// The same reply with the removal of another cookie beside ours.
    #[cfg(feature = "driver")]
    pub(crate) fn with_another(self, removal: &str) -> Self {
        let another = Self {
            secret: Some(removal.to_owned()),
            varies: Varies::Cookie,
            ..Self::default()
        };
        self.beside(vec![another])
    }

    #[cfg(feature = "driver")]
    pub(crate) fn without_cookie(mut self) -> Self {
        self.secret = None;
        self
    }

    /// Returns the value of the session's `Set-Cookie` header, if there is one. [`apply`](Self::apply) may add others: those of inner sessions, and
    /// the removal of another library's.
    #[must_use]
    pub fn set_cookie(&self) -> Option<&str> {
        self.secret.as_deref().filter(|_| !self.is_token)
    }

    /// Returns the value of the one [`SESSION_TOKEN`] header, if there is one: the id of a
    /// [bearer's](Carrier::Bearer) session that begins, or whose secret was rotated.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.secret.as_deref().filter(|_| self.is_token)
    }

    /// Says whether the request could see the session, so that the response depends on the cookie.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        self.varies != Varies::Nothing
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
        self.is_opened() || !self.inner.is_empty()
    }

    /// Puts `Set-Cookie` or [`SESSION_TOKEN`], `Vary` and `Cache-Control` on a response.
    ///
    /// `Vary` is merged and `*` is left alone. A response with our cookie is never left publicly
    /// cacheable; a stricter `Cache-Control` of the application stays, and fields that speak to single caches
    /// go if they let those store it (`CDN-Cache-Control`, RFC 9213; `Surrogate-Control`).
    /// No cache at all may store one with a token, or one for an owner where the policy
    /// [says so](crate::PolicyBuilder::no_store_when_signed_in). An untouched session adds
    /// nothing, and applied twice it adds no more than once. (CVE-2023-30861, CVE-2026-27205; OWASP Session Management, "Web Content Caching".)
    pub fn apply(mut self, headers: &mut impl Headers) {
        // Most replies have none, and then not even an empty list is gone through.
        if !self.inner.is_empty() {
            for inner in std::mem::take(&mut self.inner) {
                inner.apply(headers);
            }
        }
        if !self.is_opened() {
            return;
        }
        let present = Present::of(headers, self.set_cookie());
        if present.varies {
            for field in self.varies.fields() {
                if let Some(merged) = merge_vary(&values(headers, "vary"), field) {
                    headers.replace("vary", merged.into());
                }
            }
        } else {
            headers.append("vary", self.varies.text().into());
        }
        if self.clears && !self.is_token {
            headers.replace("clear-site-data", CLEARED.into());
        }
        let Some(cookie) = self.secret else {
            if self.is_for_owner {
                caching::keep_out(headers);
            }
            return;
        };
        if self.is_token {
            headers.replace(SESSION_TOKEN, cookie.into());
            caching::keep_out(headers);
            return;
        }
        if !present.has_cookie {
            headers.append("set-cookie", cookie.into());
        }
        if self.is_for_owner {
            caching::keep_cookie_out(headers);
        } else if present.has_caching {
            caching::keep_private(headers);
        } else {
            headers.append("cache-control", "private".into());
        }
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("secret", &self.secret.as_ref().map(|_| "…"))
            .field("is_token", &self.is_token)
            .field("varies", &self.varies)
            .field("is_for_owner", &self.is_for_owner)
            .field("clears", &self.clears)
            .field("loss", &self.loss)
            .field("inner", &self.inner)
            .finish()
    }
}

impl Varies {
    fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Cookie => "Cookie",
            Self::Both => "Cookie, Authorization",
        }
    }

    fn fields(self) -> impl Iterator<Item = &'static str> {
        self.text().split(", ")
    }
}

/// Not `"cookies"`: that would also remove other sessions' cookies, and one that a parallel login has just set.
const CLEARED: &str = r#""cache", "storage""#;

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

/// Returns the value of the header; `None` if there is nothing to say to a bearer.
fn render(policy: &Policy, change: CookieChange, now: Moment) -> Option<String> {
    let is_token = policy.carrier == Carrier::Bearer;
    match change {
        CookieChange::Set { id, .. } if is_token => Some(id.expose()),
        CookieChange::Remove if is_token => None,
        CookieChange::Set { id, until } => Some(id.in_clear(|id| set(policy, id, until, now))),
        // Some clients know only one of the two.
        CookieChange::Remove => Some(joined([
            &policy.name,
            "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            &policy.attributes,
        ])),
    }
}

fn set(policy: &Policy, value: &str, until: Option<Moment>, now: Moment) -> String {
    let (name, attributes) = (&*policy.name, &*policy.attributes);
    let Some(until) = until else {
        return joined([name, "=", value, attributes]);
    };
    let left = u64::try_from(to_micros(until) - to_micros(now)).unwrap_or_default();
    // Rounded up, so that the browser never forgets a session that still lives.
    let whole = left.div_ceil(1_000_000).clamp(1, MAX_AGE_LIMIT);
    let mut digits = itoa::Buffer::new();
    let age = digits.format(whole);
    joined([name, "=", value, "; Max-Age=", age, attributes])
}

/// Joins texts in one allocation that is not too long, so that a header's value takes it as it is.
fn joined<const N: usize>(parts: [&str; N]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
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
