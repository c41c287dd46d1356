use std::io::{self, BufWriter, StdoutLock, Write as _};

use serde_json::{Map, Value};
use session_core::Moment;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::trouble::Trouble;

/// What a command prints: text for people, or JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Prints a result: an object, or a text.
    pub(crate) fn say(self, fields: &[(&str, Value)], text: &str) -> Result<(), Trouble> {
        let mut lines = self.lines();
        lines.line(fields, || text.to_owned())?;
        lines.end()
    }

    /// Prints a result: an object, or a line for each field.
    pub(crate) fn table(self, fields: &[(&str, Value)]) -> Result<(), Trouble> {
        let widest = fields.iter().map(|(name, _)| name.len()).max();
        let widest = widest.unwrap_or_default();
        let line = |(name, value): &(&str, Value)| {
            let shown = match value {
                Value::Null => "-".to_owned(),
                Value::String(text) => plain(text),
                other => plain(&other.to_string()),
            };
            format!("{:widest$}  {shown}", name.replace('_', " "))
        };
        let lines: Vec<_> = fields.iter().map(line).collect();
        self.say(fields, &lines.join("\n"))
    }

    /// Begins a list, an object or a text a line.
    pub(crate) fn lines(self) -> Lines {
        Lines {
            is_json: self.is_json,
            out: BufWriter::new(io::stdout().lock()),
        }
    }
}

/// A list on its way to the standard output.
pub(crate) struct Lines {
    is_json: bool,
    out: BufWriter<StdoutLock<'static>>,
}

impl Lines {
    pub(crate) fn line(
        &mut self,
        fields: &[(&str, Value)],
        text: impl FnOnce() -> String,
    ) -> Result<(), Trouble> {
        if self.is_json {
            let object: Map<_, _> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            serde_json::to_writer(&mut self.out, &object).map_err(io::Error::from)?;
            self.out.write_all(b"\n")?;
        } else {
            writeln!(self.out, "{}", text())?;
        }
        Ok(())
    }

    pub(crate) fn end(mut self) -> Result<(), Trouble> {
        Ok(self.out.flush()?)
    }
}

/// Returns the text on one line, without what moves a terminal's cursor, colours or reorders what stands beside, or shows
/// nothing.
pub(crate) fn plain(text: &str) -> String {
    let is_hidden = |char: char| {
        matches!(
            char.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
    };
    let shown = text
        .chars()
        .map(|char| if is_hidden(char) { '\u{fffd}' } else { char });
    shown.collect()
}

/// Writes a moment as RFC 3339 has it, to the second.
pub(crate) fn moment(moment: impl Into<Moment>) -> String {
    let moment = OffsetDateTime::from(moment.into());
    let second = moment.replace_nanosecond(0).unwrap_or(moment);
    second
        .format(&Rfc3339)
        .unwrap_or_else(|_| second.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_nothing_that_a_terminal_obeys() {
        for (text, shown) in [
            ("Firefox on Linux", "Firefox on Linux"),
            ("\u{1b}[2Jgone", "\u{fffd}[2Jgone"),
            ("\u{9b}31mred", "\u{fffd}31mred"),
            ("one\r\ttwo", "one\u{fffd}\u{fffd}two"),
            ("gpj\u{202e}.exe", "gpj\u{fffd}.exe"),
            ("x\nover  false", "x\u{fffd}over  false"),
            ("one\u{2028}two\u{2029}", "one\u{fffd}two\u{fffd}"),
            ("\u{61c}a\u{ad}d\u{200b}a", "\u{fffd}a\u{fffd}d\u{fffd}a"),
            ("\u{fff9}a\u{fffb}\u{feff}", "\u{fffd}a\u{fffd}\u{fffd}"),
            ("a\u{e0041}\u{e007f}", "a\u{fffd}\u{fffd}"),
            ("Zoë 北", "Zoë 北"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn moments_have_seconds() {
        assert_eq!(moment(Moment::UNIX_EPOCH), "1970-01-01T00:00:00Z");
        assert!(!moment(Moment::LAST).is_empty());
    }
}
