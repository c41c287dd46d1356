use std::io::{BufRead, Read};

use httparse::Status;

use crate::head::Length;
use crate::refusal::Refusal;

/// A request's complete body, at most [`MAX_BODY`] long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Body(Vec<u8>);

/// The same limit as in the other servers.
pub(crate) const MAX_BODY: u64 = 2 << 20;
/// The limit for a chunk's size line, and for the trailers.
const MAX_LINE: u64 = 4 << 10;

impl Body {
    /// Refuses a body whose announced length is too large, before it is read.
    pub(crate) fn check(length: Length) -> Result<(), Refusal> {
        match length {
            Length::Known(bytes) if bytes > MAX_BODY => Err(TOO_LARGE),
            Length::Known(_) | Length::Chunked => Ok(()),
        }
    }

    /// Reads the body.
    pub(crate) fn read(length: Length, reader: &mut impl BufRead) -> Result<Self, Refusal> {
        let mut body = Vec::new();
        match length {
            Length::Known(bytes) => take(bytes, reader, &mut body)?,
            Length::Chunked => loop {
                let size = chunk_size(&line(reader)?)?;
                if size > MAX_BODY - body.len() as u64 {
                    return Err(TOO_LARGE);
                }
                if size == 0 {
                    skip_trailers(reader)?;
                    break;
                }
                take(size, reader, &mut body)?;
                if line(reader)? != b"\r\n" {
                    return Err(BAD);
                }
            },
        }
        Ok(Self(body))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

const BAD: Refusal = Refusal::Status(400, "the body's chunks make no sense");
const TOO_LARGE: Refusal = Refusal::Status(413, "the body is too large");

/// Appends exactly `length` bytes.
fn take(bytes: u64, reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<(), Refusal> {
    let read = reader.by_ref().take(bytes).read_to_end(body);
    if read.map_err(Refusal::of)? as u64 == bytes {
        Ok(())
    } else {
        Err(Refusal::Status(400, "the body ends in the middle"))
    }
}

fn line(reader: &mut impl BufRead) -> Result<Vec<u8>, Refusal> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    read.map_err(Refusal::of)?;
    if line.ends_with(b"\r\n") {
        Ok(line)
    } else {
        Err(BAD)
    }
}

fn chunk_size(line: &[u8]) -> Result<u64, Refusal> {
    match httparse::parse_chunk_size(line) {
        Ok(Status::Complete((read, size))) if read == line.len() => Ok(size),
        _ => Err(BAD),
    }
}

/// Skips the trailers.
fn skip_trailers(reader: &mut impl BufRead) -> Result<(), Refusal> {
    let mut left = MAX_LINE;
    loop {
        let line = line(reader)?;
        if line == b"\r\n" {
            return Ok(());
        }
        left = left.checked_sub(line.len() as u64).ok_or(BAD)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(length: Length, bytes: &[u8]) -> Result<Vec<u8>, u16> {
        match Body::read(length, &mut &*bytes) {
            Ok(body) => Ok(body.0),
            Err(Refusal::Status(status, _)) => Err(status),
            Err(Refusal::Silence) => Err(0),
        }
    }

    #[test]
    fn a_body_ends_where_its_length_says() {
        assert_eq!(read(Length::Known(0), b"x").unwrap(), b"");
        assert_eq!(read(Length::Known(2), b"abc").unwrap(), b"ab");
        assert_eq!(read(Length::Known(4), b"abc"), Err(400));
        assert!(Body::check(Length::Known(MAX_BODY)).is_ok());
        assert!(Body::check(Length::Known(MAX_BODY + 1)).is_err());
    }

    #[test]
    fn chunks_are_joined() {
        let bytes = b"2\r\nab\r\n01;x=y\r\nc\r\n0\r\ntrailer: z\r\n\r\nnext";
        assert_eq!(read(Length::Chunked, bytes).unwrap(), b"abc");
        assert_eq!(read(Length::Chunked, b"0\r\n\r\n").unwrap(), b"");
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let endless = format!("0\r\n{}\r\n", "a: b\r\n".repeat(1_000));
        for (bytes, status) in [
            (&b""[..], 400),
            (b"x\r\n", 400),
            (b"2\r\nabc\r\n0\r\n\r\n", 400),
            (b"2\r\na", 400),
            (b"2\nab\n0\n\n", 400),
            (b"0\r\n", 400),
            (b"-1\r\n", 400),
            (b"ffffffffffffffff\r\n", 413),
            (b"200001\r\n", 413),
            (endless.as_bytes(), 400),
        ] {
            let seen = read(Length::Chunked, bytes);
            assert_eq!(seen, Err(status), "{}", bytes.escape_ascii());
        }
        let mut large = b"200000\r\n".to_vec();
        large.resize(large.len() + (2 << 20), b'x');
        large.extend_from_slice(b"\r\n1\r\nx\r\n0\r\n\r\n");
        assert_eq!(read(Length::Chunked, &large), Err(413));
    }
}
