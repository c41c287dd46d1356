use std::ops::Range;

use memchr::{memchr, memchr2};

/// The place of one member of a JSON object in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// The name with its quotes.
    pub(super) name: Range<usize>,
    /// Whether the name is written with escapes.
    pub(super) is_escaped: bool,
    pub(super) value: Range<usize>,
}

/// Finds the members of a JSON object, in their order; `None` if the text is not one object.
///
/// Of a value only the extent is found: it is checked when it is decoded. So what only Python's JSON has
/// passes: `NaN`, `Infinity`, escapes of half a surrogate pair, numbers and levels without a limit; and control
/// characters in strings. Brackets and strings must be whole.
pub(super) fn members(text: &str, mut found: impl FnMut(Span)) -> Option<()> {
    let text = Text(text.as_bytes());
    let (open, place) = text.token(0)?;
    if open != b'{' {
        return None;
    }
    let (mut token, mut place) = text.token(place + 1)?;
    while token != b'}' {
        if token != b'"' {
            return None;
        }
        let (name_end, is_escaped) = text.short_string(place + 1)?;
        let (colon, after) = text.token(name_end)?;
        if colon != b':' {
            return None;
        }
        let (first, value) = text.token(after + 1)?;
        let value_end = text.value(first, value)?;
        found(Span {
            name: place..name_end,
            is_escaped,
            value: value..value_end,
        });
        (token, place) = text.token(value_end)?;
        match token {
            b',' => {
                (token, place) = text.token(place + 1)?;
                // A comma announces another member.
                if token != b'"' {
                    return None;
                }
            }
            b'}' => {}
            _ => return None,
        }
    }
    text.token(place + 1).is_none().then_some(())
}

/// A text that is looked through; nothing moves, so that places stay in registers.
#[derive(Clone, Copy)]
struct Text<'a>(&'a [u8]);

