/// Writes bytes as lower-case hexadecimal digits.
pub(super) fn write(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

/// Reads digits that [`write`] wrote; `None` for anything else.
pub(super) fn read(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let half = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(half(*high)? << 4 | half(*low)?));
    if rest.is_empty() {
        bytes.collect()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        for bytes in [&[][..], &[0], &[0x0f, 0xf0, 0xff, 7]] {
            assert_eq!(read(write(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(write(&[0x0f, 0xa0]), "0fa0");
        for bad in ["a", "0g", "+1", "AB", "é"] {
            assert_eq!(read(bad.as_bytes()), None, "{bad}");
        }
    }
}
