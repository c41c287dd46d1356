use std::borrow::Cow;
use std::fmt::Write as _;

/// The members of a JSON object whose text has been checked.
///
/// What stands between them is not kept; names and values are, byte for byte.
#[derive(Debug)]
pub(super) struct Members<'t>(Vec<Member<'t>>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'t> {
    /// The name without escapes.
    pub(super) name: Cow<'t, str>,
    /// The name as it stands in the text, with its quotes.
    pub(super) quoted: Cow<'t, str>,
    pub(super) value: Cow<'t, str>,
}

impl<'t> Members<'t> {
    /// Finds the members; `None` if the text is no object, or a name has no form in UTF-8.
    ///
    /// Of text that is no JSON it says nothing.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut rest = text.trim_ascii().strip_prefix('{')?.trim_ascii_start();
        // One allocation for most sessions.
        let mut members = Vec::with_capacity((text.len() / 12).clamp(1, 16));
        if rest.trim_ascii() == "}" {
            return Some(Self(members));
        }
        loop {
            let (quoted, after) = rest.split_at_checked(string(rest)?)?;
            let after = after.trim_ascii_start().strip_prefix(':')?;
            let after = after.trim_ascii_start();
            let (value, after) = after.split_at_checked(value(after)?)?;
            members.push(Member {
                name: unquote(quoted)?,
                quoted: Cow::Borrowed(quoted),
                value: Cow::Borrowed(value.trim_ascii_end()),
            });
            if after == "}" {
                return Some(Self(members));
            }
            rest = after.strip_prefix(',')?.trim_ascii_start();
        }
    }

    /// Returns the value of a name; of members with the same name the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut members = self.0.iter().rev();
        let member = members.find(|member| member.name == name)?;
        Some(&member.value)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Member<'t>> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'t> Member<'t> {
    /// Makes a member of a name without escapes.
    pub(super) fn new(name: &'static str, value: impl Into<Cow<'t, str>>) -> Self {
        Self {
            name: Cow::Borrowed(name),
            quoted: Cow::Owned(quote(name)),
            value: value.into(),
        }
    }
}

/// Writes an object.
pub(super) fn object<'m, 't: 'm>(members: impl IntoIterator<Item = &'m Member<'t>>) -> String {
    let mut text = String::with_capacity(256);
    text.push('{');
    for member in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&member.quoted);
        text.push(':');
        text.push_str(&member.value);
    }
    text.push('}');
    text
}

/// Writes a text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\x1f' => {
                // A string takes everything.
                _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads a JSON string; `None` if it is none, or if it has half of a surrogate pair.
pub(super) fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut units = Vec::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let unit = match character {
            '\\' => match characters.next()? {
                'b' => 0x08,
                'f' => 0x0c,
                'n' => 0x0a,
                'r' => 0x0d,
                't' => 0x09,
                'u' => {
                    let digits = characters.as_str().get(..4)?;
                    characters = characters.as_str().get(4..)?.chars();
                    u16::from_str_radix(digits, 16).ok()?
                }
                other => u16::try_from(u32::from(other)).ok()?,
            },
            other => {
                units.extend_from_slice(other.encode_utf16(&mut [0; 2]));
                continue;
            }
        };
        units.push(unit);
    }
    String::from_utf16(&units).ok().map(Cow::Owned)
}

/// Returns the length of the string with which a text begins, with its quotes.
fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Returns the length of what comes before the comma or the brace that ends a member.
fn value(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0_usize, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at += string(text.get(at..)?)?;
                continue;
            }
            b'[' | b'{' => depth += 1,
            b',' | b'}' if depth == 0 => return Some(at),
            b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Vec<(String, String, String)>> {
        let members = Members::parse(text)?;
        let parts = |member: &Member<'_>| {
            let Member {
                name,
                quoted,
                value,
            } = member.clone();
            (name.into_owned(), quoted.into_owned(), value.into_owned())
        };
        Some(members.iter().map(parts).collect())
    }

    #[test]
    fn members_are_found_with_their_bytes_as_they_are() {
        let text =
            r#" {"a" : 1.50 ,"b":{"x":[1, {"}":"]"}]}, "\u00e9\"":"\ud83d\ude00,}" , "":NaN}"#;
        let expected = [
            ("a", r#""a""#, "1.50"),
            ("b", r#""b""#, r#"{"x":[1, {"}":"]"}]}"#),
            ("é\"", r#""\u00e9\"""#, r#""\ud83d\ude00,}""#),
            ("", r#""""#, "NaN"),
        ];
        let expected = expected.map(|(a, b, c)| (a.into(), b.into(), c.into()));
        assert_eq!(parsed(text).unwrap(), expected);
        for empty in ["{}", " { } "] {
            assert_eq!(parsed(empty), Some(vec![]));
        }
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for bad in [
            "",
            "[]",
            "1",
            "{",
            "{}x",
            r#"{"a"}"#,
            r#"{"a":1"#,
            r#"{"\ud800":1}"#,
            "{a:1}",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn of_members_with_one_name_the_last_counts() {
        let members = Members::parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
        assert_eq!((members.get("a"), members.len()), (Some("3"), 3));
    }

    #[test]
    fn texts_come_back_from_their_quotes() {
        for text in ["", "a", "O'Neil \"x\" \\", "a\nb\0\x1f\u{7f}", "🦀 漢", "/"] {
            assert_eq!(unquote(&quote(text)).unwrap(), text);
        }
        assert_eq!(
            unquote(r#""\b\f\n\r\t\/\u00e9\ud83e\udd80""#).unwrap(),
            "\u{8}\u{c}\n\r\t/é🦀"
        );
        for bad in ["", "\"", "x", r#""\ud800""#, r#""\u12""#] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }
}
