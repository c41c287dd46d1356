use std::ops::RangeInclusive;
use std::sync::Arc;

use session_core::{
    Command, Device, Digest, IdForm, Key, Moment, Only, Outcome, PublicId, Record, Revision,
    Revoke, Store, Whose,
};
use time::Duration;

use crate::plain_keys::{PlainKeys, plain};

/// Returns the moment at a number of seconds after 1 January 2100.
///
/// It lies in the future, so that a store which frees records by its own clock does not interfere.
///
/// ```
/// use session_testkit::moment_at;
///
/// assert_eq!(moment_at(1) - moment_at(0), time::Duration::SECOND);
/// assert_eq!(time::OffsetDateTime::from(moment_at(0)).year(), 2100);
/// ```
#[must_use]
pub fn moment_at(seconds: i64) -> Moment {
    const YEAR_2100: Duration = Duration::seconds(4_102_444_800);
    Moment::UNIX_EPOCH + YEAR_2100 + Duration::seconds(seconds)
}

/// Returns a key for a number; different numbers have different keys, spread like random ones.
///
/// ```
/// use session_testkit::key_of;
///
/// assert_eq!(key_of(1), key_of(1));
/// assert_ne!(key_of(1), key_of(2));
/// ```
///
/// # Panics
///
/// Never: every number has a key.
#[must_use]
pub fn key_of(number: u64) -> Key {
    // 2^128 divided by the golden ratio; odd, so that no two products are equal.
    const GOLDEN: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let bits = u128::from(number).wrapping_mul(GOLDEN);
    Key::from_bytes(&bits.to_be_bytes()).expect("16 bytes are a key")
}

/// Returns the digest of a secret for a number; different numbers have different digests.
///
/// ```
/// use session_testkit::digest_of;
///
/// assert_eq!(digest_of(1), digest_of(1));
/// assert_ne!(digest_of(1), digest_of(2));
/// ```
///
/// # Panics
///
/// Never: every number has a digest.
#[must_use]
pub fn digest_of(number: u64) -> Digest {
    let bits = !u128::from(number);
    Digest::from_bytes(&bits.to_be_bytes()).expect("16 bytes are a digest")
}

