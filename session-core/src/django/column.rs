use time::{OffsetDateTime, PrimitiveDateTime};

use super::iso;
use super::zone::Zone;

impl Zone {
    /// Writes a moment as SQLite's `expire_date` column has it: `2026-06-01 12:00:00[.123456]`.
    ///
    /// SQLite compares these texts as such, so that a `T` or an offset would break every expiry.
    ///
    /// ```
    /// use session_core::django::Zone;
    /// use session_core::time::macros::datetime;
    ///
    /// let zone = Zone::use_tz();
    /// let moment = datetime!(2026-06-01 12:00:00.5 UTC);
    /// assert_eq!(zone.to_column(moment), "2026-06-01 12:00:00.500000");
    /// assert_eq!(zone.read_column("2026-06-01 12:00:00.500000"), Some(moment));
    /// ```
    #[must_use]
    pub fn to_column(&self, moment: OffsetDateTime) -> String {
        iso::write(self.naive(moment), ' ')
    }

    /// Reads SQLite's `expire_date` column; `None` if the text is no moment.
    ///
    /// A text with an offset, which Django does not write, means what it says.
    #[must_use]
    pub fn read_column(&self, text: &str) -> Option<OffsetDateTime> {
        read(text, |naive| self.moment(naive))
    }

    /// Reads the column as Django sees it at `now`; see [`moment_at`](Self::moment_at).
    #[must_use]
    pub fn read_column_at(&self, text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
        read(text, |naive| self.moment_at(naive, now))
    }
}

fn read(
    text: &str,
    moment: impl FnOnce(PrimitiveDateTime) -> OffsetDateTime,
) -> Option<OffsetDateTime> {
    let read = iso::read(text)?;
    Some(match read.offset {
        None => moment(read.naive),
        Some(offset) => read.naive.assume_utc().saturating_sub(offset),
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_column_reads_back_with_and_without_use_tz() {
        let local = Zone::local("America/New_York").unwrap();
        for (zone, moment, text) in [
            (
                Zone::use_tz(),
                datetime!(2026-06-01 12:00 UTC),
                "2026-06-01 12:00:00",
            ),
            (
                Zone::use_tz(),
                datetime!(2026-06-01 12:00:00.000_001 UTC),
                "2026-06-01 12:00:00.000001",
            ),
            (
                local.clone(),
                datetime!(2026-06-01 12:00 UTC),
                "2026-06-01 08:00:00",
            ),
        ] {
            assert_eq!(zone.to_column(moment), text);
            assert_eq!(zone.read_column(text), Some(moment));
        }
        let read = local.read_column("2026-06-01 12:00:00+02:00");
        assert_eq!(read, Some(datetime!(2026-06-01 10:00 UTC)));
        let again = datetime!(2026-11-01 6:30 UTC);
        let row = "2026-11-01 01:45:00";
        let seen = local.read_column_at(row, again);
        assert_eq!(seen, Some(datetime!(2026-11-01 6:45 UTC)));
        assert_eq!(local.read_column(row), Some(datetime!(2026-11-01 5:45 UTC)));
        for bad in ["", "soon", "2026-06-01 25:00:00"] {
            assert_eq!(local.read_column(bad), None, "{bad}");
        }
    }
}
