use time::OffsetDateTime;

/// Returns the moment as microseconds since 1970, the form that stores keep.
///
/// ```
/// use session_core::{from_micros, to_micros};
/// use time::OffsetDateTime;
///
/// assert_eq!(to_micros(OffsetDateTime::UNIX_EPOCH), 0);
/// assert_eq!(from_micros(0), Some(OffsetDateTime::UNIX_EPOCH));
/// assert_eq!(from_micros(i64::MAX), None);
/// ```
#[must_use]
pub fn to_micros(moment: OffsetDateTime) -> i64 {
    // Years −9999 to 9999 are 58 bits of microseconds.
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// Reads microseconds since 1970; `None` beyond the year 9999.
#[must_use]
pub fn from_micros(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
}

/// Cuts a moment to the precision of stores.
pub(crate) fn truncate(moment: OffsetDateTime) -> OffsetDateTime {
    from_micros(to_micros(moment)).unwrap_or(moment)
}
