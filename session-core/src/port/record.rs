use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::{Digest, Expiry, Key, Moment, PublicId, Secrets, Values};

/// Everything that is stored of one session, under its [`Key`].
///
/// A store can keep its moments as 64-bit integers
/// ([`to_micros`](crate::to_micros), [`from_micros`](crate::from_micros)), and gives back exactly what it was given.
/// `Debug` shows the data as little as the owner and what tells of a person.
///
/// Fields may be added; so a store starts from [`new`](Self::new) and sets what it has read.
///
/// ```
/// use session_core::time::Duration;
/// use session_core::{Digest, Moment, Record, Revision};
///
/// let present = Digest::from_bytes(&[7; 16]).unwrap();
/// let now = Moment::UNIX_EPOCH;
/// let mut record = Record::new(Revision::from_i64(1), present, now, now + Duration::HOUR);
/// record.owner = Some("ada".into());
/// assert_eq!((record.seen, record.secrets.issued, &*record.data), (now, now, "{}"));
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The write that produced this state.
    pub revision: Revision,
    /// The digests of the secrets that open the session.
    pub secrets: Secrets,
    /// Whether a sign-in has left this session for a new one. It is in no list and never written.
    /// Until it expires it can be read, unless it has an owner.
    pub closed: bool,
    /// The start of the absolute lifetime: creation or sign-in.
    pub created: Moment,
    /// The last extension of the session's life; exact to the touch throttle.
    pub seen: Moment,
    /// The first moment at which the session is over.
    pub expires: Moment,
    /// The moment at which the owner signed in or re-authenticated.
    pub authenticated: Option<Moment>,
    /// The owner, after a sign-in.
    pub owner: Option<Arc<str>>,
    /// The session's own lifetime, if it has one.
    pub expiry: Expiry,
    /// The device's name for its owner, such as "Firefox on Linux".
    pub label: Option<Arc<str>>,
    /// The client's address at the sign-in, in the form that the application keeps.
    pub address: Option<Arc<str>>,
    /// A second key to find sessions by, such as the `sid` of a single sign-on.
    pub tag: Option<Arc<str>>,
    /// The stamp of the owner's credential at the sign-in.
    pub credential: Option<Digest>,
    /// The values: a JSON object, which is kept byte for byte.
    pub data: Values,
}

impl Record {
    /// Starts a record: nobody's, open, without values, last seen and issued when it was created.
    #[must_use]
    pub fn new(
        revision: Revision,
        present: Digest,
        created: impl Into<Moment>,
        expires: impl Into<Moment>,
    ) -> Self {
        let created = created.into();
        Self {
            revision,
            secrets: Secrets::new(present, created),
            closed: false,
            created,
            seen: created,
            expires: expires.into(),
            authenticated: None,
            owner: None,
            expiry: Expiry::Policy,
            label: None,
            address: None,
            tag: None,
            credential: None,
            data: Values::default(),
        }
    }

    /// Returns the entry of the session under `key` in a list of devices.
    #[must_use]
    pub fn device(&self, key: &Key) -> Device {
        Device {
            label: self.label.clone(),
            address: self.address.clone(),
            ..Device::new(key.public_id(), self.created, self.seen, self.expires)
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
            .field("label", &self.label.as_ref().map(|_| "…"))
            .field("address", &self.address.as_ref().map(|_| "…"))
            .field("tag", &self.tag.as_ref().map(|_| "…"))
            .field("credential", &self.credential)
            .field("data", &self.data)
            .finish()
    }
}

/// One live session of an owner, as device lists show it.
///
/// `Debug` shows neither the label nor the address.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Names the session; opens nothing.
    pub public_id: PublicId,
    /// The owner's sign-in.
    pub created: OffsetDateTime,
    /// The last extension of its life; exact to the touch throttle.
    pub seen: OffsetDateTime,
    /// Its end, if it is not used.
    pub expires: OffsetDateTime,
    /// The device's name for its owner.
    pub label: Option<Arc<str>>,
    /// The client's address at the sign-in.
    pub address: Option<Arc<str>>,
}

impl Device {
    /// Starts an entry without a label and an address.
    #[must_use]
    pub fn new(
        public_id: PublicId,
        created: impl Into<OffsetDateTime>,
        seen: impl Into<OffsetDateTime>,
        expires: impl Into<OffsetDateTime>,
    ) -> Self {
        Self {
            public_id,
            created: created.into(),
            seen: seen.into(),
            expires: expires.into(),
            label: None,
            address: None,
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("public_id", &self.public_id)
            .field("created", &self.created)
            .field("seen", &self.seen)
            .field("expires", &self.expires)
            .field("label", &self.label.as_ref().map(|_| "…"))
            .field("address", &self.address.as_ref().map(|_| "…"))
            .finish()
    }
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
