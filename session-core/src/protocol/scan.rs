use std::ops::Range;

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
/// passes: `NaN`, `Infinity`, escapes of half a surrogate pair, numbers and levels without a limit. Brackets
/// and strings must be whole.
pub(super) fn members(text: &str, mut found: impl FnMut(Span)) -> Option<()> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        place: 0,
    };
    if scanner.token()? != b'{' {
        return None;
    }
    let mut token = scanner.token()?;
    while token != b'}' {
        if token != b'"' {
            return None;
        }
        let start = scanner.place - 1;
        let is_escaped = scanner.string()?;
        let name = start..scanner.place;
        if scanner.token()? != b':' {
            return None;
        }
        let first = scanner.token()?;
        let start = scanner.place - 1;
        scanner.value(first)?;
        let value = start..scanner.place;
        found(Span {
            name,
            is_escaped,
            value,
        });
        match scanner.token()? {
            b',' => {
                // A comma announces another member.
                token = scanner.token().filter(|token| *token == b'"')?;
            }
            end @ b'}' => token = end,
            _ => return None,
        }
    }
    scanner.token().is_none().then_some(())
}

struct Scanner<'a> {
    bytes: &'a [u8],
    /// The place of the next byte to look at.
    place: usize,
}

impl Scanner<'_> {
    /// Returns the next byte that is no space; `None` at the end.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.place)?;
            self.place += 1;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
        }
    }

    /// Goes to the end of the value that begins with the byte before.
    #[inline]
    fn value(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.nested(first),
            _ if is_of_word(first) => {
                let rest = self.bytes.get(self.place..)?;
                let length = rest.iter().position(|byte| !is_of_word(*byte));
                self.place += length.unwrap_or(rest.len());
                Some(())
            }
            _ => None,
        }
    }

    /// Goes to the end of the string whose quote was the byte before, and says whether it has escapes.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        let mut is_escaped = false;
        loop {
            self.place += plain(self.bytes.get(self.place..)?);
            let byte = *self.bytes.get(self.place)?;
            self.place += 1;
            match byte {
                b'"' => return Some(is_escaped),
                // The byte behind it is part of the escape, unless no string may have it.
                b'\\' if *self.bytes.get(self.place)? >= b' ' => {
                    is_escaped = true;
                    self.place += 1;
                }
                _ => return None,
            }
        }
    }

    /// Goes to the end of the list or object whose bracket was the byte before.
    fn nested(&mut self, first: u8) -> Option<()> {
        let mut open = Brackets::default();
        open.push(first);
        loop {
            let byte = *self.bytes.get(self.place)?;
            self.place += 1;
            match byte {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => open.push(byte),
                b'}' | b']' => {
                    if !open.pop(byte) {
                        return None;
                    }
                    if open.depth == 0 {
                        return Some(());
                    }
                }
                b'\t' | b'\n' | b'\r' | b' '.. => {}
                _ => return None,
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

/// Returns the number of bytes before the first that ends a string, begins an escape or is a control
/// character.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    // Names and short values end here.
    if let Some(place) = bytes.first_chunk().copied().and_then(special_in) {
        return place;
    }
    // Without a branch for each byte, so that a whole chunk is compared at once.
    let has_special = |chunk: &[u8; 16]| {
        let specials = chunk.iter().map(|byte| {
            u8::from(*byte < b' ') | u8::from(*byte == b'"') | u8::from(*byte == b'\\')
        });
        specials.fold(0, |any, special| any | special) != 0
    };
    let (chunks, _) = bytes.as_chunks();
    let chunks = chunks.iter().take_while(|chunk| !has_special(chunk));
    let mut place = 16 * chunks.count();
    while let Some(&word) = bytes[place..].first_chunk() {
        if let Some(more) = special_in(word) {
            return place + more;
        }
        place += word.len();
    }
    let rest = &bytes[place..];
    let special = rest.iter().position(|byte| is_special(*byte));
    place + special.unwrap_or(rest.len())
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Returns the place of the first special byte of eight.
#[inline]
fn special_in(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_le_bytes(word);
    // Sets the high bit of each byte that is less than a limit. Those above the first may be wrong.
    let less = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let equal = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    let special = less(word, b' ') | equal(b'"') | equal(b'\\');
    (special != 0).then_some(special.trailing_zeros() as usize / 8)
}

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
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\\n\"}",
            "{\"a\n\":1}",
            "{\"a\":[\"0123456789abcdef0123456789abcdef\x1f\"]}",
            "{\"a\":[\0]}",
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
                let raw = text.replacen('"', "\"\u{1}", 1);
                assert_eq!(found(&raw), None, "{raw}");
            }
        }
    }
}
