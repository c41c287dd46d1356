use std::io::{BufRead, Read};

use httparse::{EMPTY_HEADER, Error, Status};

use crate::refusal::Refusal;

/// A request's head; anything ambiguous in it is refused.
#[derive(Debug)]
pub(crate) struct Head {
    method: String,
    path: String,
    query: String,
    version: Version,
    cookies: Vec<Vec<u8>>,
    authorization: Vec<Vec<u8>>,
    user_agent: String,
    accept: String,
    host: Option<Vec<u8>>,
    origin: Option<Vec<u8>>,
    fetch_site: Option<Vec<u8>>,
    length: Length,
    expects_continue: bool,
}

/// The protocol version; HTTP/1.0 has no chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// The framing of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Chunked,
    Known(u64),
}

/// A limit above every browser's heads.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;

impl Head {
    /// Reads up to the empty line that ends a head.
    pub(crate) fn read(reader: &mut impl BufRead) -> Result<Self, Refusal> {
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            let room = (MAX_HEAD - before) as u64;
            let read = reader.by_ref().take(room).read_until(b'\n', &mut bytes);
            if let Err(error) = read {
                // Browsers open connections that they may never use.
                let is_silent = bytes.is_empty();
                return Err(if is_silent {
                    Refusal::Silence
                } else {
                    Refusal::of(error)
                });
            }
            let line = &bytes[before..];
            if !line.ends_with(b"\n") {
                return Err(match bytes.len() {
                    0 => Refusal::Silence,
                    MAX_HEAD => Refusal::Status(431, "the head is too large"),
                    _ => Refusal::Status(400, "the request ends in the middle"),
                });
            }
            if line == b"\r\n" || line == b"\n" {
                if before > 0 {
                    return Self::parse(&bytes);
                }
                // An empty line before the request is ignored. (RFC 9112, 2.2.)
                bytes.clear();
            }
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(Status::Complete(_)) => {}
            Err(Error::TooManyHeaders) => {
                return Err(Refusal::Status(431, "there are too many headers"));
            }
            Err(Error::Version) => return Err(Refusal::Status(505, "this is an HTTP/1 server")),
            Ok(Status::Partial) | Err(_) => return Err(BAD),
        }
        let (Some(method), Some(target), Some(minor)) =
            (request.method, request.path, request.version)
        else {
            return Err(BAD);
        };
        let version = match minor {
            0 => Version::Http10,
            _ => Version::Http11,
        };
        let values = |name: &'static str| {
            let named =
                move |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
            request
                .headers
                .iter()
                .filter(named)
                .map(|header| header.value)
        };
        // Without a `Host`, or with two, a cache could assume another site. (RFC 9112, 3.2.)
        let hosts = values("host").count();
        if hosts > 1 || hosts == 0 && version == Version::Http11 {
            return Err(Refusal::Status(400, "there must be one Host"));
        }
        let origin = origin_form(target).ok_or(BAD)?;
        let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
        let mut expectations = values("expect");
        Ok(Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            version,
            cookies: values("cookie").map(<[u8]>::to_vec).collect(),
            authorization: values("authorization").map(<[u8]>::to_vec).collect(),
            user_agent: values("user-agent")
                .find_map(|value| str::from_utf8(value).ok())
                .unwrap_or_default()
                .into(),
            accept: values("accept")
                .find_map(|value| str::from_utf8(value).ok())
                .unwrap_or_default()
                .into(),
            host: values("host").next().map(<[u8]>::to_vec),
            origin: showcase::Request::sole(values("origin")).map(<[u8]>::to_vec),
            fetch_site: showcase::Request::sole(values("sec-fetch-site")).map(<[u8]>::to_vec),
            length: Length::of(
                version,
                values("transfer-encoding"),
                values("content-length"),
            )?,
            expects_continue: version == Version::Http11
                && expectations.any(|value| value.eq_ignore_ascii_case(b"100-continue")),
        })
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn accept(&self) -> &str {
        &self.accept
    }

    pub(crate) fn host(&self) -> Option<&[u8]> {
        self.host.as_deref()
    }

    pub(crate) fn origin(&self) -> Option<&[u8]> {
        self.origin.as_deref()
    }

    pub(crate) fn fetch_site(&self) -> Option<&[u8]> {
        self.fetch_site.as_deref()
    }

    /// Returns the path, still percent-encoded.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the query, without the question mark.
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the `User-Agent`, empty if there is none.
    pub(crate) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Returns the value of every `Cookie` header, as bytes, which need not be text.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(|value| &**value)
    }

    /// Returns the value of every `Authorization` header.
    pub(crate) fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        self.authorization.iter().map(|value| &**value)
    }

    pub(crate) fn length(&self) -> Length {
        self.length
    }

    /// Returns whether the client waits for a 100 before it sends the body.
    pub(crate) fn expects_continue(&self) -> bool {
        self.expects_continue
    }
}

