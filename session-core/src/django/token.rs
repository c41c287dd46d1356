use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;

use crate::port::moment::{FIRST, LAST};

/// The content of a token whose signature was right.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Opened {
    /// The session's values: one JSON object as Python reads it, which strict readers may refuse; see
    /// [`to_strict`](super::to_strict).
    pub json: String,
    /// The key that the signature is of.
    pub signed_by: SignedBy,
    /// Seconds since 1970. Infinite if Python could not compute with it.
    pub(super) timestamp: f64,
}

impl Opened {
    /// Returns when the token was signed, in whole seconds; the nearest moment that stores keep if that
    /// is out of their reach.
    #[must_use]
    pub fn signed_at(&self) -> OffsetDateTime {
        #[allow(clippy::cast_possible_truncation, reason = "it saturates")]
        let seconds = self.timestamp as i64;
        let nearest = if seconds < 0 { FIRST } else { LAST };
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(nearest)
    }

    /// Says whether a cookie of Django's `signed_cookies` is too old; the `db` engine does not ask.
    ///
    /// At exactly the age it is still good, and so is one from the future.
    ///
    /// # Errors
    ///
    /// The moment is none that Python can compute with; Django then shows an empty session.
    pub fn is_older_than(
        &self,
        max_age: Duration,
        now: OffsetDateTime,
    ) -> Result<bool, TokenError> {
        if self.timestamp.is_infinite() {
            return Err(TokenError::Time);
        }
        #[allow(clippy::cast_precision_loss, reason = "Python computes so too")]
        let now = now.unix_timestamp_nanos() as f64 / 1e9;
        Ok(now - self.timestamp > max_age.as_secs_f64())
    }
}

/// The key that a signature is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "Django has no other keys")]
pub enum SignedBy {
    /// `SECRET_KEY`.
    Primary,
    /// One of `SECRET_KEY_FALLBACKS`, counted from 0; the next save signs with the primary key.
    Fallback(usize),
}

impl SignedBy {
    /// Names a key by its place among all.
    pub(super) fn at(place: usize) -> Self {
        match place.checked_sub(1) {
            None => Self::Primary,
            Some(place) => Self::Fallback(place),
        }
    }
}

/// The reason why a token shows an empty session in Django.
///
/// After any but [`Signature`](Self::Signature) and [`Form`](Self::Form), the signature was right.
/// Something that verifies but does not open must never be overwritten: it is somebody's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The payload is not base64.
    #[error("the token's payload is not base64")]
    Base64,
    /// It has not the form of a token.
    #[error("not a token of Django's: it has no signature or no time")]
    Form,
    /// The values are not JSON as Python reads it.
    #[error("the token's payload is not JSON")]
    Json,
    /// The values are JSON, but not an object. (Django crashes on them.)
    #[error("the token's payload is no JSON object")]
    NotAnObject,
    /// The values were written by Django's `PickleSerializer`, which runs code and is gone since 5.0.
    #[error(
        "the token's payload is a pickle; set SESSION_SERIALIZER to JSONSerializer in Django, and let the old sessions end"
    )]
    Pickle,
    /// No key has made the signature.
    #[error("the token's signature is of none of the keys")]
    Signature,
    /// The time of signing is no number.
    #[error("the token's time is not a base62 number")]
    Time,
    /// The token is longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES), or its JSON longer than
    /// [`MAX_JSON_BYTES`](super::MAX_JSON_BYTES).
    #[error("the token is larger than what is read")]
    TooLarge,
    /// The payload says that it is compressed, and is not, or not whole.
    #[error("the token's payload is not compressed by zlib, as it says")]
    Zlib,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn signed_at(timestamp: f64) -> Opened {
        Opened {
            json: "{}".into(),
            signed_by: SignedBy::Primary,
            timestamp,
        }
    }

    #[test]
    fn a_cookies_age_is_counted_as_django_counts_it() {
        let age = Duration::from_secs(60);
        let now = datetime!(2026-11-27 12:00:00.5 UTC);
        let seconds = 1_795_780_800.0;
        for (timestamp, expected) in [
            (seconds - 60.0, Ok(true)),
            (seconds - 59.5, Ok(false)),
            (seconds, Ok(false)),
            (seconds + 1e9, Ok(false)),
            (-1.0, Ok(true)),
            (f64::INFINITY, Err(TokenError::Time)),
            (f64::NEG_INFINITY, Err(TokenError::Time)),
        ] {
            let opened = signed_at(timestamp);
            assert_eq!(opened.is_older_than(age, now), expected, "{timestamp}");
        }
    }

    #[test]
    fn the_moment_of_signing_is_one_that_stores_keep() {
        for (timestamp, expected) in [
            (0.0, OffsetDateTime::UNIX_EPOCH),
            (1_700_000_000.0, datetime!(2023-11-14 22:13:20 UTC)),
            (1e18, LAST),
            (-1e18, FIRST),
            (f64::INFINITY, LAST),
        ] {
            assert_eq!(signed_at(timestamp).signed_at(), expected);
        }
    }
}