/// Returns a record without an owner, created at [`moment_at`]`(0)` and over at `moment_at(100)`.
///
/// The number is its revision, and is in its data. Its secret has the digest [`digest_of`]`(0)` for
/// every number, and was never rotated.
///
/// ```
/// use session_testkit::{digest_of, record_of};
///
/// assert_eq!(record_of(7).revision.to_i64(), 7);
/// assert_eq!(record_of(7).secrets.present, digest_of(0));
/// assert_eq!(&*record_of(7).data, r#"{"n":7}"#);
/// ```
#[must_use]
pub fn record_of(number: u32) -> Record {
    let revision = Revision::from_i64(number.into());
    let mut record = Record::new(revision, digest_of(0), moment_at(0), moment_at(100));
    record.data = format!(r#"{{"n":{number}}}"#).into();
    record
}

/// Returns a record or a part of it with other fields: `changed!(record_of(1), closed = true)`.
///
/// A record is made of another like this because its type may have more fields some day.
///
/// ```
/// use session_testkit::{changed, moment_at, record_of};
///
/// let record = changed!(record_of(1), owner = Some("ada".into()), seen = moment_at(5));
/// assert_eq!((record.owner.as_deref(), record.seen), (Some("ada"), moment_at(5)));
/// assert_eq!(record.expires, record_of(1).expires);
/// ```
#[macro_export]
macro_rules! changed {
    ($base:expr, $($field:ident = $value:expr),+ $(,)?) => {{
        let mut changed = $base;
        $(changed.$field = $value;)+
        changed
    }};
}

pub(crate) fn owned_by(owner: &str, number: u32) -> Record {
    changed!(
        record_of(number),
        owner = Some(owner.into()),
        authenticated = Some(moment_at(0))
    )
}

/// Returns the record with another end.
pub(crate) fn until(expires: i64, record: Record) -> Record {
    changed!(record, expires = moment_at(expires))
}

pub(crate) fn handle_of(key: u64) -> PublicId {
    key_of(key).public_id()
}

/// A store whose keys are numbers and whose moments are seconds; it panics if a call fails.
pub(crate) struct Rig(pub(crate) Arc<dyn Store>);

impl Rig {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        match store.id_form() {
            IdForm::Plain => Self(Arc::new(PlainKeys::new(store))),
            IdForm::Hashed => Self(store),
        }
    }

    /// Says whether a session gets a new secret under its key, and a sign-in closes a record. A
    /// session of a plain id moves instead, and is never closed.
    pub(crate) fn keys_stay(&self) -> bool {
        self.0.id_form() == IdForm::Hashed
    }

    /// Returns the record under the key unless it is over, whatever the secret.
    pub(crate) async fn load(&self, key: u64, now: i64) -> Option<Record> {
        let load = async |secret| {
            let found = self.load_by(&key_of(key), secret, now).await;
            found.filter(|record| record.expires > moment_at(now))
        };
        // The usual secret; a cache may answer from its copy.
        let found = load(0).await;
        assert_eq!(load(u64::MAX).await, found);
        found
    }

    /// Loads by the secret whose digest has the number; may return a record that is over.
    pub(crate) async fn load_by(&self, key: &Key, secret: u64, now: i64) -> Option<Record> {
        let found = self.0.load(key, &digest_of(secret), moment_at(now)).await;
        found.expect("the store loads")
    }

    /// Returns the keys that have a record, by a clock at which no record is over.
    pub(crate) async fn stored(&self, keys: RangeInclusive<u64>) -> Vec<u64> {
        let mut stored = Vec::new();
        for key in keys {
            if self.load(key, 0).await.is_some() {
                stored.push(key);
            }
        }
        stored
    }

    /// Inserts a record under the key of its number.
    pub(crate) async fn add(&self, record: &Record) {
        let key = record.revision.to_i64().unsigned_abs();
        assert_eq!(self.insert(key, record, 0).await, Outcome::Applied);
    }

    pub(crate) async fn insert(&self, key: u64, record: &Record, now: i64) -> Outcome {
        let key = &key_of(key);
        self.write(Command::Insert { key, record }, now).await
    }

    /// Replaces the record under `key`, which is expected to have the revision `expected`.
    pub(crate) async fn replace(
        &self,
        key: u64,
        expected: u32,
        record: &Record,
        now: i64,
    ) -> Outcome {
        let replace = Command::Replace {
            key: &key_of(key),
            expected: Revision::from_i64(expected.into()),
            record,
        };
        self.write(replace, now).await
    }

    /// Returns the handle by which the store itself knows a session.
    pub(crate) fn stored_handle(&self, handle: &PublicId) -> PublicId {
        if self.keys_stay() {
            *handle
        } else {
            plain(handle).public_id()
        }
    }

    /// Moves the record under `key`, which is expected to have the revision `expected`.
    pub(crate) async fn move_to(
        &self,
        (key, to): (u64, u64),
        expected: u32,
        record: &Record,
        now: i64,
    ) -> Outcome {
        let moving = Command::Move {
            key: &key_of(key),
            to: &key_of(to),
            expected: Revision::from_i64(expected.into()),
            record,
        };
        self.write(moving, now).await
    }

    pub(crate) async fn touch(
        &self,
        key: u64,
        expected: u32,
        (seen, expires): (i64, i64),
        now: i64,
    ) -> Outcome {
        let touch = Command::Touch {
            key: &key_of(key),
            expected: Revision::from_i64(expected.into()),
            seen: moment_at(seen),
            expires: moment_at(expires),
        };
        self.write(touch, now).await
    }

    /// Checks that writes which expect a revision are refused and change nothing.
    pub(crate) async fn refuses(&self, key: u64, expected: u32, now: i64) {
        let before = self.load(key, now).await;
        for expires in [now - 1, now, now + 500] {
            let next = until(expires, owned_by("nobody else", 1_000));
            let outcome = self.replace(key, expected, &next, now).await;
            assert_eq!(outcome, Outcome::Refused, "replaced until {expires}");
        }
        let touched = self.touch(key, expected, (now + 10, now + 500), now).await;
        assert_eq!(touched, Outcome::Refused);
        assert_eq!(self.load(key, now).await, before);
        assert_eq!(self.devices("nobody else", now).await, []);
    }

    /// Deletes, and checks that this is applied.
    pub(crate) async fn delete(&self, key: u64, only: Only<'_>, now: i64) {
        let key = &key_of(key);
        let outcome = self.write(Command::Delete { key, only }, now).await;
        assert_eq!(outcome, Outcome::Applied, "{only:?}");
    }

    pub(crate) async fn write(&self, command: Command<'_>, now: i64) -> Outcome {
        let outcome = self.0.write(command, moment_at(now)).await;
        outcome.expect("the store writes")
    }

    pub(crate) async fn sweep(&self, now: i64, limit: usize) -> usize {
        let swept = self.0.sweep(moment_at(now), limit).await;
        swept.expect("the store sweeps")
    }

    /// Returns an owner's whole list.
    pub(crate) async fn devices(&self, owner: &str, now: i64) -> Vec<Device> {
        self.page(owner, None, now, 1_000_000).await
    }

    pub(crate) async fn page(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: i64,
        limit: usize,
    ) -> Vec<Device> {
        let devices = self.0.devices(owner, from, moment_at(now), limit).await;
        devices.expect("the store lists an owner's sessions")
    }

    /// Returns the handles of an owner's list, in its order.
    pub(crate) async fn listed(&self, owner: &str, now: i64) -> Vec<PublicId> {
        let devices = self.devices(owner, now).await;
        devices.iter().map(|device| device.public_id).collect()
    }

    /// Returns the sorted numbers, up to 1,000, of an owner's listed sessions.
    pub(crate) async fn owned(&self, owner: &str, now: i64) -> Vec<u64> {
        let listed = self.listed(owner, now).await;
        let is_listed = |key: &u64| listed.contains(&handle_of(*key));
        let keys: Vec<_> = (0..=1_000).filter(is_listed).collect();
        assert_eq!(keys.len(), listed.len(), "{owner:?}: {listed:?}");
        keys
    }

    pub(crate) async fn revoke(&self, owner: &str, which: Revoke<'_>, now: i64) -> usize {
        self.end(Whose::Owner(owner, which), now).await
    }

    pub(crate) async fn end(&self, whose: Whose<'_>, now: i64) -> usize {
        let ended = self.0.revoke(whose, moment_at(now)).await;
        ended.expect("the store revokes")
    }
}
