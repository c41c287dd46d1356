use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

use crate::Gate;

/// A wrapper that makes chosen calls to a store fail, lose their answers or wait.
///
/// Calls of all methods are numbered together, from 1. Clones are the same wrapper.
///
/// ```
/// use session_core::Store;
/// use session_testkit::{FaultyStore, ModelStore, digest_of, key_of, moment_at};
///
/// # pollster::block_on(async {
/// let store = FaultyStore::new(ModelStore::new());
/// store.fail(2);
/// let load = async || store.load(&key_of(1), &digest_of(0), moment_at(0)).await;
/// assert!(load().await.is_ok());
/// assert!(load().await.is_err());
/// assert!(load().await.is_ok());
///
/// store.go_down();
/// assert!(load().await.is_err());
/// store.come_up();
/// assert!(load().await.is_ok());
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore {
    store: Arc<dyn Store>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    calls: usize,
    is_down: bool,
    faults: BTreeMap<usize, Fault>,
}

#[derive(Debug, Default)]
struct Fault {
    before: Option<Gate>,
    fails: bool,
    loses_answer: bool,
    after: Option<Gate>,
}

impl FaultyStore {
    /// Wraps a store; no call is changed yet.
    pub fn new(store: impl Store) -> Self {
        Self::shared(Arc::new(store))
    }

    /// Wraps a store that may be in use elsewhere.
    #[must_use]
    pub fn shared(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            plan: Arc::default(),
        }
    }

    /// Makes the n-th call fail before it reaches the store.
    pub fn fail(&self, nth: usize) {
        self.plan().faults.entry(nth).or_default().fails = true;
    }

    /// Makes the n-th call fail after the store has applied it.
    ///
    /// ```
    /// use session_core::{Command, Store};
    /// use session_testkit::{FaultyStore, ModelStore, digest_of, key_of, moment_at, record_of};
    ///
    /// # pollster::block_on(async {
    /// let store = FaultyStore::new(ModelStore::new());
    /// store.lose_answer(1);
    /// let (key, record) = (&key_of(1), &record_of(1));
    /// assert!(store.write(Command::Insert { key, record }, moment_at(0)).await.is_err());
    /// assert!(store.load(key, &digest_of(0), moment_at(0)).await.unwrap().is_some());
    /// # });
    /// ```
    pub fn lose_answer(&self, nth: usize) {
        self.plan().faults.entry(nth).or_default().loses_answer = true;
    }

    /// Makes the n-th call wait before it reaches the store.
    ///
    /// ```
    /// use futures_util::future::join;
    /// use session_core::{Command, Store};
    /// use session_testkit::{FaultyStore, ModelStore, digest_of, key_of, moment_at, record_of};
    ///
    /// # pollster::block_on(async {
    /// let store = FaultyStore::new(ModelStore::new());
    /// let gate = store.pause_before(1);
    /// let (key, secret, record) = (&key_of(1), &digest_of(0), &record_of(1));
    /// let slow_load = store.load(key, secret, moment_at(0));
    /// let overtaking = async {
    ///     gate.reached().await;
    ///     store.write(Command::Insert { key, record }, moment_at(0)).await.unwrap();
    ///     gate.open();
    /// };
    /// let (found, ()) = join(slow_load, overtaking).await;
    /// assert!(found.unwrap().is_some());
    /// # });
    /// ```
    #[must_use = "a gate that is never opened blocks the call for ever"]
    pub fn pause_before(&self, nth: usize) -> Gate {
        let gate = Gate::default();
        self.plan().faults.entry(nth).or_default().before = Some(gate.clone());
        gate
    }

    /// Makes the n-th call wait after the store has answered.
    #[must_use = "a gate that is never opened blocks the call for ever"]
    pub fn pause_after(&self, nth: usize) -> Gate {
        let gate = Gate::default();
        self.plan().faults.entry(nth).or_default().after = Some(gate.clone());
        gate
    }

    /// Makes every call fail from now on.
    pub fn go_down(&self) {
        self.plan().is_down = true;
    }

    /// Ends the failures that [`go_down`](Self::go_down) began.
    pub fn come_up(&self) {
        self.plan().is_down = false;
    }

    /// Returns the number of calls so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.plan().calls
    }

    async fn call<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (fault, is_down) = {
            let mut plan = self.plan();
            plan.calls += 1;
            let nth = plan.calls;
            (plan.faults.remove(&nth).unwrap_or_default(), plan.is_down)
        };
        if let Some(gate) = fault.before {
            gate.pass().await;
        }
        if fault.fails || is_down {
            return Err(StoreError::new("the test's store is down"));
        }
        let answer = answer.await;
        if let Some(gate) = fault.after {
            gate.pass().await;
        }
        if fault.loses_answer {
            return Err(StoreError::new("the test's store lost its answer"));
        }
        answer
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.call(self.store.load(key, secret, now)).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.call(self.store.write(command, now)).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.call(self.store.sweep(now, limit)).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.call(self.store.devices(owner, from, now, limit)).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.call(self.store.revoke(whose, now)).await
    }

    async fn changed(&self, key: &Key) {
        self.store.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.call(self.store.walk(from, limit, now)).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.call(self.store.estimate()).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.call(self.store.check()).await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        self.call(self.store.facts()).await
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ModelStore, SpyStore, store_suite};

    #[test]
    fn without_a_plan_the_wrappers_change_nothing() {
        pollster::block_on(store_suite("model, wrapped", async || {
            let store = SpyStore::new(FaultyStore::new(ModelStore::new()));
            Arc::new(store) as Arc<dyn Store>
        }));
    }
}
