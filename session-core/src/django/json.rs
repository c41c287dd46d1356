//! JSON as Python's `json.loads` reads it, which is not quite that of the RFC.

use std::ops::Range;

use super::token::TokenError;

/// The deepest nesting that is read: what Django reads on Python 3.12 and newer, about 9,980 levels.
///
/// On Python 3.11 and older Django stops at about [`MAX_DEPTH_UP_TO_PYTHON_3_11`] levels and shows an
/// empty session. Refusing here what a newer one reads would end sessions that are alive.
pub const MAX_DEPTH: usize = 9_980;

/// About the deepest nesting that Django reads on Python 3.11 and older.
pub const MAX_DEPTH_UP_TO_PYTHON_3_11: usize = 970;

/// The longest integer that Python reads, in digits.
pub const MAX_INTEGER_DIGITS: usize = 4_300;

/// Says whether a text is one JSON object as Python reads it.
///
/// Python reads more than RFC 8259 has: `NaN`, `Infinity`, `-Infinity`, escapes of lone surrogates. Its
/// integers have no bounds up to [`MAX_INTEGER_DIGITS`]. Of equal names the last counts.
///
/// ```
/// use session_core::django::{TokenError, check_json};
///
/// assert_eq!(check_json(r#"{"x":NaN,"s":"\ud800","x":[-Infinity,1E400]}"#), Ok(()));
/// assert_eq!(check_json("[1]"), Err(TokenError::NotAnObject));
/// for bad in [r#"{"x":nan}"#, r#"{"x":+1}"#, r#"{"x":01}"#, r#"{"x":.5}"#, "{}x"] {
///     assert_eq!(check_json(bad), Err(TokenError::Json), "{bad}");
/// }
/// ```
///
/// # Errors
///
/// It is no JSON, or no object.
pub fn check_json(text: &str) -> Result<(), TokenError> {
    check_object(text.as_bytes())
}

/// Says whether a text is one value that Django reads in a session on every Python.
///
/// With the session around it, it is no deeper than [`MAX_DEPTH_UP_TO_PYTHON_3_11`] levels.
///
/// ```
/// use session_core::django::check_value;
///
/// assert!(check_value("[NaN]").is_ok());
/// let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
/// assert!(check_value(&nested(969)).is_ok());
/// assert!(check_value(&nested(970)).is_err());
/// assert!(check_value(&"1".repeat(4_301)).is_err());
/// ```
///
/// # Errors
///
/// It is no JSON, or too deep, or has a longer integer than [`MAX_INTEGER_DIGITS`].
pub fn check_value(text: &str) -> Result<(), TokenError> {
    let mut reader = Reader::new(text.as_bytes());
    reader.max_depth = MAX_DEPTH_UP_TO_PYTHON_3_11;
    let read = reader.value(1).and_then(|()| reader.end());
    read.ok_or(TokenError::Json)
}

/// Checks bytes that are ASCII outside of strings.
pub(super) fn check_object(bytes: &[u8]) -> Result<(), TokenError> {
    members(bytes, |_| ())
}

/// A member of the outermost object: where it stands in the text.
#[derive(Debug)]
pub(super) struct Member {
    /// The name, without its quotes.
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    /// Whether every reader of JSON takes the value: it has no `NaN` or infinity.
    pub(super) is_strict: bool,
}

/// Reads one object and tells each of its members.
pub(super) fn members(bytes: &[u8], mut tell: impl FnMut(Member)) -> Result<(), TokenError> {
    let mut reader = Reader::new(bytes);
    reader.space();
    if reader.peek() != Some(b'{') {
        // Whatever is JSON at all is worth another error.
        reader
            .value(0)
            .and_then(|()| reader.end())
            .ok_or(TokenError::Json)?;
        return Err(TokenError::NotAnObject);
    }
    reader.object(&mut tell).ok_or(TokenError::Json)
}

/// Reads one value, and says whether every reader of JSON takes it.
pub(super) fn is_strict_value(bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    reader.value(1)?;
    reader.end()?;
    Some(reader.is_strict)
}

/// Says whether a text between two quotes is one string.
pub(super) fn is_string_body(text: &str) -> bool {
    let quoted = format!("\"{text}\"");
    let mut reader = Reader::new(quoted.as_bytes());
    reader.string().and_then(|_| reader.end()).is_some()
}

/// `None` stands for what is no JSON.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    is_strict: bool,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            is_strict: true,
            max_depth: MAX_DEPTH,
        }
    }

    /// Reads the outermost object up to the end of the text.
    fn object(&mut self, tell: &mut impl FnMut(Member)) -> Option<()> {
        self.byte(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return self.end();
        }
        loop {
            let name = self.name()?;
            self.space();
            let start = self.at;
            self.is_strict = true;
            self.value(1)?;
            tell(Member {
                name,
                value: start..self.at,
                is_strict: self.is_strict,
            });
            self.space();
            match self.next()? {
                b',' => {}
                b'}' => return self.end(),
                _ => return None,
            }
        }
    }

    /// Reads a value inside of `outer` others, without recursion.
    fn value(&mut self, outer: usize) -> Option<()> {
        let mut closing = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    let close = open + 2;
                    if outer + closing.len() >= self.max_depth {
                        return None;
                    }
                    self.space();
                    if self.peek()? == close {
                        self.at += 1;
                    } else {
                        closing.push(close);
                        if close == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                b'n' => self.word(b"null")?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'N' => self.lax_word(b"NaN")?,
                b'I' => self.lax_word(b"Infinity")?,
                _ => self.number()?,
            }
            // A value has ended, and what is around it may end too.
            loop {
                let Some(close) = closing.last() else {
                    return Some(());
                };
                self.space();
                let byte = self.next()?;
                if byte == *close {
                    closing.pop();
                } else if byte == b',' {
                    if *close == b'}' {
                        self.name()?;
                    }
                    break;
                } else {
                    return None;
                }
            }
        }
    }

    /// Reads a member's name and the colon.
    fn name(&mut self) -> Option<Range<usize>> {
        self.space();
        let name = self.string()?;
        self.space();
        self.byte(b':')?;
        Some(name)
    }

    /// Reads a string and returns where it stands, without its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        self.byte(b'"')?;
        let start = self.at;
        loop {
            match self.next()? {
                b'"' => return Some(start..self.at - 1),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let digits = self.bytes.get(self.at..self.at + 4)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        self.at += 4;
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.peek() == Some(b'I') {
                return self.lax_word(b"Infinity");
            }
        }
        let integer = match self.peek()? {
            b'0' => {
                self.at += 1;
                1
            }
            _ => self.digits()?,
        };
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            is_integer = false;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            is_integer = false;
        }
        (!is_integer || integer <= MAX_INTEGER_DIGITS).then_some(())
    }

    /// Reads at least one digit, and returns how many there are.
    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let count = self.at - start;
        (count > 0).then_some(count)
    }

    fn lax_word(&mut self, word: &[u8]) -> Option<()> {
        self.is_strict = false;
        self.word(word)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        rest.starts_with(word).then(|| self.at += word.len())
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Option<()> {
        self.space();
        (self.at == self.bytes.len()).then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests;
