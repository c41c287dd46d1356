use std::fmt;
use std::ops::{Add, Sub};

#[cfg(feature = "django")]
use time::UtcOffset;
use time::macros::datetime;
use time::{Date, Duration, OffsetDateTime, Time};

/// A moment in whole microseconds: what stores keep, and what lifetimes are computed with.
///
/// It is made of any [`OffsetDateTime`], and is one in UTC. It lies in the years −9999 to 9999, and sums that would
/// leave them end there.
///
/// ```
/// use session_core::Moment;
/// use session_core::time::macros::datetime;
/// use session_core::time::{Duration, OffsetDateTime};
///
/// let noon = Moment::from(datetime!(2026-11-27 14:00 +2));
/// assert_eq!(OffsetDateTime::from(noon), datetime!(2026-11-27 12:00 UTC));
/// assert_eq!(noon + Duration::HOUR - noon, Duration::HOUR);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The beginning of 1970.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The first moment that there is.
    pub const FIRST: Self = Self(-377_705_116_800_000_000);

    /// The last one.
    pub const LAST: Self = Self(253_402_300_799_999_999);

    /// Cuts a moment to whole microseconds; one that has none is the nearest.
    #[must_use]
    pub const fn of(moment: OffsetDateTime) -> Self {
        // Years −9999 to 9999 are 58 bits of microseconds.
        Self::nearest(moment.unix_timestamp() * 1_000_000 + moment.microsecond() as i64)
    }

    /// Returns the moment so many microseconds after 1970, or the nearest that there is.
    pub(crate) const fn nearest(micros: i64) -> Self {
        if micros < Self::FIRST.0 {
            Self::FIRST
        } else if micros > Self::LAST.0 {
            Self::LAST
        } else {
            Self(micros)
        }
    }

    /// Returns a later moment, or the last one.
    #[must_use]
    pub const fn saturating_add(self, by: Duration) -> Self {
        Self::nearest(self.0.saturating_add(whole(by)))
    }

    /// Returns an earlier moment, or the first one.
    #[must_use]
    pub const fn saturating_sub(self, by: Duration) -> Self {
        Self::nearest(self.0.saturating_sub(whole(by)))
    }
}

/// Returns the microseconds of a span, the longest that there can be at most.
const fn whole(span: Duration) -> i64 {
    let rest = span.subsec_microseconds() as i64;
    span.whole_seconds()
        .saturating_mul(1_000_000)
        .saturating_add(rest)
}

/// Returns the form that stores keep: microseconds since 1970, whole ones before the moment.
#[must_use]
#[inline]
pub fn to_micros(moment: impl Into<Moment>) -> i64 {
    moment.into().0
}

/// Reads what [`to_micros`] has written; `None` if no calendar has that moment.
#[must_use]
#[inline]
pub fn from_micros(micros: i64) -> Option<Moment> {
    let moment = Moment::nearest(micros);
    (moment.0 == micros).then_some(moment)
}

impl From<OffsetDateTime> for Moment {
    fn from(moment: OffsetDateTime) -> Self {
        Self::of(moment)
    }
}

impl From<Moment> for OffsetDateTime {
    fn from(moment: Moment) -> Self {
        let nanos = 1_000 * moment.0.rem_euclid(1_000_000);
        let nanos = u32::try_from(nanos).unwrap_or_default();
        from_seconds(moment.0.div_euclid(1_000_000), nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        self.saturating_add(by)
    }
}

impl Add<std::time::Duration> for Moment {
    type Output = Self;

    fn add(self, by: std::time::Duration) -> Self {
        self.saturating_add(by.try_into().unwrap_or(Duration::MAX))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        self.saturating_sub(by)
    }
}

impl Sub<std::time::Duration> for Moment {
    type Output = Self;

    fn sub(self, by: std::time::Duration) -> Self {
        self.saturating_sub(by.try_into().unwrap_or(Duration::MAX))
    }
}

/// The span from the other one.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, other: Self) -> Duration {
        Duration::microseconds(self.0 - other.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OffsetDateTime::from(*self).fmt(f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns the moment of a Unix time in seconds; `None` if no calendar has it.
#[inline]
pub(crate) fn from_seconds(seconds: i64, nanos: u32) -> Option<OffsetDateTime> {
    let days = i32::try_from(seconds.div_euclid(DAY)).ok()?;
    let date = Date::from_julian_day(days.checked_add(JULIAN_DAY_1970)?).ok()?;
    let rest = u32::try_from(seconds.rem_euclid(DAY)).ok()?;
    let [hour, minute, second] = [rest / 3_600, rest / 60 % 60, rest % 60].map(u8::try_from);
    let time = Time::from_hms_nano(hour.ok()?, minute.ok()?, second.ok()?, nanos).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

/// Shows a moment in UTC, or the nearest that can be.
#[cfg(feature = "django")]
pub(crate) fn utc(moment: OffsetDateTime) -> OffsetDateTime {
    let shown = moment.checked_to_offset(UtcOffset::UTC);
    shown.unwrap_or_else(|| moment.clamp(FIRST, LAST))
}

/// Cuts a moment to the form that stores keep.
pub(crate) fn truncate(moment: OffsetDateTime) -> OffsetDateTime {
    Moment::from(moment).into()
}

/// The seconds of a day.
const DAY: i64 = 86_400;

/// The first day of Unix time.
const JULIAN_DAY_1970: i32 = 2_440_588;

/// The first moment of the calendar.
#[cfg(any(feature = "django", test))]
pub(crate) const FIRST: OffsetDateTime = datetime!(-9999-01-01 00:00:00 UTC);

/// The last moment of the calendar.
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
            let kept = Moment::from(moment);
            assert_eq!(from_micros(to_micros(moment)), Some(kept), "{moment}");
            let shown = OffsetDateTime::from(kept);
            assert_eq!(shown, expected.truncate_to_microsecond(), "{moment}");
            assert!(shown.offset().is_utc(), "{moment}");
            assert_eq!(shown, truncate(moment));
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
        }
    }

    #[test]
    fn what_no_calendar_has_is_no_moment_and_sums_end_at_the_last() {
        let (first, last) = (Moment::FIRST, Moment::LAST);
        assert_eq!((first, last), (FIRST.into(), LAST.into()));
        for micros in [
            to_micros(first) - 1,
            to_micros(last) + 1,
            i64::MIN,
            i64::MAX,
        ] {
            assert_eq!(from_micros(micros), None);
        }
        for far in [Duration::MICROSECOND, Duration::MAX] {
            assert_eq!((first - far, last + far), (first, last));
        }
        assert_eq!(last + std::time::Duration::MAX, last);
        assert_eq!(first - std::time::Duration::MAX, first);
        assert_eq!(first - Duration::MIN, last);
        assert_eq!(Moment::nearest(7), from_micros(7).unwrap());
    }
}
