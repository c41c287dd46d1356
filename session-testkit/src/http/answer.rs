use std::fmt::Debug;

use serde_json::Value;

use super::bearers::MARK;
use super::failure::{Failure, equal, holds};
use super::{Response, SetCookie};

/// A response with its request, and with checks that report what they saw.
#[derive(Debug, Clone)]
pub struct Answer {
    line: String,
    response: Response,
    cookies: Vec<SetCookie>,
}

impl Answer {
    pub(crate) fn new(line: String, response: Response) -> Result<Self, Failure> {
        let cookies: Result<_, _> = response
            .values("set-cookie")
            .map(SetCookie::parse)
            .collect();
        Ok(Self {
            cookies: cookies?,
            line,
            response,
        })
    }

    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.response.body).into_owned()
    }

    /// Returns every `Set-Cookie`.
    #[must_use]
    pub fn set_cookies(&self) -> &[SetCookie] {
        &self.cookies
    }

    /// Returns the values of a list header, split at commas, in lower case.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        self.response
            .values(name)
            .flat_map(|value| {
                let text = String::from_utf8_lossy(value).to_ascii_lowercase();
                text.split(',')
                    .map(|item| item.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Returns the values of a header as text.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<String> {
        let values = self.response.values(name);
        values
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    pub(crate) fn is(self, status: u16) -> Result<Self, Failure> {
        self.holds(self.status() == status, &format!("status {status}"))?;
        Ok(self)
    }

    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.response.body)
            .map_err(|error| Failure::new(format!("{}: {error}", self.seen())))
    }

    /// Checks one member of a JSON object.
    pub(crate) fn says<V>(self, member: &str, expected: V) -> Result<Self, Failure>
    where
        Value: PartialEq<V>,
        V: Debug,
    {
        let json = self.json()?;
        equal(
            &format!("{}, {member:?}", self.line),
            json[member].clone(),
            expected,
        )?;
        Ok(self)
    }

    /// Checks that there is no `Set-Cookie`.
    pub(crate) fn sets_nothing(self) -> Result<Self, Failure> {
        self.holds(self.cookies.is_empty(), "no Set-Cookie")?;
        Ok(self)
    }

    /// Checks that one cookie is set, with a value.
    pub(crate) fn sets_one(&self) -> Result<&SetCookie, Failure> {
        let cookie = self.only_cookie()?;
        self.holds(
            !cookie.is_removal() && !cookie.value().is_empty(),
            "a cookie with a value",
        )?;
        Ok(cookie)
    }

    /// Checks that the client is told of the session's end; a bearer is told nothing.
    pub(crate) fn ends(&self) -> Result<(), Failure> {
        if self.is_bearers() {
            return self.holds(self.cookies.is_empty(), "no token");
        }
        self.removes().map(|_| ())
    }

    /// Says whether the client is one of [`Bearers`](super::Bearers).
    pub(crate) fn is_bearers(&self) -> bool {
        self.response.values(MARK).next().is_some()
    }

    /// Checks that one cookie is removed, for clients of either kind.
    pub(crate) fn removes(&self) -> Result<&SetCookie, Failure> {
        let cookie = self.only_cookie()?;
        let past = cookie.attribute("expires");
        self.holds(
            cookie.max_age() == Some(0)
                && past.is_some_and(|moment| moment.contains(" 1970 "))
                && cookie.value().is_empty(),
            "Max-Age=0, an Expires in the past and no value",
        )?;
        Ok(cookie)
    }

    /// Checks that `Vary` names the cookie, once.
    pub(crate) fn varies(&self) -> Result<(), Failure> {
        let vary = self.list("vary");
        let named = vary.iter().filter(|name| *name == "cookie").count();
        self.holds(named == 1, "one `Cookie` in Vary")
    }

    /// Checks that no shared cache may store the answer.
    pub(crate) fn is_private(&self) -> Result<(), Failure> {
        let cache = self.list("cache-control");
        let private = |item: &String| item == "private" || item == "no-store";
        self.holds(
            cache.iter().any(private) && !cache.iter().any(|item| item == "public"),
            "a private Cache-Control",
        )
    }

    pub(crate) fn holds(&self, fact: bool, expected: &str) -> Result<(), Failure> {
        holds(fact, || format!("expected {expected}; {}", self.seen()))
    }

    fn only_cookie(&self) -> Result<&SetCookie, Failure> {
        let [cookie] = &*self.cookies else {
            return Err(Failure::new(format!(
                "expected one Set-Cookie; {}",
                self.seen()
            )));
        };
        Ok(cookie)
    }

    fn seen(&self) -> String {
        let headers: Vec<String> = self
            .response
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        let text = self.text();
        let body: String = text.chars().take(300).collect();
        format!(
            "{} was answered {} {headers:?} {body:?}",
            self.line, self.response.status
        )
    }
}
