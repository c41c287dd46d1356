//! Moments as Python writes and reads them: `datetime.isoformat` and `datetime.fromisoformat`.

use std::fmt::Write as _;

use time::{Date, Duration, Month, PrimitiveDateTime, Time, Weekday};

/// A date and a time, with an offset from UTC or without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Iso {
    pub(super) naive: PrimitiveDateTime,
    pub(super) offset: Option<Duration>,
}

/// Writes a date and a time with this character between them, and microseconds if there are any.
pub(super) fn write(naive: PrimitiveDateTime, separator: char) -> String {
    let (date, time) = (naive.date(), naive.time());
    let (hour, minute, second, micros) = time.as_hms_micro();
    let mut text = format!(
        "{:04}-{:02}-{:02}{separator}{hour:02}:{minute:02}:{second:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
    );
    if micros != 0 {
        // A string takes everything.
        let _ = write!(text, ".{micros:06}");
    }
    text
}

/// Reads whatever Python 3.11 or newer reads, which is all that an older one does; but for a few
/// mistyped forms that it takes for moments by mistake, as `03:04:056`.
pub(super) fn read(text: &str) -> Option<Iso> {
    let end_of_date = end_of_date(text.as_bytes())?;
    let date = read_date(text.get(..end_of_date)?.as_bytes())?;
    // Any character stands between the two.
    let mut rest = text.get(end_of_date..)?.chars();
    let (time, offset) = match rest.next() {
        None => (Time::MIDNIGHT, None),
        Some(_) => read_clock(rest.as_str())?,
    };
    let naive = PrimitiveDateTime::new(date, time);
    Some(Iso { naive, offset })
}

/// Finds the end of the date, whose basic forms run into the time.
fn end_of_date(text: &[u8]) -> Option<usize> {
    let is_digit = |place: usize| text.get(place).is_some_and(u8::is_ascii_digit);
    match (text.get(4)?, text.get(5)) {
        _ if text.len() < 7 => None,
        _ if text.len() == 7 => Some(7),
        // YYYY-Www or YYYY-Www-D
        (b'-', Some(b'W')) => match text.get(8) {
            Some(b'-') if text.len() == 9 => None,
            Some(b'-') if is_digit(10) => Some(8),
            Some(b'-') => Some(10),
            _ => Some(8),
        },
        (b'-', _) => Some(10),
        // YYYYWww or YYYYWwwD
        (b'W', _) => {
            let digits = text[7..].iter().take_while(|byte| byte.is_ascii_digit());
            let end = 7 + digits.count();
            Some(match end {
                7 | 8 => end,
                _ if end % 2 == 0 => 7,
                _ => 8,
            })
        }
        _ => Some(8),
    }
}

fn read_date(text: &[u8]) -> Option<Date> {
    let (year, rest) = text.split_at_checked(4)?;
    let year = i32::try_from(number(year)?).ok()?;
    let has_dashes = rest.first() == Some(&b'-');
    let rest = after_dash(rest, has_dashes)?;
    let date = if let [b'W', rest @ ..] = rest {
        let (week, rest) = rest.split_at_checked(2)?;
        let day = match after_dash(rest, has_dashes && !rest.is_empty())? {
            [] => 1,
            [day] => number(&[*day])?,
            _ => return None,
        };
        let after_monday = u8::try_from(day.checked_sub(1)?).ok()?;
        if after_monday > 6 {
            return None;
        }
        let weekday = Weekday::Monday.nth_next(after_monday);
        let week = u8::try_from(number(week)?).ok()?;
        Date::from_iso_week_date(year, week, weekday).ok()?
    } else {
        let (month, rest) = rest.split_at_checked(2)?;
        let day = after_dash(rest, has_dashes)?;
        if day.len() != 2 {
            return None;
        }
        let month = Month::try_from(u8::try_from(number(month)?).ok()?).ok()?;
        let day = u8::try_from(number(day)?).ok()?;
        Date::from_calendar_date(year, month, day).ok()?
    };
    (1..=9999).contains(&date.year()).then_some(date)
}

/// Skips the dash that stands in front of each part of a date, or of none.
fn after_dash(text: &[u8], has_dashes: bool) -> Option<&[u8]> {
    if has_dashes {
        text.strip_prefix(b"-")
    } else {
        Some(text)
    }
}

/// Reads a time and the offset behind it.
fn read_clock(text: &str) -> Option<(Time, Option<Duration>)> {
    let place = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(place);
    let [hour, minute, second, micros] = read_parts(clock)?;
    let [hour, minute, second] = [hour, minute, second].map(|part| u8::try_from(part).ok());
    let time = Time::from_hms_micro(hour?, minute?, second?, micros).ok()?;
    let offset = match zone.as_bytes().first() {
        None => None,
        Some(b'Z') if zone.len() == 1 => Some(Duration::ZERO),
        Some(b'Z') => return None,
        Some(sign) => {
            let [hours, minutes, seconds, micros] = read_parts(&zone[1..])?.map(i64::from);
            let offset = Duration::seconds(hours * 3_600 + minutes * 60 + seconds)
                + Duration::microseconds(micros);
            if offset >= Duration::DAY {
                return None;
            }
            Some(if *sign == b'-' { -offset } else { offset })
        }
    };
    Some((time, offset))
}

