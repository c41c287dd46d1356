use time::macros::datetime;
use time::{OffsetDateTime, UtcOffset};

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
pub fn to_micros(moment: OffsetDateTime) -> i64 {
    let nanos = moment.clamp(FIRST, LAST).unix_timestamp_nanos();
    // Years −9999 to 9999 are 58 bits of microseconds.
    i64::try_from(nanos.div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// Reads microseconds since 1970 as a moment in UTC; `None` outside the years −9999 to 9999.
#[must_use]
pub fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
}

/// Turns a moment into UTC; one that UTC can't show becomes the nearest that it can.
pub(crate) fn utc(moment: OffsetDateTime) -> OffsetDateTime {
    if moment.offset().is_utc() {
        return moment;
    }
    let shown = moment.checked_to_offset(UtcOffset::UTC);
    shown.unwrap_or_else(|| moment.clamp(FIRST, LAST))
}

/// Cuts a moment to the precision of stores, in UTC.
pub(crate) fn truncate(moment: OffsetDateTime) -> OffsetDateTime {
    from_micros(to_micros(moment)).unwrap_or(moment)
}

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
}
