//! A token's payload: JSON in ASCII, compressed if that is shorter, in base64url.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::{Decompress, FlushDecompress, Status};

use super::compressors::Compressors;
use super::json;
use super::token::TokenError;

/// The longest JSON text that is read from a token, in bytes: 8 MiB.
///
/// A session of a [policy](crate::PolicyBuilder::max_bytes) with at most a sixth of it always reads
/// back, since no character takes more than six times its bytes in ASCII.
pub const MAX_JSON_BYTES: usize = 8 << 20;

/// Writes the payload, at the end of `token`.
pub(super) fn encode(json: &str, compressors: &Compressors, token: &mut String) {
    let text = to_ascii(json);
    match compressors.compress(text.as_bytes()) {
        Some(compressed) => {
            token.push('.');
            URL_SAFE_NO_PAD.encode_string(compressed, token);
        }
        None => URL_SAFE_NO_PAD.encode_string(&*text, token),
    }
}

/// Reads the payload of a token whose signature was right.
pub(super) fn decode(payload: &str) -> Result<String, TokenError> {
    let (is_compressed, payload) = match payload.strip_prefix('.') {
        Some(payload) => (true, payload),
        None => (false, payload),
    };
    let mut bytes = from_base64(payload.as_bytes())?;
    if is_compressed {
        bytes = decompress(&bytes)?;
    }
    if bytes.len() > MAX_JSON_BYTES {
        return Err(TokenError::TooLarge);
    }
    if bytes.first() == Some(&PICKLE) {
        return Err(TokenError::Pickle);
    }
    json::check_object(&bytes)?;
    Ok(from_latin_1(bytes))
}

/// Escapes what Python's `json.dumps` does, and DEL. Beyond ASCII only strings have characters.
fn to_ascii(json: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte < 0x7f;
    if json.bytes().all(is_plain) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() * 2);
    let mut units = [0; 2];
    for character in json.chars() {
        if character < '\u{7f}' {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                // A string takes everything.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(text)
}

/// Python reads the bytes as Latin-1, which all are.
fn from_latin_1(bytes: Vec<u8>) -> String {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    if high == 0 {
        // ASCII is always text.
        return String::from_utf8(bytes).unwrap_or_default();
    }
    let mut text = String::with_capacity(bytes.len() + high);
    text.extend(bytes.into_iter().map(char::from));
    text
}

/// Decompresses up to the end of the stream, as Python does, and no more than may be read.
fn decompress(bytes: &[u8]) -> Result<Vec<u8>, TokenError> {
    let mut reader = Decompress::new(true);
    let mut output = Vec::with_capacity((bytes.len() * 4).min(MAX_JSON_BYTES));
    loop {
        let read = usize::try_from(reader.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(read..).unwrap_or_default();
        let before = (reader.total_in(), output.len());
        let status = reader.decompress_vec(rest, &mut output, FlushDecompress::None);
        if output.len() > MAX_JSON_BYTES {
            return Err(TokenError::TooLarge);
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(output),
            Ok(_) if output.len() == output.capacity() => {
                // One byte more than may be read shows that it is too much.
                let longer = (output.len() * 2).clamp(1 << 10, MAX_JSON_BYTES + 1);
                output.reserve_exact(longer - output.len());
            }
            Ok(_) if (reader.total_in(), output.len()) != before => {}
            Ok(_) | Err(_) => return Err(TokenError::Zlib),
        }
    }
}

/// Reads base64url; what is not in its usual form as Python does, which ignores much of it.
fn from_base64(text: &[u8]) -> Result<Vec<u8>, TokenError> {
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => from_lenient_base64(text),
    }
}

/// Python's `binascii.a2b_base64`, after Django has filled the text up to a multiple of four.
fn from_lenient_base64(text: &[u8]) -> Result<Vec<u8>, TokenError> {
    let padding = (4 - text.len() % 4) % 4;
    let filled = text.iter().chain(&b"==="[..padding]);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut place, mut left, mut pads) = (0, 0, 0);
    for byte in filled {
        if *byte == b'=' {
            if place >= 2 {
                pads += 1;
                if place + pads >= 4 {
                    return Ok(bytes);
                }
            }
            continue;
        }
        let Some(sextet) = sextet(*byte) else {
            continue;
        };
        pads = 0;
        match place {
            0 => left = sextet,
            1 => {
                bytes.push(left << 2 | sextet >> 4);
                left = sextet & 0xf;
            }
            2 => {
                bytes.push(left << 4 | sextet >> 2);
                left = sextet & 3;
            }
            _ => bytes.push(left << 6 | sextet),
        }
        place = (place + 1) % 4;
    }
    if place == 0 {
        Ok(bytes)
    } else {
        Err(TokenError::Base64)
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    }
}

/// The first byte of every pickle since protocol 2; no JSON begins with it.
const PICKLE: u8 = 0x80;
