use std::borrow::Cow;

use thiserror::Error;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::iso;
use super::zone::{FIRST, LAST, Zone};
use crate::Expiry;
use crate::port::moment::{truncate, utc};

/// A session's own lifetime as Django keeps it, under `_session_expiry` in its values.
///
/// ```
/// use session_core::Expiry;
/// use session_core::django::{SessionExpiry, Zone};
/// use session_core::time::macros::datetime;
///
/// let (zone, now) = (Zone::use_tz(), datetime!(2026-06-01 12:00 UTC));
/// let read = |json| SessionExpiry::parse(Some(json), &zone, now);
/// assert_eq!(read("0")?, SessionExpiry::BrowserClose);
/// assert_eq!(read("300")?.to_json(&zone).as_deref(), Some("300"));
/// let text = r#""2026-06-02T03:04:05+00:00""#;
/// let moment = datetime!(2026-06-02 3:04:05 UTC);
/// assert_eq!(Expiry::from(read(text)?), Expiry::At(moment));
/// assert_eq!(SessionExpiry::from(Expiry::At(moment)).to_json(&zone).as_deref(), Some(text));
/// // Without USE_TZ each save of such a session fails in Django.
/// assert!(SessionExpiry::parse(Some(text), &Zone::local("UTC")?, now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "Django has no other forms")]
pub enum SessionExpiry {
    /// No value: `SESSION_COOKIE_AGE` after each save, and a cookie as the settings have it.
    Settings,
    /// A cookie until the browser closes; the row lives for `SESSION_COOKIE_AGE` all the same.
    BrowserClose,
    /// So long after each save, to a microsecond. What is not positive has ended when it is saved.
    After(Duration),
    /// At this moment.
    At(OffsetDateTime),
}

impl SessionExpiry {
    /// Reads the JSON text of the value; `None` if there is none.
    ///
    /// Everything counts that Django can save: `true` is a second, `false` is the browser's close, and
    /// an empty list is nothing.
    ///
    /// # Errors
    ///
    /// Django fails with a 500 when it saves a session with this value at `now`. It can still be read;
    /// its life is what `expire_date` says.
    pub fn parse(
        json: Option<&str>,
        zone: &Zone,
        now: OffsetDateTime,
    ) -> Result<Self, ExpiryProblem> {
        let Some(json) = json.map(|json| json.trim_matches(SPACE)) else {
            return Ok(Self::Settings);
        };
        match json.as_bytes().first() {
            Some(b'n') => Ok(Self::Settings),
            Some(b'f') => Ok(Self::BrowserClose),
            Some(b't') => Self::after(Duration::SECOND, now),
            Some(b'[' | b'{') if json[1..json.len() - 1].trim_matches(SPACE).is_empty() => {
                Ok(Self::Settings)
            }
            Some(b'[' | b'{') => Err(ExpiryProblem::Type),
            Some(b'"') => Self::parse_moment(json, zone),
            _ => Self::parse_seconds(json, now),
        }
    }

