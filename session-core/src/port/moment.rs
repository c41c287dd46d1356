use time::macros::datetime;
use time::{Date, OffsetDateTime, Time, UtcOffset};

/// Returns the moment as microseconds since 1970, the form that stores keep.
///
/// A moment outside the years −9999 to 9999 in UTC, which only one with an offset can be, becomes
/// the nearest inside, so that [`from_micros`] reads every result.
///
/// ```
/// use session_core::time::OffsetDateTime;
/// use session_core::{from_micros, to_micros};
///
/// assert_eq!(to_micros(OffsetDateTime::UNIX_EPOCH), 0);
/// assert_eq!(from_micros(0), Some(OffsetDateTime::UNIX_EPOCH));
/// assert_eq!(from_micros(i64::MAX), None);
/// ```
#[must_use]
#[inline]
pub fn to_micros(moment: OffsetDateTime) -> i64 {
    let moment = utc(moment);
    // Years −9999 to 9999 are 58 bits of microseconds.
    moment.unix_timestamp() * 1_000_000 + i64::from(moment.microsecond())
}

/// Reads microseconds since 1970 as a moment in UTC; `None` outside the years −9999 to 9999.
#[must_use]
pub fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    let rest = u32::try_from(micros.rem_euclid(1_000_000)).ok()?;
    from_seconds(micros.div_euclid(1_000_000), 1_000 * rest)
}

/// Returns the moment so long after 1970, in UTC: in a third of the time that additions take.
#[inline]
pub(crate) fn from_seconds(seconds: i64, nanos: u32) -> Option<OffsetDateTime> {
    let days = i32::try_from(seconds.div_euclid(DAY)).ok()?;
    let date = Date::from_julian_day(days.checked_add(JULIAN_DAY_1970)?).ok()?;
    let rest = u32::try_from(seconds.rem_euclid(DAY)).ok()?;
    let [hour, minute, second] = [rest / 3_600, rest / 60 % 60, rest % 60].map(u8::try_from);
    let time = Time::from_hms_nano(hour.ok()?, minute.ok()?, second.ok()?, nanos).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

/// Turns a moment into UTC; one that UTC can't show becomes the nearest that it can.
#[inline]
pub(crate) fn utc(moment: OffsetDateTime) -> OffsetDateTime {
    if moment.offset().is_utc() {
        return moment;
    }
    shown_in_utc(moment)
}

#[cold]
fn shown_in_utc(moment: OffsetDateTime) -> OffsetDateTime {
    let shown = moment.checked_to_offset(UtcOffset::UTC);
    shown.unwrap_or_else(|| moment.clamp(FIRST, LAST))
}

/// Cuts a moment to the precision of stores, in UTC.
pub(crate) fn truncate(moment: OffsetDateTime) -> OffsetDateTime {
    utc(moment).truncate_to_microsecond()
}

/// Returns the moment that is nearest to so many microseconds since 1970.
pub(crate) fn nearest(micros: i64) -> OffsetDateTime {
    from_micros(micros).unwrap_or_else(|| truncate(if micros < 0 { FIRST } else { LAST }))
}

const DAY: i64 = 86_400;

const JULIAN_DAY_1970: i32 = 2_440_588;

/// The first moment that stores can keep.
pub(crate) const FIRST: OffsetDateTime = datetime!(-9999-01-01 00:00:00 UTC);

/// The last moment that stores can keep.
pub(crate) const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999_999 UTC);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_a_form_that_reads_back_in_utc() {
        for (moment, expected) in [
            (
                datetime!(2026-11-27 12:00 +2),
                datetime!(2026-11-27 10:00 UTC),
            ),
            (datetime!(9999-12-31 23:59:59 -00:01), LAST),
            (
                datetime!(9999-12-31 23:59:59 +14),
                datetime!(9999-12-31 09:59:59 UTC),
            ),
            (datetime!(-9999-01-01 00:00 +00:01), FIRST),
            (FIRST, FIRST),
            (LAST, LAST),
        ] {
            assert_eq!(utc(moment), expected, "{moment}");
            for normal in [utc(moment), truncate(moment)] {
                assert!(normal.offset().is_utc(), "{moment}");
            }
            assert_eq!(from_micros(to_micros(moment)), Some(truncate(expected)));
        }
    }

    #[test]
    fn a_moment_is_cut_to_the_microsecond_before_it() {
        for (moment, micros) in [
            (datetime!(1970-01-01 00:00:00.000_000_999 UTC), 0),
            (datetime!(1970-01-01 00:00:01.000_001_999 UTC), 1_000_001),
            (datetime!(1969-12-31 23:59:59.999_999_999 UTC), -1),
            (datetime!(1969-12-31 23:59:58.000_000_001 UTC), -2_000_000),
            (datetime!(1970-01-01 01:00:00.000_000_001 +01), 0),
        ] {
            assert_eq!(to_micros(moment), micros, "{moment}");
            assert_eq!(Some(truncate(moment)), from_micros(micros), "{moment}");
        }
        assert_eq!(nearest(i64::MAX), truncate(LAST));
        assert_eq!(nearest(i64::MIN), FIRST);
        assert_eq!(nearest(7), from_micros(7).unwrap());
    }
}