impl Length {
    /// Contradictory body lengths are treated as an attack: the rest of the body could count as
    /// another request. (RFC 9112, 6.3.)
    fn of<'a>(
        version: Version,
        mut codings: impl Iterator<Item = &'a [u8]>,
        lengths: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Self, Refusal> {
        let mut length = None;
        for value in lengths {
            let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(value).ok().filter(|_| is_number);
            let number: u64 = text.and_then(|text| text.parse().ok()).ok_or(BAD)?;
            if length.is_some_and(|other| other != number) {
                return Err(BAD);
            }
            length = Some(number);
        }
        match (codings.next(), length) {
            (None, length) => Ok(Self::Known(length.unwrap_or(0))),
            (Some(_), Some(_)) => Err(BAD),
            (Some(_), None) if version == Version::Http10 => Err(BAD),
            (Some(coding), None) => {
                if coding.eq_ignore_ascii_case(b"chunked") && codings.next().is_none() {
                    Ok(Self::Chunked)
                } else {
                    Err(Refusal::Status(501, "unknown transfer coding"))
                }
            }
        }
    }
}

const BAD: Refusal = Refusal::Status(400, "this is no HTTP/1 request");

/// Removes the host from a target in a proxy client's form. (RFC 9112, 3.2.2.)
fn origin_form(target: &str) -> Option<&str> {
    if target.starts_with('/') || target == "*" {
        return Some(target);
    }
    let (_, rest) = target.split_once("://")?;
    let path = rest.find(['/', '?']).map_or("/", |at| &rest[at..]);
    // A query without a path would need one, and the application has no route for that.
    path.starts_with('/').then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Head, u16> {
        Head::read(&mut &*bytes).map_err(|refusal| match refusal {
            Refusal::Status(status, _) => status,
            Refusal::Silence => 0,
        })
    }

    fn with(lines: &str) -> Result<Head, u16> {
        read(format!("POST / HTTP/1.1\r\nhost: a\r\n{lines}\r\n").as_bytes())
    }

    #[test]
    fn a_head_is_taken_apart() {
        let bytes = b"\r\nPUT /a%20b?c=d?e HTTP/1.1\r\nHOST: x\r\nCookie: a=\xff\r\ncookie:\r\n\
            Content-Length: 3\r\nExpect: 100-Continue\r\n\r\nabc";
        let head = read(bytes).unwrap();
        assert_eq!(
            (head.method(), head.path(), head.query()),
            ("PUT", "/a%20b", "c=d?e")
        );
        assert_eq!(head.cookies().collect::<Vec<_>>(), [&b"a=\xff"[..], b""]);
        assert_eq!(head.length(), Length::Known(3));
        assert!(head.expects_continue());
        let absolute = read(b"GET http://x:80/a?b HTTP/1.0\r\n\r\n").unwrap();
        assert_eq!((absolute.path(), absolute.query()), ("/a", "b"));
        assert_eq!(absolute.version(), Version::Http10);
        assert_eq!(read(b"GET http://x HTTP/1.0\n\n").unwrap().path(), "/");
    }

    #[test]
    fn contradictory_lengths_are_refused() {
        for (lines, expected) in [
            ("", Ok(Length::Known(0))),
            (
                "content-length: 5\r\ncontent-length: 5\r\n",
                Ok(Length::Known(5)),
            ),
            ("transfer-encoding: Chunked\r\n", Ok(Length::Chunked)),
            ("content-length: 5\r\ncontent-length: 6\r\n", Err(400)),
            ("content-length: 5, 5\r\n", Err(400)),
            ("content-length: +5\r\n", Err(400)),
            ("content-length: -1\r\n", Err(400)),
            ("content-length: 0x5\r\n", Err(400)),
            ("content-length:\r\n", Err(400)),
            ("content-length: 99999999999999999999\r\n", Err(400)),
            (
                "content-length: 5\r\ntransfer-encoding: chunked\r\n",
                Err(400),
            ),
            ("transfer-encoding: gzip\r\n", Err(501)),
            (
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                Err(501),
            ),
            ("transfer-encoding: gzip, chunked\r\n", Err(501)),
        ] {
            assert_eq!(with(lines).map(|head| head.length()), expected, "{lines:?}");
        }
        let old = b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(read(old).unwrap_err(), 400);
    }

    #[test]
    fn a_malformed_head_is_refused() {
        let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(MAX_HEAD));
        let many = format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "a: b\r\n".repeat(100)
        );
        for (bytes, status) in [
            (&b""[..], 0),
            (b"\r\n\r\n", 0),
            (b"GET", 400),
            (b"GET / HTTP/1.1\r\nhost: a\r\n", 400),
            (b"nonsense\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n", 400),
            (b"GET nowhere HTTP/1.1\r\nhost: a\r\n\r\n", 400),
            (b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505),
            (b"\x16\x03\x01\x00\xa5\x01\x00\n\r\n", 400),
            (long.as_bytes(), 431),
            (many.as_bytes(), 431),
        ] {
            let seen = read(bytes).map(|head| head.path().to_owned());
            let shown = bytes[..bytes.len().min(80)].escape_ascii();
            assert_eq!(seen, Err(status), "{shown}");
        }
    }
}
