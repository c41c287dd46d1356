//! Numbers as Django's signatures write them: `0-9A-Za-z`, the highest digit first.

use super::token::TokenError;

/// Writes a number of seconds.
pub(super) fn encode(number: i64, text: &mut String) {
    if number < 0 {
        text.push('-');
    }
    let mut rest = number.unsigned_abs();
    // The longest number has eleven digits.
    let mut digits = [0; 11];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = DIGITS[(rest % 62) as usize];
        rest /= 62;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits[start..].iter().copied().map(char::from));
}

/// Reads a number of any length, as Django does: the longest are infinite.
///
/// `-` alone is zero there, and nothing at all is no number.
pub(super) fn decode(text: &str) -> Result<f64, TokenError> {
    if text.is_empty() {
        return Err(TokenError::Time);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text),
    };
    let mut number = 0.0;
    for digit in digits.bytes() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return Err(TokenError::Time),
        };
        number = number * 62.0 + f64::from(value);
    }
    Ok(sign * number)
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_django_writes_them() {
        for (number, text) in [
            (0, "0"),
            (1, "1"),
            (61, "z"),
            (62, "10"),
            (3843, "zz"),
            (3844, "100"),
            (1_700_000_000, "1r31eq"),
            (-1, "-1"),
            (-62, "-10"),
            (i64::MAX, "AzL8n0Y58m7"),
            (i64::MIN, "-AzL8n0Y58m8"),
        ] {
            let mut written = String::new();
            encode(number, &mut written);
            assert_eq!(written, text);
            #[allow(clippy::cast_precision_loss, reason = "the last two are near enough")]
            let expected = number as f64;
            assert_eq!(decode(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_leniently_as_by_django() {
        assert_eq!(decode("-"), Ok(0.0));
        assert_eq!(decode("0001r31eq"), Ok(1_700_000_000.0));
        assert_eq!(decode(&"z".repeat(300)), Ok(f64::INFINITY));
        for bad in ["", "--1", "1_", " 1", "1 ", "+1", "é"] {
            assert_eq!(decode(bad), Err(TokenError::Time), "{bad:?}");
        }
    }
}