#[allow(
    clippy::inline_always,
    reason = "calls would cost as much as the search of a short text"
)]
impl Text<'_> {
    /// Returns the next byte that is no space, and its place; `None` at the end.
    #[inline(always)]
    fn token(self, mut place: usize) -> Option<(u8, usize)> {
        loop {
            let byte = *self.0.get(place)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some((byte, place));
            }
            place += 1;
        }
    }

    /// Returns where a value ends, by its first byte and the place of that.
    #[inline(always)]
    fn value(self, first: u8, place: usize) -> Option<usize> {
        match first {
            b'"' => self.long_string(place + 1),
            b'{' | b'[' => self.nested(first, place + 1),
            _ if is_of_word(first) => {
                let rest = self.0.get(place..)?;
                let length = rest.iter().position(|byte| !is_of_word(*byte));
                Some(place + length.unwrap_or(rest.len()))
            }
            _ => None,
        }
    }

    /// As [`any_string`](Self::any_string), for one that is probably short, as a name.
    #[inline(always)]
    fn short_string(self, start: usize) -> Option<(usize, bool)> {
        if let Some(word) = self.0.get(start..)?.first_chunk() {
            let word = u64::from_le_bytes(*word);
            let special = equal(word, b'"') | equal(word, b'\\');
            let end = start + first(special);
            if special != 0 && self.0.get(end) == Some(&b'"') {
                return Some((end + 1, false));
            }
        }
        self.any_string(start)
    }

    /// Returns where a string ends that is probably long and has no quotes.
    #[inline(always)]
    fn long_string(self, start: usize) -> Option<usize> {
        let end = start + memchr(b'"', self.0.get(start..)?)?;
        if self.0.get(end - 1) != Some(&b'\\') {
            return Some(end + 1);
        }
        self.any_string(start).map(|(end, _)| end)
    }

    /// Returns where the string ends that begins here, behind its quote, and whether it has escapes.
    fn any_string(self, start: usize) -> Option<(usize, bool)> {
        let mut end = quote_or_escape(self.0, start)?;
        let mut is_escaped = false;
        while self.0.get(end) == Some(&b'\\') {
            is_escaped = true;
            // The byte behind a backslash is part of the escape.
            end = quote_or_escape(self.0, end + 2)?;
        }
        Some((end + 1, is_escaped))
    }

    /// Returns where the list or object ends whose bracket is the byte before.
    fn nested(self, first: u8, mut place: usize) -> Option<usize> {
        let mut open = Brackets::default();
        open.push(first);
        loop {
            place += quote_or_bracket(self.0.get(place..)?);
            let byte = *self.0.get(place)?;
            place += 1;
            match byte {
                b'"' => (place, _) = self.short_string(place)?,
                b'{' | b'[' => open.push(byte),
                b'}' | b']' => {
                    if !open.pop(byte) {
                        return None;
                    }
                    if open.depth == 0 {
                        return Some(place);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The brackets that are open, a bit each; no memory is owned for less than 64.
#[derive(Default)]
struct Brackets {
    /// Of the newest up to 64: whether it is that of an object.
    newest: u64,
    older: Vec<u64>,
    depth: usize,
}

impl Brackets {
    fn push(&mut self, bracket: u8) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.older.push(self.newest);
        }
        self.depth += 1;
        self.newest = self.newest << 1 | u64::from(bracket == b'{');
    }

    /// Closes the newest bracket, and says whether it is of the same kind.
    fn pop(&mut self, bracket: u8) -> bool {
        let is_object = self.newest & 1 == 1;
        self.newest >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64)
            && let Some(older) = self.older.pop()
        {
            self.newest = older;
        }
        is_object == (bracket == b'}')
    }
}

/// Returns the place of the first quote or backslash from here on.
#[inline]
fn quote_or_escape(bytes: &[u8], place: usize) -> Option<usize> {
    Some(place + memchr2(b'"', b'\\', bytes.get(place..)?)?)
}

/// Returns how many bytes stand before the first quote or bracket, and few of the other bytes.
fn quote_or_bracket(bytes: &[u8]) -> usize {
    // The four brackets differ in these bits alone; so do Y, y, _ and a control character.
    let bits = ONES * u64::from((b'[' ^ b'{') | (b'[' ^ b']'));
    let bracket = |word: u64| equal(word | bits, b'{' | b'}');
    let (words, _) = bytes.as_chunks();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = equal(word, b'"') | bracket(word);
        if special != 0 {
            return 8 * place + first(special);
        }
    }
    8 * words.len()
}

/// Sets the high bit of each of eight bytes that equals one. Those above the first may be wrong.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let differences = word ^ (ONES * u64::from(byte));
    differences.wrapping_sub(ONES) & !differences & (0x80 * ONES)
}

