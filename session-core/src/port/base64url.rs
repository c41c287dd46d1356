//! The text of ids: base64url without padding (RFC 4648, section 5).
//!
//! Six bytes are eight characters, with nothing left over. No table is looked up and nothing branches
//! on a character, so that neither the time nor the processor's cache tells anything of an id.

/// Reads a text; `None` if one of its characters is not of the alphabet.
pub(super) fn decode<const TEXT: usize, const BYTES: usize>(
    text: &[u8; TEXT],
) -> Option<[u8; BYTES]> {
    const { assert!(TEXT.is_multiple_of(8) && TEXT / 8 * 6 == BYTES) };
    let mut values = *text;
    for byte in &mut values {
        *byte = translate(*byte, |[character, value, _]| (*character, *value));
    }
    let mut bytes = [0; BYTES];
    for (eight, six) in values
        .as_chunks()
        .0
        .iter()
        .zip(bytes.as_chunks_mut::<6>().0)
    {
        let pairs = |bits, (half, wide, dense)| (bits >> wide & half) << dense | bits & half;
        let bits = HALVES.into_iter().fold(u64::from_be_bytes(*eight), pairs);
        six.copy_from_slice(&bits.to_be_bytes()[2..]);
    }
    let all = values.iter().fold(0, |all, value| all | value);
    (all < 64).then_some(bytes)
}

/// Writes bytes as text.
pub(super) fn encode<const BYTES: usize, const TEXT: usize>(bytes: &[u8; BYTES]) -> [u8; TEXT] {
    const { assert!(TEXT.is_multiple_of(8) && TEXT / 8 * 6 == BYTES) };
    let mut values = [0; TEXT];
    for (six, eight) in bytes
        .as_chunks::<6>()
        .0
        .iter()
        .zip(values.as_chunks_mut().0)
    {
        let mut bits = [0; 8];
        bits[2..].copy_from_slice(six);
        let apart = |bits, (half, wide, dense)| (bits >> dense & half) << wide | bits & half;
        let bits = HALVES
            .into_iter()
            .rev()
            .fold(u64::from_be_bytes(bits), apart);
        *eight = bits.to_be_bytes();
    }
    for byte in &mut values {
        *byte = translate(*byte, |[character, value, _]| (*value, *character));
    }
    values
}

/// Eight values of six bits in a byte each are 48 bits without gaps in three steps, which bring together pairs of 6, 12
/// and 24 bits: the lower halves, and where the upper ones begin with gaps and without.
const HALVES: [(u64, u32, u32); 3] = [
    (0x003f_003f_003f_003f, 8, 6),
    (0x0000_0fff_0000_0fff, 16, 12),
    (0x0000_0000_00ff_ffff, 32, 24),
];

/// A character and its value, and how many follow both.
type Run = [u8; 3];

const ALPHABET: [Run; 5] = [
    [b'A', 0, 26],
    [b'a', 26, 26],
    [b'0', 52, 10],
    [b'-', 62, 1],
    [b'_', 63, 1],
];

/// Goes from one side of the alphabet to the other, given the beginnings of a run on both; 255 for what is in none.
#[inline]
fn translate(byte: u8, sides: impl Fn(&Run) -> (u8, u8)) -> u8 {
    ALPHABET.iter().fold(255, |found, run| {
        let (from, to) = sides(run);
        let place = byte.wrapping_sub(from);
        let mask = u8::from(place < run[2]).wrapping_neg();
        found & !mask | to.wrapping_add(place) & mask
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_alphabet_has_its_place_and_no_other_is_taken() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for byte in 0..=255 {
            let mut text = *b"AAAAAAAA";
            text[7] = byte;
            let place = alphabet.iter().position(|known| *known == byte);
            let expected = place.map(|place| [0, 0, 0, 0, 0, u8::try_from(place).unwrap()]);
            assert_eq!(decode(&text), expected, "{byte}");
            if let Some(bytes) = expected {
                assert_eq!(encode(&bytes), text);
            }
        }
    }

    // From RFC 4648, sections 9 and 10, and with Python's base64.
    #[test]
    fn the_bits_stand_in_their_order() {
        for (bytes, text) in [
            (*b"foobar", *b"Zm9vYmFy"),
            ([0x14, 0xfb, 0x9c, 0x03, 0xd9, 0x7e], *b"FPucA9l-"),
            ([0xff; 6], *b"________"),
            ([0xfb, 0xef, 0xbe, 0xfb, 0xef, 0xbe], *b"--------"),
        ] {
            assert_eq!(encode(&bytes), text);
            assert_eq!(decode(&text), Some(bytes));
        }
    }
}
