use std::sync::Arc;

use session_core::{
    Command, Device, Expiry, Found, Id, Key, Outcome, PublicId, Record, Revision, Revoke, Store,
};
use time::{Duration, OffsetDateTime};

/// Returns the moment so many seconds after the suite's beginning of time, 1 January 2100.
///
/// It lies ahead, so that a store which also expires by a clock of its own does not interfere.
///
/// ```
/// use session_testkit::moment_at;
///
/// assert_eq!(moment_at(1) - moment_at(0), time::Duration::SECOND);
/// assert_eq!(moment_at(0).year(), 2100);
/// ```
#[must_use]
pub fn moment_at(seconds: i64) -> OffsetDateTime {
    const YEAR_2100: Duration = Duration::seconds(4_102_444_800);
    OffsetDateTime::UNIX_EPOCH + YEAR_2100 + Duration::seconds(seconds)
}

/// Returns the key of an id that has this number in it; other numbers have other keys.
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
/// Never: every number makes an id.
#[must_use]
pub fn key_of(number: u64) -> Key {
    let text = format!("{number:032}");
    Key::of(Id::parse(text.as_bytes()).expect("32 digits are an id"))
}

/// Returns a plain record: nobody's, created at [`moment_at`]`(0)`, dead at `moment_at(100)`.
///
/// The number is its revision, and is in its public id and data.
///
/// ```
/// use session_testkit::record_of;
///
/// assert_eq!(record_of(7).revision.to_i64(), 7);
/// assert_eq!(&*record_of(7).data, r#"{"n":7}"#);
/// ```
#[must_use]
pub fn record_of(number: u32) -> Record {
    Record {
        revision: Revision::from_i64(i64::from(number)),
        public_id: handle_of(number),
        created: moment_at(0),
        seen: moment_at(0),
        expires: moment_at(100),
        authenticated: None,
        owner: None,
        expiry: Expiry::Policy,
        data: format!(r#"{{"n":{number}}}"#).into(),
    }
}

pub(crate) fn handle_of(number: u32) -> PublicId {
    PublicId::from_bytes(u128::from(number).to_be_bytes())
}

pub(crate) fn owned_by(owner: &str, number: u32) -> Record {
    Record {
        owner: Some(owner.into()),
        authenticated: Some(moment_at(0)),
        ..record_of(number)
    }
}

/// How many seconds a moved session's old key is remembered.
pub(crate) const REMEMBERED: i64 = 10;

/// A store with keys as numbers, moments as seconds, and no failures.
pub(crate) struct Rig(pub(crate) Arc<dyn Store>);

impl Rig {
    /// Returns the record that is under the key.
    pub(crate) async fn load(&self, key: u64, now: i64) -> Option<Record> {
        match self.find(key, now).await? {
            Found::Here(record) => Some(record),
            Found::Moved { .. } => None,
        }
    }

    /// Returns the record that was moved from the key, if the key that it is under is `to`.
    pub(crate) async fn moved(&self, key: u64, to: u64, now: i64) -> Option<Record> {
        match self.find(key, now).await? {
            Found::Moved { to: found, record } if found == key_of(to) => Some(record),
            found => panic!("expected what was moved to {to}, found {found:?}"),
        }
    }

    pub(crate) async fn find(&self, key: u64, now: i64) -> Option<Found> {
        let found = self.0.load(&key_of(key), moment_at(now)).await;
        found.expect("the store loads")
    }

    pub(crate) async fn insert(&self, key: u64, record: &Record, now: i64) -> Outcome {
        let key = &key_of(key);
        self.write(Command::Insert { key, record }, now).await
    }

    /// Replaces what is under `key` in the state that [`record_of`] gave the number `expected`.
    pub(crate) async fn replace(
        &self,
        key: u64,
        expected: u32,
        with: u64,
        record: &Record,
        now: i64,
    ) -> Outcome {
        let replace = Command::Replace {
            key: &key_of(key),
            expected: Revision::from_i64(i64::from(expected)),
            with: &key_of(with),
            record,
            remembered: moment_at(now + REMEMBERED),
        };
        self.write(replace, now).await
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
            expected: Revision::from_i64(i64::from(expected)),
            seen: moment_at(seen),
            expires: moment_at(expires),
        };
        self.write(touch, now).await
    }

    pub(crate) async fn delete(&self, key: u64, now: i64) -> Outcome {
        self.write(Command::Delete { key: &key_of(key) }, now).await
    }

    pub(crate) async fn write(&self, command: Command<'_>, now: i64) -> Outcome {
        let outcome = self.0.write(command, moment_at(now)).await;
        outcome.expect("the store writes")
    }

    pub(crate) async fn sweep(&self, now: i64, limit: usize) -> usize {
        let swept = self.0.sweep(moment_at(now), limit).await;
        swept.expect("the store sweeps")
    }

    pub(crate) async fn devices(&self, owner: &str, now: i64) -> Vec<Device> {
        let devices = self.0.devices(owner, moment_at(now)).await;
        devices.expect("the store lists an owner's sessions")
    }

    /// Returns the handles of an owner's sessions, sorted.
    pub(crate) async fn handles(&self, owner: &str, now: i64) -> Vec<PublicId> {
        let devices = self.devices(owner, now).await;
        let mut handles: Vec<_> = devices.iter().map(|device| device.public_id).collect();
        handles.sort_unstable();
        handles
    }

    pub(crate) async fn revoke(&self, owner: &str, which: Revoke<'_>, now: i64) -> usize {
        let revoked = self.0.revoke(owner, which, moment_at(now)).await;
        revoked.expect("the store revokes")
    }
}
