//! A settings file's text as the tokens of Python, as far as assignments of literals need them.

/// What a line of Python is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// A text; `None` if it is computed, as an f-string, or is none that Rust has.
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    /// `None` if it is no integer, or too large for a setting.
    Number(Option<i64>),
    /// An operator of one character.
    Operator(char),
    /// An operator that changes what stands before it, as `+=` and `:=`.
    Changing,
    /// Any other operator.
    Other,
}

/// A logical line: one statement, or several behind each other.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The number of its first physical line, from 1.
    pub(super) number: usize,
    pub(super) is_indented: bool,
    pub(super) tokens: Vec<Token<'a>>,
}

/// Splits a text into logical lines without comments.
///
/// # Errors
///
/// The number of the line on which a string begins that has no end.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, usize> {
    let mut lexer = Lexer {
        text,
        at: 0,
        number: 1,
    };
    let mut lines = Vec::new();
    while let Some(line) = lexer.line()? {
        if !line.tokens.is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Lexer<'a> {
    fn line(&mut self) -> Result<Option<Line<'a>>, usize> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        let mut line = Line {
            number: self.number,
            is_indented: self.rest().starts_with([' ', '\t']),
            tokens: Vec::new(),
        };
        let mut depth = 0_usize;
        while let Some(character) = self.rest().chars().next() {
            match character {
                '\n' => {
                    self.skip(1);
                    if depth == 0 {
                        break;
                    }
                }
                '#' => {
                    let comment = self.rest().split('\n').next().unwrap_or_default();
                    self.at += comment.len();
                }
                // Between tokens it continues the line.
                '\\' if self.rest().starts_with("\\\n") => self.skip(2),
                '\\' if self.rest().starts_with("\\\r\n") => self.skip(3),
                _ if character.is_whitespace() || character == '\u{feff}' => {
                    self.at += character.len_utf8();
                }
                _ => {
                    let token = self.token(character)?;
                    match token {
                        Token::Operator('(' | '[' | '{') => depth += 1,
                        Token::Operator(')' | ']' | '}') => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    line.tokens.push(token);
                }
            }
        }
        Ok(Some(line))
    }

    fn token(&mut self, first: char) -> Result<Token<'a>, usize> {
        let rest = self.rest();
        let is_of_a_word = |character: char| character.is_alphanumeric() || character == '_';
        let length = |word: &str| rest.len() - word.len();
        if first.is_ascii_digit() {
            let end = rest.trim_start_matches(|c: char| is_of_a_word(c) || c == '.');
            let word = &rest[..length(end)];
            self.at += word.len();
            return Ok(Token::Number(integer(word)));
        }
        let word = &rest[..length(rest.trim_start_matches(is_of_a_word))];
        let quote = rest[word.len()..].chars().next();
        if let Some(quote @ ('"' | '\'')) = quote.filter(|_| is_prefix(word)) {
            self.at += word.len();
            return self.string(&word.to_ascii_lowercase(), quote);
        }
        if !word.is_empty() {
            self.at += word.len();
            return Ok(Token::Name(word));
        }
        self.at += first.len_utf8();
        let doubled = "=<>!+-*/%&|^@:".contains(first) && self.rest().starts_with('=');
        if doubled {
            self.at += 1;
        }
        Ok(match first {
            '=' | '<' | '>' | '!' if doubled => Token::Other,
            _ if doubled => Token::Changing,
            _ => Token::Operator(first),
        })
    }

    fn string(&mut self, prefix: &str, quote: char) -> Result<Token<'a>, usize> {
        let start = self.number;
        let triple = quote.to_string().repeat(3);
        let is_triple = self.rest().starts_with(&triple);
        let end = if is_triple { &triple[..] } else { &triple[..1] };
        self.at += end.len();
        let from = self.at;
        loop {
            let rest = self.rest();
            if rest.starts_with(end) {
                break;
            }
            match rest.chars().next() {
                None => return Err(start),
                Some('\n') if !is_triple => return Err(start),
                // Also in a raw string, a quote behind a backslash ends nothing.
                Some('\\') => {
                    self.skip(1);
                    let next = self.rest().chars().next().ok_or(start)?;
                    self.skip(next.len_utf8());
                }
                Some(other) => self.skip(other.len_utf8()),
            }
        }
        let inner = &self.text[from..self.at];
        self.at += end.len();
        let is_computed = prefix.contains(['f', 't']);
        let bytes = if prefix.contains('r') {
            Some(inner.as_bytes().to_vec())
        } else {
            unescape(inner, prefix.contains('b'))
        };
        let bytes = bytes.filter(|_| !is_computed);
        Ok(if prefix.contains('b') {
            Token::Bytes(bytes)
        } else {
            Token::Text(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
        })
    }

    /// Skips bytes, and counts the lines that end among them.
    fn skip(&mut self, bytes: usize) {
        let skipped = &self.text[self.at..self.at + bytes];
        self.number += skipped.matches('\n').count();
        self.at += bytes;
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && word.bytes().all(|byte| b"rRbBuUfFtT".contains(&byte))
}

