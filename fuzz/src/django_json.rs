//! Python's reading of base64, of numbers and of JSON, as simple as can be.

use serde::de::IgnoredAny;

/// Reads base64 as `binascii.a2b_base64` does what Django has padded: unknown bytes are skipped, and
/// padding in the right place is the end.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let missing = (4 - text.len() % 4) % 4;
    let padded = text
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b'=', missing));
    let (mut bits, mut count, mut pads) = (Vec::new(), 0_usize, 0);
    for byte in padded {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' => {
                pads += 1;
                if count % 4 >= 2 && count % 4 + pads >= 4 {
                    // The group is whole with its padding, whose bits count for nothing.
                    bits.truncate(bits.len() / 8 * 8);
                    return Some(bytes_of(&bits));
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        count += 1;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    count.is_multiple_of(4).then(|| bytes_of(&bits))
}

fn bytes_of(bits: &[u8]) -> Vec<u8> {
    let bytes = bits.chunks_exact(8);
    bytes
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit))
        .collect()
}

/// Says whether a text is a number in base 62, as `-?[0-9A-Za-z]*` that is not empty.
pub fn is_base62(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !text.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Says whether a text is one JSON object for Python, which also takes numbers that are none.
pub fn is_object(text: &str) -> bool {
    let mut plain = String::with_capacity(text.len());
    let (mut rest, mut is_string) = (text, false);
    while let Some(first) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"];
        let found = word
            .iter()
            .find(|word| !is_string && rest.starts_with(**word));
        let length = match found {
            Some(word) => {
                plain.push_str("null");
                word.len()
            }
            None if is_string && first == '\\' => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                plain.push_str(&rest[..length]);
                length
            }
            None => {
                is_string ^= first == '"';
                plain.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    // Of what is ignored only the form is looked at: no number is too large, and half a surrogate pair is read.
    let is_json = serde_json::from_str::<IgnoredAny>(&plain).is_ok();
    is_json
        && plain
            .trim_start_matches([' ', '\t', '\n', '\r'])
            .starts_with('{')
}
