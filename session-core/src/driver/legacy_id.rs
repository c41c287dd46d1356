use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use time::Duration;

use crate::protocol::draw::draw_salt;
use crate::{Digest, Expiry, Id, Key, Moment, Policy, Record, Remembered, Revision, StoreError};

/// A session's id that another library has issued, and what stands for it here.
///
/// To know it may be to be that visitor, so `Debug` hides it. It never becomes a key: that is a digest of it.
///
/// ```
/// use session_core::LegacyId;
///
/// let id = LegacyId::new("AgMEBQYHCAkKCwwNDg8QEQ");
/// assert_eq!(id.key(), LegacyId::new(id.expose()).key());
/// assert_ne!(id.key(), id.trace());
/// assert_eq!(format!("{id:?}"), "LegacyId(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LegacyId {
    text: Arc<str>,
    id: Id,
}

impl LegacyId {
    /// Takes the id in the form in which the other library's store has it.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let mut bytes = [0; Id::BYTES];
        let (key, secret) = bytes.split_at_mut(Key::BYTES);
        key.copy_from_slice(&hash("legacy key\0", &text)[..Key::BYTES]);
        secret.copy_from_slice(&hash("legacy secret\0", &text)[..Id::SECRET_BYTES]);
        let id = Id::from_legacy(bytes);
        Self { text, id }
    }

    /// Returns the id as the other library's store has it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the key under which its session is kept here.
    #[must_use]
    pub fn key(&self) -> Key {
        self.id.key()
    }

    /// Returns the key of the trace that it was adopted, so that it is not adopted again after its session has ended.
    #[must_use]
    pub fn trace(&self) -> Key {
        let mut half = [0; Key::BYTES];
        half.copy_from_slice(&hash("legacy trace\0", &self.text)[..Key::BYTES]);
        Key::new(half)
    }

    /// Begins the record of its session: without values, and with the end that the policy gives to one of now.
    ///
    /// It looks like one whose secret was rotated, with an answer that was lost: whoever presents the legacy id is given the
    /// present secret, until that was presented; after another grace the legacy id opens nothing.
    ///
    /// # Errors
    ///
    /// The system has no random bytes.
    pub fn record(
        &self,
        policy: &Policy,
        owner: Option<Arc<str>>,
        now: Moment,
    ) -> Result<Record, StoreError> {
        let drawn = draw_salt(policy);
        let (salt, revision) = drawn.map_err(|error| {
            StoreError::new("a session of another library can't be adopted").caused_by(error)
        })?;
        let successor = policy.domain.rotate(&self.id, &salt);
        let lifetime = policy.lifetimes.of(owner.as_ref());
        let expires = lifetime.expires(Expiry::Policy, now, now);
        let mut record = Record::new(revision, policy.domain.digest(&successor), now, expires);
        record.owner = owner;
        record.secrets.remembered = Some(Remembered {
            salt: Some(salt),
            // Long before any clock's now: there is no grace in which nobody gets the present secret.
            ..Remembered::new(
                policy.domain.digest(&self.id),
                now.saturating_sub(Duration::DAY),
            )
        });
        Ok(record)
    }

    /// Begins the record of its [trace](Self::trace), which opens nothing and is in no list.
    ///
    /// It stays for 400 days: longer than any old session that a server of the other library may write anew.
    #[must_use]
    pub fn trace_record(&self, revision: Revision, now: Moment) -> Record {
        let end = now.saturating_add(Duration::days(400));
        let mut record = Record::new(revision, Digest::new([0xff; 16]), now, end);
        record.closed = true;
        record
    }

    /// Returns the id by which the session is looked for.
    pub(crate) fn id(&self) -> Id {
        self.id
    }
}

fn hash(purpose: &str, text: &str) -> [u8; 32] {
    let hash = Sha256::new().chain_update(purpose).chain_update(text);
    hash.finalize().into()
}

impl fmt::Debug for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyId(…)")
    }
}