fn integer(word: &str) -> Option<i64> {
    let plain = word.replace('_', "").to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix).ok();
        }
    }
    plain.parse().ok()
}

/// Resolves a string's escapes; `None` if it names a character, or is no text.
fn unescape(inner: &str, is_bytes: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(inner.len());
    let mut push = |number: u32| -> Option<()> {
        if is_bytes {
            bytes.push(u8::try_from(number).ok()?);
        } else {
            let character = char::from_u32(number)?;
            bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(())
    };
    let mut rest = inner;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character != '\\' {
            push(character.into())?;
            continue;
        }
        let escape = rest.chars().next()?;
        let digits = match escape {
            'x' => 2,
            'u' if !is_bytes => 4,
            'U' if !is_bytes => 8,
            'N' if !is_bytes => return None,
            _ => 0,
        };
        let octal = rest
            .bytes()
            .take(3)
            .take_while(|byte| (b'0'..=b'7').contains(byte));
        let octal = octal.count();
        if digits > 0 {
            let text = rest.get(1..=digits)?;
            push(u32::from_str_radix(text, 16).ok()?)?;
            rest = &rest[1 + digits..];
        } else if octal > 0 {
            push(u32::from_str_radix(&rest[..octal], 8).ok()?)?;
            rest = &rest[octal..];
        } else {
            let plain = match escape {
                '\n' => None,
                'a' => Some('\x07'),
                'b' => Some('\x08'),
                'f' => Some('\x0c'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'v' => Some('\x0b'),
                '\\' | '\'' | '"' => Some(escape),
                _ => {
                    // An unknown escape stands for itself.
                    push('\\'.into())?;
                    Some(escape)
                }
            };
            if let Some(plain) = plain {
                push(plain.into())?;
            }
            rest = &rest[escape.len_utf8()..];
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        let lines = lines(text).unwrap();
        lines.into_iter().flat_map(|line| line.tokens).collect()
    }

    fn text(text: &str) -> Token<'_> {
        Token::Text(Some(text.into()))
    }

    #[test]
    fn strings_are_those_of_python() {
        for (source, expected) in [
            (r#""a'b""#, text("a'b")),
            (r"'a\'b'", text("a'b")),
            (r#""""a "b" c""""#, text("a \"b\" c")),
            ("'''a\nb'''", text("a\nb")),
            (
                r"'\x41\u00e9\U0001F600\101\0\n\t\\\q'",
                text("Aé😀A\0\n\t\\\\q"),
            ),
            (r"'\a\b\f\r\v'", text("\x07\x08\x0c\r\x0b")),
            ("'a\\\nb'", text("ab")),
            (r"r'\x41\''", text(r"\x41\'")),
            (r"u'x'", text("x")),
            (r"b'\xff\x00a'", Token::Bytes(Some(vec![0xff, 0, b'a']))),
            (r"Rb'\xff'", Token::Bytes(Some(br"\xff".to_vec()))),
            (r"f'{x}'", Token::Text(None)),
            (r"'\N{DASH}'", Token::Text(None)),
            (r"'\ud800'", Token::Text(None)),
            (r"'\x4'", Token::Text(None)),
            (r"b'\777'", Token::Bytes(None)),
        ] {
            assert_eq!(tokens(source), [expected], "{source}");
        }
    }

    #[test]
    fn a_string_without_an_end_is_named_by_its_line() {
        for (source, line) in [
            ("a = 1\nb = 'x\nc = 2'", 2),
            ("\n\n'''x\n\n", 3),
            ("'x\\", 1),
        ] {
            assert_eq!(lines(source).unwrap_err(), line, "{source}");
        }
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        let source = "\u{feff}# a\nA = [  # b\n  1,\n\n  2]\n\n  B = \\\n 3\r\nif x: y\n'''\nA = 4\n'''\nC=5";
        let lines = lines(source).unwrap();
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.number, line.is_indented, line.tokens.len()))
            .collect();
        assert_eq!(
            found,
            [
                (2, false, 7),
                (7, true, 3),
                (9, false, 4),
                (10, false, 1),
                (13, false, 3)
            ]
        );
    }

    #[test]
    fn numbers_and_operators_are_told_apart() {
        for (source, expected) in [
            ("1_209_600", Token::Number(Some(1_209_600))),
            ("0x10", Token::Number(Some(16))),
            ("0b11", Token::Number(Some(3))),
            ("1.5", Token::Number(None)),
            ("99999999999999999999", Token::Number(None)),
            ("=", Token::Operator('=')),
            ("==", Token::Other),
            ("!=", Token::Other),
            ("+=", Token::Changing),
            (":=", Token::Changing),
            ("é_1", Token::Name("é_1")),
        ] {
            assert_eq!(tokens(source), [expected], "{source}");
        }
    }
}