    /// Returns the JSON text of the value in a form that every Django saves; `None` for no value.
    ///
    /// Seconds are a whole number if they are whole. A moment is ISO 8601, with an offset of `+00:00`
    /// under `USE_TZ = True` and local without one otherwise, cut to the microsecond. A span of more
    /// than a thousand years becomes a thousand, since Django can't add it to a moment.
    #[must_use]
    pub fn to_json(self, zone: &Zone) -> Option<Cow<'static, str>> {
        match self {
            Self::Settings => None,
            Self::BrowserClose => Some("0".into()),
            Self::After(span) => {
                let span = span.clamp(-LONGEST, LONGEST);
                let micros = span.whole_microseconds();
                let text = if micros % 1_000_000 == 0 {
                    // Zero would mean the browser's close.
                    format!("{}", micros / 1_000_000)
                } else {
                    format!("{:?}", span.as_seconds_f64())
                };
                Some(if micros == 0 {
                    "-1".into()
                } else {
                    text.into()
                })
            }
            Self::At(moment) => {
                let text = iso::write(zone.naive(moment), 'T');
                let offset = if zone.uses_tz() { "+00:00" } else { "" };
                Some(format!("\"{text}{offset}\"").into())
            }
        }
    }

    /// Returns what a save by Django at `now` writes to `expire_date`, without an offset.
    ///
    /// Django adds spans to what the wall clock shows: without `USE_TZ` an hour over the change to winter
    /// is two, and the one over the change to summer is none.
    #[must_use]
    pub fn expire_date(
        self,
        now: OffsetDateTime,
        cookie_age: Duration,
        zone: &Zone,
    ) -> PrimitiveDateTime {
        let span = match self {
            Self::At(moment) => return zone.naive(moment),
            Self::After(span) => span,
            Self::Settings | Self::BrowserClose => cookie_age,
        };
        let naive = zone.naive(now).saturating_add(span);
        naive.clamp(FIRST, LAST)
    }

    fn parse_moment(json: &str, zone: &Zone) -> Result<Self, ExpiryProblem> {
        // Escapes of lone surrogates are in no moment.
        let text: String = serde_json::from_str(json).map_err(|_| ExpiryProblem::NoMoment)?;
        let read = iso::read(&text).ok_or(ExpiryProblem::NoMoment)?;
        let moment = match (read.offset, zone.uses_tz()) {
            (Some(offset), true) => read.naive.assume_utc().saturating_sub(offset),
            (None, false) => zone.moment(read.naive),
            (Some(_), false) => return Err(ExpiryProblem::Aware),
            (None, true) => return Err(ExpiryProblem::Naive),
        };
        let is_known =
            (FIRST..=LAST).contains(&PrimitiveDateTime::new(moment.date(), moment.time()));
        is_known
            .then_some(Self::At(moment))
            .ok_or(ExpiryProblem::Beyond)
    }

    fn parse_seconds(json: &str, now: OffsetDateTime) -> Result<Self, ExpiryProblem> {
        if json == "NaN" {
            return Err(ExpiryProblem::NotANumber);
        }
        if let Ok(seconds) = json.parse::<i64>() {
            return match seconds {
                0 => Ok(Self::BrowserClose),
                seconds => Self::after(Duration::seconds(seconds), now),
            };
        }
        // Integers beyond, and floats: "Infinity" is spelled as in Rust.
        let seconds: f64 = json.parse().map_err(|_| ExpiryProblem::Type)?;
        if seconds == 0.0 {
            return Ok(Self::BrowserClose);
        }
        if seconds.abs() > FARTHEST {
            return Err(ExpiryProblem::Beyond);
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is smaller than that")]
        let (whole, micros) = (
            seconds.trunc() as i64,
            (seconds.fract() * 1e6).round_ties_even() as i64,
        );
        Self::after(
            Duration::seconds(whole) + Duration::microseconds(micros),
            now,
        )
    }

    /// Refuses a span that leaves Python's calendar.
    fn after(span: Duration, now: OffsetDateTime) -> Result<Self, ExpiryProblem> {
        let end = utc(now)
            .checked_add(span)
            .map(|end| PrimitiveDateTime::new(end.date(), end.time()));
        match end {
            Some(end) if (FIRST..=LAST).contains(&end) => Ok(Self::After(span)),
            _ => Err(ExpiryProblem::Beyond),
        }
    }
}

/// What the session's own lifetime means here. A span that is not positive becomes the shortest one, a
/// microsecond: such a session has ended when it is saved, as in Django.
impl From<SessionExpiry> for Expiry {
    fn from(expiry: SessionExpiry) -> Self {
        match expiry {
            SessionExpiry::Settings => Self::Policy,
            SessionExpiry::BrowserClose => Self::BrowserClose,
            SessionExpiry::After(span) => {
                let shortest = Duration::MICROSECOND;
                Self::After(span.max(shortest).unsigned_abs())
            }
            SessionExpiry::At(moment) => Self::At(truncate(moment)),
        }
    }
}

impl From<Expiry> for SessionExpiry {
    fn from(expiry: Expiry) -> Self {
        match expiry {
            Expiry::Policy => Self::Settings,
            Expiry::BrowserClose => Self::BrowserClose,
            Expiry::After(span) => Self::After(crate::policy::lifetime::signed(span)),
            Expiry::At(moment) => Self::At(truncate(moment)),
        }
    }
}

/// A `_session_expiry` with which each save of the session fails in Django, with a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpiryProblem {
    /// A moment with an offset under `USE_TZ = False`.
    #[error("_session_expiry: the moment has an offset, and USE_TZ is False")]
    Aware,
    /// The session would end before the year 1 or after 9999.
    #[error("_session_expiry: the session would end outside the years 1 to 9999")]
    Beyond,
    /// A moment without an offset under `USE_TZ = True`.
    #[error("_session_expiry: the moment has no offset, and USE_TZ is True")]
    Naive,
    /// A text that is no ISO 8601 moment.
    #[error("_session_expiry: the text is no moment in ISO 8601")]
    NoMoment,
    /// `NaN`.
    #[error("_session_expiry: NaN is no number of seconds")]
    NotANumber,
    /// A list or an object.
    #[error("_session_expiry: neither a number of seconds nor a moment")]
    Type,
}

/// JSON's white space.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A thousand years.
const LONGEST: Duration = Duration::seconds(31_556_952_000);

/// More seconds than Python's calendar has.
const FARTHEST: f64 = 1e12;