/// Returns the first of eight bytes whose high bit is set.
#[inline]
fn first(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Says whether a byte is part of a number or of a word such as `true`.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut all = Vec::new();
        members(text, |span| {
            let (name, value) = (&text[span.name], &text[span.value]);
            assert_eq!(span.is_escaped, name.contains('\\'), "{text}");
            all.push((name, value));
        })?;
        Some(all)
    }

    #[test]
    fn members_are_found_with_the_bytes_that_they_have() {
        let rows: &[(&str, &[(&str, &str)])] = &[
            ("{}", &[]),
            (" {\t\r\n} ", &[]),
            (r#"{"a":1}"#, &[(r#""a""#, "1")]),
            (
                r#" { "z" : 1.50 ,"a":{"x":[1, 2]}, "u\u00e9":"\ud83d\ude00" } "#,
                &[
                    (r#""z""#, "1.50"),
                    (r#""a""#, r#"{"x":[1, 2]}"#),
                    (r#""u\u00e9""#, r#""\ud83d\ude00""#),
                ],
            ),
            (
                r#"{"":"","é\"\\":"]}\",{[","n":null,"t":true,"f":false}"#,
                &[
                    (r#""""#, r#""""#),
                    (r#""é\"\\""#, r#""]}\",{[""#),
                    (r#""n""#, "null"),
                    (r#""t""#, "true"),
                    (r#""f""#, "false"),
                ],
            ),
            // What only Python's JSON has.
            (
                r#"{"nan":NaN,"inf":Infinity,"low":-Infinity,"in":[NaN,{"x":-Infinity}],"e":-1.5E+30}"#,
                &[
                    (r#""nan""#, "NaN"),
                    (r#""inf""#, "Infinity"),
                    (r#""low""#, "-Infinity"),
                    (r#""in""#, r#"[NaN,{"x":-Infinity}]"#),
                    (r#""e""#, "-1.5E+30"),
                ],
            ),
            (
                "{\"a\n\":\"\\\n\",\"b\":[\0\"0123456789abcdef0123456789abcdef\x1f\"]}",
                &[
                    ("\"a\n\"", "\"\\\n\""),
                    ("\"b\"", "[\0\"0123456789abcdef0123456789abcdef\x1f\"]"),
                ],
            ),
            // Letters that a quick look takes for brackets, and numbers without one.
            (
                r#"{"a":[Yy_Yy_Yy_Yy_Yy_,12345678901234567890,1,[1]],"b":1}"#,
                &[
                    (r#""a""#, "[Yy_Yy_Yy_Yy_Yy_,12345678901234567890,1,[1]]"),
                    (r#""b""#, "1"),
                ],
            ),
            (
                r#"{"\ud800":"\udfff","\ud800":1,"a":1,"a":2}"#,
                &[
                    (r#""\ud800""#, r#""\udfff""#),
                    (r#""\ud800""#, "1"),
                    (r#""a""#, "1"),
                    (r#""a""#, "2"),
                ],
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(found(text).as_deref(), Some(*expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_none() {
        for bad in [
            "",
            " ",
            "[]",
            "1",
            "null",
            "{",
            "}",
            "{}x",
            "{} {}",
            "{,}",
            r#"{"a"}"#,
            r#"{"a" 1}"#,
            r#"{"a":}"#,
            r#"{"a":,}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":1 2}"#,
            r#"{"a":1,,"b":1}"#,
            r#"{"a":1 "b":1}"#,
            r#"{"a":1}{"#,
            r#"{"a":1}}"#,
            r#"{"a:1}"#,
            r#"{"a\":1}"#,
            "{a:1}",
            "{'a':1}",
            r#"{"a":[}"#,
            r#"{"a":[}]}"#,
            r#"{"a":[{]}}"#,
            r#"{"a":"x}"#,
            r#"{"a":"x\"}"#,
            r#"{"a":"x\"#,
            r#"{"a":["x}"#,
            r#"{"a":é}"#,
            "{\"a\":\0}",
            "{\0\"a\":1}",
            "{\"a\":1\0}",
            "\u{feff}{}",
            "\0",
        ] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_have_as_many_levels_and_digits_as_they_like() {
        for depth in [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 200, 100_000] {
            for (open, close) in [("[", "]"), (r#"{"k":"#, "}"), (r#"[{"k":["#, "]}]")] {
                let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let text = format!(r#"{{"deep":{deep},"next":2}}"#);
                let expected = [(r#""deep""#, &*deep), (r#""next""#, "2")];
                assert_eq!(found(&text).as_deref(), Some(&expected[..]), "{depth}");
                let unbalanced = text.replacen('1', "1]", 1);
                assert_eq!(found(&unbalanced), None, "{depth} {open}");
            }
        }
        let long = format!(r#"{{"long":-{}}}"#, "9".repeat(100_000));
        assert_eq!(found(&long).unwrap()[0].1.len(), 100_001);
    }

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_stands() {
        for length in 0..70 {
            for (middle, escape) in [
                ("", ""),
                ("é", ""),
                ("", r#"\""#),
                ("", r"\\"),
                ("", r"\u0022"),
            ] {
                let string = format!(
                    "\"{}{middle}{escape}{}\"",
                    "x".repeat(length),
                    "y".repeat(length % 19)
                );
                let text = format!(r#"{{{string}:{string},"b":[{string},{{{string}:{string}}}]}}"#);
                let list = format!("[{string},{{{string}:{string}}}]");
                let expected = [(&*string, &*string), (r#""b""#, &*list)];
                assert_eq!(found(&text).as_deref(), Some(&expected[..]), "{text}");
            }
        }
    }
}
