use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::{Expiry, Key, PublicId, Secrets};

/// Everything that is stored of one session, under its [`Key`].
///
/// All moments have microsecond precision, so that a store can keep them as 64-bit integers
/// ([`to_micros`](crate::to_micros), [`from_micros`](crate::from_micros)). A store gives back exactly what it was given.
/// `Debug` shows neither the data nor the owner.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// The write that produced this state.
    pub revision: Revision,
    /// The digests of the secrets that open the session.
    pub secrets: Secrets,
    /// Whether a sign-in has left this session for a new one. It is in no list and never written.
    /// Until it expires it can be read, unless it has an owner.
    pub closed: bool,
    /// The start of the absolute lifetime: creation or sign-in.
    pub created: OffsetDateTime,
    /// The last extension of the session's life; exact to the touch throttle.
    pub seen: OffsetDateTime,
    /// The first moment at which the session is over.
    pub expires: OffsetDateTime,
    /// The moment at which the owner signed in or re-authenticated.
    pub authenticated: Option<OffsetDateTime>,
    /// The owner, after a sign-in.
    pub owner: Option<Arc<str>>,
    /// The session's own lifetime, if it has one.
    pub expiry: Expiry,
    /// The values: a JSON object, whose values are kept byte for byte.
    pub data: Arc<str>,
}

impl Record {
    /// Returns the entry of the session under `key` in a list of devices.
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
    /// The owner's sign-in.
    pub created: OffsetDateTime,
    /// The last extension of its life; exact to the touch throttle.
    pub seen: OffsetDateTime,
    /// Its end, if it is not used.
    pub expires: OffsetDateTime,
}

/// Names one state of one session: 63 random bits, drawn for each write.
///
/// Random instead of counted, so that a writer recognises its own write when the answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(i64);

impl Revision {
    pub(crate) fn from_random(bytes: [u8; 8]) -> Self {
        Self(i64::from_be_bytes(bytes) & i64::MAX)
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
