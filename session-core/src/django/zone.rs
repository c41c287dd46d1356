use std::fmt;

use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};
use thiserror::Error;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::port::moment::utc;

/// Django's `USE_TZ` and `TIME_ZONE`: how its moments without an offset are meant.
///
/// With `USE_TZ = True`, the default since Django 5.0, they are UTC, and `TIME_ZONE` is only for people.
/// With `USE_TZ = False` they are what a clock on the wall of `TIME_ZONE` shows. An hour that the wall
/// clock shows twice in autumn then means the first time, and one that it skips in spring the hour
/// after (Python's `fold=0`); [`moment_at`](Self::moment_at) says more. Zones come from a database inside of this crate, not from the system's.
///
/// ```
/// use session_core::django::Zone;
/// use session_core::time::macros::datetime;
///
/// let noon = datetime!(2026-06-01 12:00 UTC);
/// assert_eq!(Zone::use_tz().naive(noon), datetime!(2026-06-01 12:00));
///
/// let zone = Zone::local("America/New_York")?;
/// assert_eq!(zone.naive(noon), datetime!(2026-06-01 8:00));
/// assert_eq!(zone.moment(datetime!(2026-06-01 8:00)), noon);
/// // In autumn 1:30 comes twice, in spring 2:30 not at all.
/// assert_eq!(zone.moment(datetime!(2026-11-01 1:30)), datetime!(2026-11-01 5:30 UTC));
/// assert_eq!(zone.moment(datetime!(2026-03-08 2:30)), datetime!(2026-03-08 7:30 UTC));
/// # Ok::<(), session_core::django::UnknownZone>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Zone {
    /// `None` with `USE_TZ = True`.
    local: Option<TimeZone>,
}

impl Zone {
    /// `USE_TZ = True`, with any `TIME_ZONE`.
    #[must_use]
    pub fn use_tz() -> Self {
        Self { local: None }
    }

    /// `USE_TZ = False`, with this `TIME_ZONE`; Django's own default is `America/Chicago`.
    ///
    /// # Errors
    ///
    /// There is no such zone.
    pub fn local(time_zone: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZoneDatabase::bundled().get(time_zone);
        match zone {
            Ok(zone) => Ok(Self { local: Some(zone) }),
            Err(_) => Err(UnknownZone(time_zone.into())),
        }
    }

    /// Says whether `USE_TZ` is `True`.
    #[must_use]
    pub fn uses_tz(&self) -> bool {
        self.local.is_none()
    }

    /// Returns a moment as Django writes it without an offset; the nearest between the years 1 and 9999.
    #[must_use]
    pub fn naive(&self, moment: OffsetDateTime) -> PrimitiveDateTime {
        let moment = utc(moment);
        let naive = PrimitiveDateTime::new(moment.date(), moment.time());
        naive.saturating_add(self.offset(moment)).clamp(FIRST, LAST)
    }

    /// Returns the moment that Django means by a date and a time without an offset.
    #[must_use]
    pub fn moment(&self, naive: PrimitiveDateTime) -> OffsetDateTime {
        self.readings(naive).0
    }

    /// Returns the same as Django sees it at `now`, when it compares wall clocks.
    ///
    /// It differs in one hour of the year: while the wall clock shows an hour for the second time, what stands in that hour is
    /// the second time too. So a row has ended here when it has ended in Django.
    ///
    /// ```
    /// use session_core::django::Zone;
    /// use session_core::time::macros::datetime;
    ///
    /// let zone = Zone::local("America/New_York")?;
    /// let (row, again) = (datetime!(2026-11-01 1:45), datetime!(2026-11-01 6:30 UTC));
    /// assert_eq!(zone.naive(again), datetime!(2026-11-01 1:30));
    /// assert_eq!(zone.moment_at(row, again), datetime!(2026-11-01 6:45 UTC));
    /// assert_eq!(zone.moment(row), datetime!(2026-11-01 5:45 UTC));
    /// # Ok::<(), session_core::django::UnknownZone>(())
    /// ```
    #[must_use]
    pub fn moment_at(&self, naive: PrimitiveDateTime, now: OffsetDateTime) -> OffsetDateTime {
        let (first, second) = self.readings(naive);
        match second {
            Some((second, offset)) if first <= now && self.offset(now) == offset => second,
            _ => first,
        }
    }

    /// Returns the first moment at which the wall clock shows this, and the second with its offset, if it
    /// shows it twice.
    fn readings(
        &self,
        naive: PrimitiveDateTime,
    ) -> (OffsetDateTime, Option<(OffsetDateTime, Duration)>) {
        let moment = |offset| naive.assume_utc().saturating_sub(offset);
        let Some(zone) = &self.local else {
            return (moment(Duration::ZERO), None);
        };
        match zone.to_ambiguous_timestamp(civil(naive)).offset() {
            AmbiguousOffset::Unambiguous { offset: only }
            | AmbiguousOffset::Gap { before: only, .. } => (moment(seconds(only)), None),
            AmbiguousOffset::Fold { before, after } => {
                let after = seconds(after);
                (moment(seconds(before)), Some((moment(after), after)))
            }
        }
    }

