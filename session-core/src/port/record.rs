use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::entropy::{Entropy, EntropyError};
use crate::{Expiry, Key, PublicId, Secrets};

/// Everything that is stored of one session, under its [`Key`].
///
/// All moments have microsecond precision, so that a store can keep them as 64-bit integers
/// ([`to_micros`], [`from_micros`]). A store gives back exactly what it was given.
/// `Debug` shows neither the data nor the owner.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// Which write produced this state.
    pub revision: Revision,
    /// What opens the session.
    pub secrets: Secrets,
    /// Whether a sign-in has left this session for a new one. It can be read until it expires, is
    /// never written, and is in no list.
    pub closed: bool,
    /// The start of the absolute lifetime: creation or sign-in.
    pub created: OffsetDateTime,
    /// When the session's life was extended last; exact to the touch throttle.
    pub seen: OffsetDateTime,
    /// The first moment at which the session is over.
    pub expires: OffsetDateTime,
    /// When the owner signed in or re-authenticated.
    pub authenticated: Option<OffsetDateTime>,
    /// Whose session it is, once somebody signed in.
    pub owner: Option<Arc<str>>,
    /// The session's own lifetime, if it has one.
    pub expiry: Expiry,
    /// The values: a JSON object, whose values are kept byte for byte.
    pub data: Arc<str>,
}

impl Record {
    /// Returns what a list of devices shows of the session under `key`.
    #[must_use]
    pub fn device(&self, key: &Key) -> Device {
        Device {
            public_id: key.public_id(),
            created: self.created,
            seen: self.seen,
            expires: self.expires,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("revision", &self.revision)
            .field("secrets", &self.secrets)
            .field("closed", &self.closed)
            .field("created", &self.created)
            .field("seen", &self.seen)
            .field("expires", &self.expires)
            .field("authenticated", &self.authenticated)
            .field("owner", &self.owner.as_ref().map(|_| "…"))
            .field("expiry", &self.expiry)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}

/// One live session of an owner, as device lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Names the session; opens nothing.
    pub public_id: PublicId,
    /// When it began: the owner's sign-in.
    pub created: OffsetDateTime,
    /// When its life was extended last; exact to the touch throttle.
    pub seen: OffsetDateTime,
    /// When it ends if nobody uses it.
    pub expires: OffsetDateTime,
}

/// Names one state of one session: 63 random bits, drawn for each write.
///
/// Random instead of counted, so that a writer recognises its own write when the answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(i64);

impl Revision {
    pub(crate) fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bits = [0; 8];
        entropy.fill(&mut bits)?;
        Ok(Self(i64::from_be_bytes(bits) & i64::MAX))
    }

    /// Takes the number that a store kept.
    #[must_use]
    pub fn from_i64(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number that a store keeps; never negative.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        self.0
    }
}

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

/// Cuts a moment to what stores keep.
pub(crate) fn truncate(moment: OffsetDateTime) -> OffsetDateTime {
    from_micros(to_micros(moment)).unwrap_or(moment)
}
