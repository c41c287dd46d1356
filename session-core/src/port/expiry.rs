use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;

use crate::{from_micros, to_micros};

/// One session's own lifetime, in place of the policy's idle time; Django's `set_expiry`.
///
/// It is stored with the session and survives later writes. The policy's absolute limit
/// holds all the same.
///
/// ```
/// use std::time::Duration;
///
/// use session_core::Expiry;
///
/// let remember_me = Expiry::After(Duration::from_secs(30 * 24 * 60 * 60));
/// assert_eq!(remember_me.to_string().parse(), Ok(remember_me));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Expiry {
    /// The policy's lifetime.
    #[default]
    Policy,
    /// A cookie until the browser closes; the server keeps to the policy's idle time.
    BrowserClose,
    /// This long after the last extension, with a persistent cookie. Stores keep microseconds.
    After(Duration),
    /// At this moment, whatever happens, with a persistent cookie; in UTC at most the year 9999.
    At(OffsetDateTime),
}

/// The form that stores keep: `policy`, `close`, `after:<microseconds>`, `at:<microseconds>`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::BrowserClose => f.write_str("close"),
            Self::After(idle) => write!(f, "after:{}", micros(*idle)),
            Self::At(moment) => write!(f, "at:{}", to_micros(*moment)),
        }
    }
}

/// The text is no stored lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored session lifetime")]
#[non_exhaustive]
pub struct ParseExpiryError;

impl FromStr for Expiry {
    type Err = ParseExpiryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| ParseExpiryError);
        match text.split_once(':') {
            None if text == "policy" => Ok(Self::Policy),
            None if text == "close" => Ok(Self::BrowserClose),
            Some(("after", micros)) => match u64::try_from(number(micros)?) {
                Ok(micros) if micros > 0 => Ok(Self::After(Duration::from_micros(micros))),
                _ => Err(ParseExpiryError),
            },
            Some(("at", micros)) => from_micros(number(micros)?)
                .map(|moment| Self::At(moment.into()))
                .ok_or(ParseExpiryError),
            _ => Err(ParseExpiryError),
        }
    }
}

/// Cuts a span to the precision and the range of stores; the shortest is a microsecond.
pub(crate) fn whole_micros(span: Duration) -> Duration {
    Duration::from_micros(micros(span))
}

fn micros(span: Duration) -> u64 {
    let longest = i64::MAX.cast_unsigned();
    u64::try_from(span.as_micros()).map_or(longest, |micros| micros.clamp(1, longest))
}