    fn offset(&self, moment: OffsetDateTime) -> Duration {
        match &self.local {
            None => Duration::ZERO,
            Some(zone) => seconds(zone.to_offset(timestamp(moment))),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.local.as_ref().map(TimeZone::iana_name);
        match name {
            None => f.write_str("Zone(USE_TZ = True)"),
            Some(name) => write!(f, "Zone(USE_TZ = False, {})", name.unwrap_or("?")),
        }
    }
}

/// No zone of the IANA database has this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("TIME_ZONE: {0:?} is no zone of the IANA database; give a name such as \"Europe/Berlin\"")]
pub struct UnknownZone(String);

/// The nearest that the time zone's database knows; the offset is the same around it.
fn timestamp(moment: OffsetDateTime) -> Timestamp {
    let nearest = if moment.unix_timestamp() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_second(moment.unix_timestamp()).unwrap_or(nearest)
}

/// The database's offsets change at whole seconds.
fn civil(naive: PrimitiveDateTime) -> civil::DateTime {
    let (hour, minute, second) = naive.time().as_hms();
    let [year, month, day] = [
        naive.year(),
        i32::from(u8::from(naive.month())),
        i32::from(naive.day()),
    ]
    .map(|number| i16::try_from(number).unwrap_or(i16::MAX));
    let [month, day, hour, minute, second] =
        [month, day, hour.into(), minute.into(), second.into()]
            .map(|number| i8::try_from(number).unwrap_or(i8::MAX));
    civil::DateTime::new(year, month, day, hour, minute, second, 0).unwrap_or(civil::DateTime::MAX)
}

fn seconds(offset: jiff::tz::Offset) -> Duration {
    Duration::seconds(offset.seconds().into())
}

/// The first moment that Python knows.
pub(super) const FIRST: PrimitiveDateTime = time::macros::datetime!(0001-01-01 0:00);

/// The last moment that Python knows.
pub(super) const LAST: PrimitiveDateTime = time::macros::datetime!(9999-12-31 23:59:59.999_999);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_wall_clock_is_read_as_python_reads_it() {
        // As Python's `zoneinfo` with fold=0.
        for (zone, naive, moment) in [
            (
                "Europe/Berlin",
                datetime!(2026-10-25 2:30:00.5),
                datetime!(2026-10-25 0:30:00.5 UTC),
            ),
            (
                "Europe/Berlin",
                datetime!(2026-03-29 2:30),
                datetime!(2026-03-29 1:30 UTC),
            ),
            (
                "Asia/Kolkata",
                datetime!(2026-06-01 0:00),
                datetime!(2026-05-31 18:30 UTC),
            ),
            (
                "Pacific/Kiritimati",
                datetime!(9999-12-31 23:59:59.999_999),
                datetime!(9999-12-31 09:59:59.999_999 UTC),
            ),
            (
                "UTC",
                datetime!(0001-01-01 0:00),
                datetime!(0001-01-01 0:00 UTC),
            ),
        ] {
            assert_eq!(Zone::local(zone).unwrap().moment(naive), moment, "{zone}");
        }
    }

    #[test]
    fn a_moment_beyond_pythons_calendar_becomes_the_nearest_inside() {
        let west = Zone::local("America/New_York").unwrap();
        let east = Zone::local("Pacific/Kiritimati").unwrap();
        for (zone, moment, naive) in [
            (&east, datetime!(9999-12-31 23:00 UTC), LAST),
            (&west, datetime!(0001-01-01 0:00 UTC), FIRST),
            (&Zone::use_tz(), datetime!(-9999-01-01 0:00 UTC), FIRST),
            (
                &Zone::use_tz(),
                datetime!(9999-12-31 23:59:59.999_999_999 UTC),
                LAST,
            ),
            (
                &west,
                datetime!(9999-12-31 23:00 UTC),
                datetime!(9999-12-31 18:00),
            ),
        ] {
            assert_eq!(zone.naive(moment), naive, "{zone:?} {moment}");
        }
    }

    #[test]
    fn a_row_has_ended_when_djangos_wall_clock_has_passed_it() {
        let zone = Zone::local("America/New_York").unwrap();
        // From before the hour that comes twice, in steps of five minutes, to after it.
        let minutes = |from: OffsetDateTime, count| {
            (0..count).map(move |step| from + Duration::minutes(5 * step))
        };
        for now in minutes(datetime!(2026-11-01 4:00 UTC), 48) {
            for row in minutes(datetime!(2026-11-01 3:30 UTC), 60) {
                let row = zone.naive(row);
                let is_alive = zone.moment_at(row, now) > now;
                assert_eq!(is_alive, row > zone.naive(now), "{row} {now}");
            }
        }
        let winter = datetime!(2026-01-01 0:00 UTC);
        let row = datetime!(2026-11-01 1:45);
        assert_eq!(zone.moment_at(row, winter), zone.moment(row));
        assert_eq!(Zone::use_tz().moment_at(row, winter), row.assume_utc());
    }

    #[test]
    fn an_unknown_zone_is_named() {
        let error = Zone::local("Mars/Olympus").unwrap_err();
        assert!(error.to_string().contains("Mars/Olympus"));
        assert_eq!(
            format!("{:?}", Zone::local("UTC").unwrap()),
            "Zone(USE_TZ = False, UTC)"
        );
        assert_eq!(format!("{:?}", Zone::use_tz()), "Zone(USE_TZ = True)");
    }
}
