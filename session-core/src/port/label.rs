use std::sync::Arc;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Returns a device's name as it is stored: one line, without what changes the order or the place of text, of at
/// most 64 characters and 255 bytes; `None` if nothing is left.
///
/// It is text of a client: escape it where it is shown.
pub(crate) fn label(text: &str) -> Option<Arc<str>> {
    let mut label = String::new();
    let shown = text.chars().filter(|char| !is_hidden(*char));
    for (count, char) in shown.skip_while(|char| char.is_whitespace()).enumerate() {
        if count == MAX_CHARS || label.len() + char.len_utf8() > MAX_BYTES {
            break;
        }
        label.push(char);
    }
    let label = label.trim_end();
    (!label.is_empty()).then(|| label.into())
}

/// Control characters; marks that reorder or join text, or show nothing (bidi isolates, byte order marks, soft hyphens,
/// tags); separators of lines and paragraphs.
fn is_hidden(char: char) -> bool {
    matches!(
        char.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

const MAX_CHARS: usize = 64;

/// What every store has room for.
const MAX_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_short_line_of_text_that_shows() {
        let long = "é".repeat(65);
        let wide = "𝒶".repeat(64);
        for (text, expected) in [
            ("Firefox on Linux", Some("Firefox on Linux")),
            ("  Ada's phone\t", Some("Ada's phone")),
            ("<b>&\"'", Some("<b>&\"'")),
            ("one\r\ntwo\u{2028}three\u{2029}", Some("onetwothree")),
            ("\u{202e}gpj\u{2066}.exe\u{2069}\u{200f}", Some("gpj.exe")),
            ("\u{feff}soft\u{ad}hyphen\u{e0041}", Some("softhyphen")),
            ("\u{7}\u{1b}[31mred\u{9b}", Some("[31mred")),
            ("\u{200b} \u{200b}padded \u{200b} ", Some("padded")),
            ("", None),
            (" \u{200b}\n", None),
            (&long, Some(&long[..128])),
            // Of 64 characters of four bytes the last does not fit.
            (&wide, Some(&wide[..252])),
        ] {
            assert_eq!(label(text).as_deref(), expected, "{text:?}");
        }
        // What the cut leaves at the end is trimmed too.
        let spaced = format!("{} {}", "a".repeat(63), "b");
        assert_eq!(label(&spaced).as_deref(), Some(&spaced[..63]));
    }
}