/// Reads `HH`, `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f…`, or the same without colons; `,` is a point too.
fn read_parts(text: &str) -> Option<[u32; 4]> {
    let mut parts = [0; 4];
    let mut rest = text.as_bytes();
    let has_colons = rest.get(2) == Some(&b':');
    for (place, part) in parts[..3].iter_mut().enumerate() {
        let (digits, after) = rest.split_at_checked(2)?;
        *part = number(digits)?;
        rest = after;
        match rest {
            [] => return Some(parts),
            [b'.' | b',', ..] => break,
            [b':', next @ ..] if has_colons && place < 2 => rest = next,
            _ if has_colons || place == 2 => return None,
            _ => {}
        }
    }
    let [b'.' | b',', fraction @ ..] = rest else {
        return None;
    };
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(6)];
    let missing = u32::try_from(6 - kept.len()).ok()?;
    parts[3] = number(kept)? * 10_u32.pow(missing);
    Some(parts)
}

/// Reads up to nine digits, and nothing but digits.
fn number(digits: &[u8]) -> Option<u32> {
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(digit - b'0');
    }
    (!digits.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_are_read_as_python_reads_them() {
        let day = datetime!(2026-06-02 0:00);
        let clock = datetime!(2026-06-02 3:04:05);
        let half = datetime!(2026-06-02 3:04:05.5);
        let zero = Some(Duration::ZERO);
        for (text, naive, offset) in [
            ("2026-06-02", day, None),
            ("20260602", day, None),
            ("2026-W23", datetime!(2026-06-01 0:00), None),
            ("2026W23", datetime!(2026-06-01 0:00), None),
            ("2026W232", day, None),
            ("2026-W23-2", day, None),
            ("2026-W53-5", datetime!(2027-01-01 0:00), None),
            ("2026-W23T03:04:05", datetime!(2026-06-01 3:04:05), None),
            ("2026-W23-2T03:04:05Z", clock, zero),
            ("2026-W23-03:04:05", datetime!(2026-06-01 3:04:05), None),
            ("2026W232T030405", clock, None),
            ("2026W23T030405", datetime!(2026-06-01 3:04:05), None),
            ("2026W23203:04:05", datetime!(2026-06-01 3:04:05), None),
            ("2026W232030405", datetime!(2026-06-01 3:04:05), None),
            ("2026W2320304", datetime!(2026-06-01 3:04), None),
            ("2026-06-02T03", datetime!(2026-06-02 3:00), None),
            ("2026-06-02T03:04", datetime!(2026-06-02 3:04), None),
            ("2026-06-02T0304", datetime!(2026-06-02 3:04), None),
            ("2026-06-02 03:04:05", clock, None),
            ("2026-06-02é03:04:05", clock, None),
            ("20260602T030405", clock, None),
            ("2026-06-02T03:04:05.5", half, None),
            ("2026-06-02T03:04:05,500", half, None),
            ("2026-06-02T030405.5000009999", half, None),
            ("2026-06-02T03:04:05Z", clock, zero),
            ("2026-06-02T03:04:05+00:00", clock, zero),
            ("2026-06-02T03:04:05-00", clock, zero),
            (
                "2026-06-02T03:04:05+0530",
                clock,
                Some(Duration::minutes(330)),
            ),
            (
                "2026-06-02T03:04:05-05:30",
                clock,
                Some(Duration::minutes(-330)),
            ),
            (
                "2026-06-02T03:04:05+00:00:30",
                clock,
                Some(Duration::seconds(30)),
            ),
            (
                "2026-06-02T03:04:05-23:59:59.999999",
                clock,
                Some(Duration::microseconds(1) - Duration::DAY),
            ),
        ] {
            assert_eq!(read(text), Some(Iso { naive, offset }), "{text}");
        }
    }

    #[test]
    fn what_python_does_not_read_is_no_moment() {
        for bad in [
            "",
            "300",
            "2026-06",
            "tomorrow",
            "0000-01-01",
            "2026-02-30",
            "2026-6-2",
            "2026-0602",
            "202606-02",
            "2026-06-0é",
            "20é6-06-02",
            "2026-W54",
            "2026-W00-1",
            "2026-W23-0",
            "2026-W23-8",
            "2026-W23-",
            "9999-W52-6",
            "2026-06-02T",
            "2026-06-02T24:00:00",
            "2026-06-02T03:60",
            "2026-06-02T03:04:60",
            "2026-06-02T3",
            "2026-06-02T03:",
            "2026-06-02T03:0405",
            "2026-06-02T0304:05",
            "2026-06-02T03:04:05.",
            "2026-06-02T03:04:05.x",
            "2026-06-02T03:04:05.0000001x",
            "2026-06-02T03:04:05Zx",
            "2026-06-02T03:04:05+",
            "2026-06-02T03:04:05+1",
            "2026-06-02T03:04:05+24:00",
            "2026-06-02T03:04:05z",
            "2026-06-02T+00:00",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_are_written_as_python_writes_them() {
        for (naive, text) in [
            (datetime!(2026-06-02 3:04:05), "2026-06-02T03:04:05"),
            (
                datetime!(2026-06-02 3:04:05.000_120),
                "2026-06-02T03:04:05.000120",
            ),
            (datetime!(0001-01-01 0:00), "0001-01-01T00:00:00"),
            // Nanoseconds are cut.
            (
                datetime!(9999-12-31 23:59:59.999_999_999),
                "9999-12-31T23:59:59.999999",
            ),
        ] {
            assert_eq!(write(naive, 'T'), text);
        }
    }
}
