use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use session_core::{Command, Key, Moment, Only, Outcome, Record, Revision, Store, StoreError};
use session_store::RedisStore;
use session_testkit::{changed, digest_of, key_of, record_of};

/// A session with a counter; to count is a load and a replacement, repeated until it is applied.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    pub(crate) store: RedisStore,
    pub(crate) key: Key,
}

pub(crate) fn now() -> Moment {
    Moment::from(time::OffsetDateTime::now_utc())
}

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Returns a record that lives for a while from now on.
pub(crate) fn lasting(number: u32, owner: Option<&str>, life: Duration) -> Record {
    changed!(
        record_of(number),
        owner = owner.map(Into::into),
        created = now(),
        seen = now(),
        expires = now() + life
    )
}

impl Counter {
    /// Begins a session with a count of zero.
    pub(crate) async fn begin(store: &RedisStore, number: u64, owner: Option<&str>) -> Self {
        Self::begin_as(store, number, lasting(1, owner, HOUR)).await
    }

    /// Begins a session as a record says, but with a count of zero.
    pub(crate) async fn begin_as(store: &RedisStore, number: u64, record: Record) -> Self {
        let (store, key) = (store.clone(), key_of(number));
        let record = &changed!(record, data = "0".into());
        let insert = Command::Insert { key: &key, record };
        let inserted = store.write(insert, now()).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
        Self { store, key }
    }

    /// Counts and returns the new count; `None` if the session is gone.
    pub(crate) async fn count(&self) -> Result<Option<u32>, StoreError> {
        while let Some(old) = self.load().await? {
            let count = old.data.parse::<u32>().unwrap() + 1;
            let record = &changed!(
                old.clone(),
                revision = draw(),
                data = count.to_string().into()
            );
            let replace = Command::Replace {
                key: &self.key,
                expected: old.revision,
                record,
            };
            if self.store.write(replace, now()).await? == Outcome::Applied {
                return Ok(Some(count));
            }
        }
        Ok(None)
    }

    /// Returns the count; `None` if the session is gone.
    pub(crate) async fn counted(&self) -> Result<Option<u32>, StoreError> {
        let found = self.load().await?;
        Ok(found.map(|record| record.data.parse().unwrap()))
    }

    pub(crate) async fn delete(&self, only: Only<'_>) -> Result<(), StoreError> {
        let key = &self.key;
        let deleted = self.store.write(Command::Delete { key, only }, now()).await;
        deleted.map(|outcome| assert_eq!(outcome, Outcome::Applied))
    }

    pub(crate) async fn load(&self) -> Result<Option<Record>, StoreError> {
        self.store.load(&self.key, &digest_of(0), now()).await
    }
}

/// Returns a revision that is unique over all processes.
pub(crate) fn draw() -> Revision {
    static NEXT: AtomicU32 = AtomicU32::new(2);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Revision::from_i64(i64::from(std::process::id()) << 32 | i64::from(number))
}
