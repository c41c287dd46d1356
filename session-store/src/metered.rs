use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

/// A store whose calls are measured through the facade of the crate [`metrics`](::metrics), as feature `metrics`.
///
/// The histogram is `session_store_seconds{command, outcome}`. `command` is `load`, `insert`, `replace`, `move`, `touch`, `delete`,
/// `sweep`, `devices`, `revoke`, `walk` or `check`. `outcome` is, of a load, `found` or `absent`; of a command, `applied` or `refused`;
/// of any other call `done`; and `failed`, or `dropped` if nobody has waited for the answer. So its count says also how commits end:
/// many `refused` ones are requests that write one session at once. No label names a session or an owner.
///
/// Around a cache it measures what requests see, and inside of one what the database does. The sweep that a store does by itself
/// does not come by here; its sessions are counted in `session_swept_total`, with the feature `metrics` of `session-core`.
///
/// [`count`](Self::count) sets the gauge `session_store_sessions`: about how many sessions the store has, over or not.
///
/// | store | how | error | cost |
/// |---|---|---|---|
/// | memory | counts | none | none |
/// | SQLite, PostgreSQL, MySQL, Django's table | the 1,024 smallest keys, from their index: if these random numbers fill a thousandth of all places, there are a million | none below 1,024; above it 3 % (standard error) | the same at every size |
/// | Redis | `SCAN` of 1,024 names and `DBSIZE`, on each server of a cluster: so large a part of its keys are sessions | none below 1,024 keys; above it 3 %, more if few of the keys are sessions | the same at every size |
/// | `CachedStore`, `Moving` | asks the store behind it; both, where a session on its way may count twice | theirs | theirs |
///
/// ```
/// use session_core::{Policy, Sessions};
/// use session_store::{MemoryStore, Metered};
///
/// let store = Metered::new(MemoryStore::new());
/// let sessions = Sessions::new(Policy::default(), store.clone());
/// # pollster::block_on(async {
/// // Where the metrics are asked for:
/// assert_eq!(store.count().await?, Some(0));
/// # Ok::<(), session_core::StoreError>(()) })?;
/// # Ok::<(), session_core::StoreError>(())
/// ```
#[derive(Clone)]
pub struct Metered {
    store: Arc<dyn Store>,
}

impl Metered {
    /// Wraps a store, and describes what is measured. Do so after the exporter is installed.
    pub fn new(store: impl Store) -> Self {
        Self::shared(Arc::new(store))
    }

    /// Wraps a store that may be in use elsewhere.
    #[must_use]
    pub fn shared(store: Arc<dyn Store>) -> Self {
        let unit = ::metrics::Unit::Seconds;
        ::metrics::describe_histogram!(SECONDS, unit, "Calls of the session store.");
        ::metrics::describe_gauge!(SESSIONS, "Sessions in the store, over or not, about.");
        Self { store }
    }

    /// Asks the store [about how many](Store::estimate) sessions it has, over or not, and sets the gauge; `None`, and no gauge, if it
    /// can't say so cheaply. Call it where the metrics are asked for, or from time to time.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn count(&self) -> Result<Option<u64>, StoreError> {
        let count = self.store.estimate().await?;
        if let Some(count) = count {
            #[allow(clippy::cast_precision_loss, reason = "an estimate")]
            ::metrics::gauge!(SESSIONS).set(count as f64);
        }
        Ok(count)
    }
}

/// A call under way. It is measured when it ends, however it does.
struct Call {
    command: &'static str,
    outcome: &'static str,
    since: Instant,
}

impl Call {
    fn of(command: &'static str) -> Self {
        let since = Instant::now();
        Self {
            command,
            outcome: "dropped",
            since,
        }
    }

    fn ends<T>(
        mut self,
        answer: Result<T, StoreError>,
        outcome: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, StoreError> {
        self.outcome = answer.as_ref().map_or("failed", outcome);
        answer
    }

    fn just_ends<T>(self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.ends(answer, |_| "done")
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let labels = [("command", self.command), ("outcome", self.outcome)];
        ::metrics::histogram!(SECONDS, &labels).record(self.since.elapsed());
    }
}

#[async_trait]
impl Store for Metered {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let call = Call::of("load");
        let found = self.store.load(key, secret, now).await;
        call.ends(found, |found| match found {
            Some(_) => "found",
            None => "absent",
        })
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let call = Call::of(match command {
            Command::Insert { .. } => "insert",
            Command::Replace { .. } => "replace",
            Command::Move { .. } => "move",
            Command::Touch { .. } => "touch",
            Command::Delete { .. } => "delete",
        });
        let outcome = self.store.write(command, now).await;
        call.ends(outcome, |outcome| match outcome {
            Outcome::Applied => "applied",
            Outcome::Refused => "refused",
        })
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let call = Call::of("sweep");
        call.just_ends(self.store.sweep(now, limit).await)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let call = Call::of("devices");
        call.just_ends(self.store.devices(owner, from, now, limit).await)
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let call = Call::of("revoke");
        call.just_ends(self.store.revoke(whose, now).await)
    }

    async fn changed(&self, key: &Key) {
        self.store.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        let call = Call::of("walk");
        call.just_ends(self.store.walk(from, limit, now).await)
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.store.estimate().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let call = Call::of("check");
        call.just_ends(self.store.check().await)
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        self.store.facts().await
    }

    fn id_form(&self) -> IdForm {
        self.store.id_form()
    }

    fn value_rule(&self) -> ValueRule {
        self.store.value_rule()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

impl fmt::Debug for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metered").field(&self.store).finish()
    }
}

const SECONDS: &str = "session_store_seconds";

const SESSIONS: &str = "session_store_sessions";
