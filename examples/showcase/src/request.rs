use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::Answer;

/// The parts of a framework's request that the application uses.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it was sent, still percent-encoded.
    pub path: &'a str,
    /// The query, without the question mark.
    pub query: &'a str,
    /// The `User-Agent`, empty if there is none.
    pub user_agent: &'a str,
    /// The `Accept`, empty if there is none.
    pub accept: &'a str,
    /// The first `Cookie`, if there is one.
    pub cookie: Option<&'a [u8]>,
    /// The `Host`, if there is one.
    pub host: Option<&'a [u8]>,
    /// The `Origin`, if there is one; of several the [`sole`](Self::sole) one.
    pub origin: Option<&'a [u8]>,
    /// The `Sec-Fetch-Site`, if there is one; of several the [`sole`](Self::sole) one.
    pub fetch_site: Option<&'a [u8]>,
    /// The whole body.
    pub body: &'a [u8],
}

/// The query of every route under `/api`: a delay and a status, to drive races and error paths
/// from outside, and a consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Knobs {
    pub(crate) delay: Duration,
    pub(crate) status: Option<u16>,
    /// Whether the visitor has consented to cookies.
    pub(crate) consent: bool,
}

impl<'a> Request<'a> {
    /// Returns a header's only value. Several count as an empty one, which no rule takes: a proxy may have gone by another than we would.
    pub fn sole<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Option<&'v [u8]> {
        let mut values = values.into_iter();
        let first = values.next()?;
        Some(if values.next().is_some() { b"" } else { first })
    }

    /// Returns the method, `HEAD` as `GET`.
    pub(crate) fn verb(&self) -> &'a str {
        if self.method == "HEAD" {
            "GET"
        } else {
            self.method
        }
    }

    /// Returns the value of the first cookie of this name that has one.
    pub(crate) fn cookie_of(&self, name: &str) -> Option<&'a [u8]> {
        let mut pairs = self.cookie.unwrap_or_default().split(|byte| *byte == b';');
        pairs.find_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            value.strip_prefix(b"=").filter(|value| !value.is_empty())
        })
    }

    /// Returns the path's segments, still encoded.
    pub(crate) fn segments(&self) -> Vec<&'a str> {
        self.path
            .strip_prefix('/')
            .unwrap_or(self.path)
            .split('/')
            .collect()
    }

    pub(crate) fn knobs(&self) -> Result<Knobs, Answer> {
        let mut knobs = Knobs::default();
        for (name, value) in pairs(self.query) {
            match &*name {
                "delay_ms" => match value.parse() {
                    Ok(millis) if millis <= 60_000 => knobs.delay = Duration::from_millis(millis),
                    _ => return Err(Answer::error(400, "delay_ms is 0 to 60000")),
                },
                "status" => match value.parse() {
                    Ok(status @ 200..=599) => knobs.status = Some(status),
                    _ => return Err(Answer::error(400, "status is 200 to 599")),
                },
                "consent" => knobs.consent = value == "1",
                _ => {}
            }
        }
        Ok(knobs)
    }

    /// Returns a value of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<String> {
        let mut pairs = pairs(self.query);
        let found = pairs.find(|(field, _)| field == name);
        found.map(|(_, value)| value.into_owned())
    }

    /// Returns the fields of a form in the body.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(self.body).ok()?;
        pairs(body)
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Decodes one segment of a path; `None` if it is not UTF-8.
pub(crate) fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// Splits `application/x-www-form-urlencoded`.
fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let plain = |part: &str| -> Cow<'static, str> {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
            .into()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(query: &'a str, body: &'a [u8]) -> Request<'a> {
        Request {
            method: "POST",
            path: "/",
            query,
            user_agent: "",
            accept: "",
            cookie: None,
            host: None,
            origin: None,
            fetch_site: None,
            body,
        }
    }

    #[test]
    fn knobs_are_read_and_nonsense_is_refused() {
        let knobs = request("delay_ms=20&x=1&status=404", b"").knobs().unwrap();
        assert_eq!(knobs.delay, Duration::from_millis(20));
        assert_eq!((knobs.status, knobs.consent), (Some(404), false));
        assert!(request("consent=1", b"").knobs().unwrap().consent);
        for bad in [
            "delay_ms=-1",
            "delay_ms=x",
            "status=99",
            "status=600",
            "status=",
        ] {
            assert_eq!(request(bad, b"").knobs().unwrap_err().status, 400, "{bad}");
        }
    }

    #[test]
    fn form_fields_are_decoded() {
        let request = request("", b"text=a+b%26%C3%A9&user=");
        assert_eq!(request.field("text").as_deref(), Some("a b&é"));
        assert_eq!(request.field("user").as_deref(), Some(""));
        assert_eq!(request.field("none"), None);
    }
}
