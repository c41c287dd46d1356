//! Texts on the page: escaped, and moments and spans as people read them.

use std::time::Duration;

/// Shows an RFC 3339 time in UTC to the minute, and any other text as it is.
pub(super) fn time(at: &str) -> String {
    let parts = at
        .ends_with('Z')
        .then(|| at.get(..10).zip(at.get(11..16)))
        .flatten();
    let shown = parts.map_or_else(
        || at.to_owned(),
        |(day, minute)| format!("{day} {minute} UTC"),
    );
    format!(
        r#"<time datetime="{}">{}</time>"#,
        escape(at),
        escape(&shown)
    )
}

/// Formats a number of seconds in its two largest units, rounded to the smaller one: two weeks and no second less are "14 days" a
/// second later too.
pub(super) fn span(seconds: u64) -> String {
    let unit = match seconds {
        86_400.. => 3_600,
        3_600.. => 60,
        _ => 1,
    };
    let seconds = seconds.saturating_add(unit / 2) / unit * unit;
    let count = |n: u64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, 0) => format!("{m} min"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, 0, _) => count(h, "hour"),
        (0, h, m, _) => format!("{} {m} min", count(h, "hour")),
        (d, 0, ..) => count(d, "day"),
        (d, h, ..) => format!("{} {}", count(d, "day"), count(h, "hour")),
    }
}

/// Formats the time of a short call.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// Escapes a text for use between tags and inside a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = r#"<script>alert("it's & {{visits}}")</script>"#;
    const SHOWN: &str = "&lt;script&gt;alert(&quot;it&#39;s &amp; {{visits}}&quot;)&lt;/script&gt;";

    #[test]
    fn escaping_leaves_no_character_that_html_reads() {
        assert_eq!(escape(HOSTILE), SHOWN);
        assert_eq!(escape("Ada’s 2 Bücher"), "Ada’s 2 Bücher");
    }

    #[test]
    fn escaping_does_not_spare_what_looks_escaped_already() {
        assert_eq!(escape("&lt;"), "&amp;lt;");
    }

    #[test]
    fn a_span_names_its_two_largest_units() {
        let spans = [
            (0, "0 s"),
            (252, "4 min 12 s"),
            (300, "5 min"),
            (3_600, "1 hour"),
            (7_509, "2 hours 5 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 hour"),
            (86_399, "1 day"),
            (7_169, "1 hour 59 min"),
            (7_170, "2 hours"),
            (3_599, "59 min 59 s"),
            (1_209_599, "14 days"),
            (1_207_800, "14 days"),
            (1_207_799, "13 days 23 hours"),
        ];
        for (seconds, text) in spans {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn a_time_is_shown_to_the_minute_in_utc() {
        let at = "2026-12-01T08:30:59.25Z";
        assert_eq!(
            time(at),
            format!(r#"<time datetime="{at}">2026-12-01 08:30 UTC</time>"#)
        );
    }
}
