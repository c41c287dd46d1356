use std::io::{self, Write};

use session_core::Headers;
use showcase::{Answer, Body, Ending};
use std::borrow::Cow;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::head::{Head, Version};

/// A response to send.
#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

/// The forms of body that a client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The head alone, as it would be with the body.
    Head,
    /// A body with a length, or in chunks.
    Chunks,
    /// A body with a length, or one that ends with the connection.
    Plain,
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Sends the response, but for events, which are returned; a streamed body is made only after the head was sent.
    pub(crate) fn send(
        mut self,
        wanted: Wanted,
        now: OffsetDateTime,
        to: &mut impl Write,
    ) -> io::Result<Option<Box<Ending>>> {
        self.headers.push(("date", date(now)));
        self.headers.push(("connection", "close".into()));
        // These have no body; the first two must not have a length either. (RFC 9110, 8.6, 15.3.6.)
        let has_body = !matches!(self.status, 204 | 205 | 304);
        match &self.body {
            _ if matches!(self.status, 204 | 304) => {}
            Body::Text(text) if has_body => {
                self.headers
                    .push(("content-length", text.len().to_string()));
            }
            Body::Late(_) | Body::Ended(_) if has_body => {
                if wanted != Wanted::Plain {
                    self.headers.push(("transfer-encoding", "chunked".into()));
                }
            }
            Body::Text(_) | Body::Late(_) | Body::Ended(_) => {
                self.headers.push(("content-length", "0".into()));
            }
        }
        // The reason is optional, the space before it is not. (RFC 9112, 4.)
        let mut bytes = format!("HTTP/1.1 {} \r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        bytes.extend_from_slice(b"\r\n");
        if wanted == Wanted::Head || !has_body {
            to.write_all(&bytes)?;
            return Ok(None);
        }
        match self.body {
            Body::Text(text) => {
                bytes.extend_from_slice(text.as_bytes());
                to.write_all(&bytes)?;
            }
            Body::Late(session) => {
                to.write_all(&bytes)?;
                wanted.send(Body::late(&session), to)?;
                wanted.end(to)?;
            }
            Body::Ended(ending) => {
                to.write_all(&bytes)?;
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let kind = answer.content_type.map(|kind| ("content-type", kind));
        let place = answer.location.as_deref().map(|place| ("location", place));
        let methods = answer.allow.map(|methods| ("allow", methods));
        let caches = answer.cache_control.map(|caches| ("cache-control", caches));
        let headers = kind.into_iter().chain(place).chain(methods).chain(caches);
        Self {
            status: answer.status,
            headers: headers.map(|(name, value)| (name, value.into())).collect(),
            body: answer.body,
        }
    }
}

/// The core's reply needs only this of a response, and does the merging itself.
impl Headers for Response {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in &self.headers {
            show(name, value.as_bytes());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.headers.push((name, value.into_owned()));
    }

    fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
    }
}

impl Wanted {
    /// Sends a piece of a streamed body.
    pub(crate) fn send(self, piece: &str, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Chunks => write!(to, "{:x}\r\n{piece}\r\n", piece.len()),
            Self::Head | Self::Plain => to.write_all(piece.as_bytes()),
        }
    }

    /// Ends a streamed body.
    pub(crate) fn end(self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Chunks => to.write_all(b"0\r\n\r\n"),
            Self::Head | Self::Plain => Ok(()),
        }
    }

    pub(crate) fn by(head: &Head) -> Self {
        match (head.method(), head.version()) {
            ("HEAD", _) => Self::Head,
            (_, Version::Http11) => Self::Chunks,
            (_, Version::Http10) => Self::Plain,
        }
    }
}

/// The date format of RFC 9110, 5.6.7.
fn date(now: OffsetDateTime) -> String {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    now.to_offset(time::UtcOffset::UTC)
        .format(form)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(status: u16, text: &str) -> Response {
        Response {
            status,
            headers: vec![("content-type", "application/json".into())],
            body: Body::Text(text.into()),
        }
    }

    fn sent(response: Response, wanted: Wanted) -> String {
        let mut bytes = Vec::new();
        let now = OffsetDateTime::UNIX_EPOCH;
        response.send(wanted, now, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_response_has_its_length() {
        let text = sent(json(200, "{}"), Wanted::Chunks);
        assert_eq!(
            text,
            "HTTP/1.1 200 \r\ncontent-type: application/json\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             connection: close\r\ncontent-length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn a_status_without_a_body_sends_none() {
        let head = sent(json(200, "{}"), Wanted::Head);
        assert!(
            head.contains("content-length: 2\r\n") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        for status in [204, 205, 304] {
            let text = sent(json(status, "{}"), Wanted::Plain);
            assert!(text.ends_with("\r\n\r\n"), "{text}");
            assert_eq!(text.contains("content-length: 0"), status == 205, "{text}");
        }
    }

    #[test]
    fn headers_are_replaced_whatever_their_case() {
        let shown = |response: &Response| {
            let mut shown = Vec::new();
            response.each(&mut |name, value| {
                shown.push(format!("{name}: {}", String::from_utf8_lossy(value)));
            });
            shown
        };
        let mut response = json(200, "");
        response.append("vary", "a".into());
        response.append("vary", "b".into());
        let json = "content-type: application/json";
        assert_eq!(shown(&response), [json, "vary: a", "vary: b"]);
        response.replace("Vary", "c".into());
        assert_eq!(shown(&response), [json, "Vary: c"]);
    }
}
