//! The model as an async store that counts its calls, fails and waits on request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_lock::MutexGuardArc;
use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, ValueRule,
    Whose,
};

use super::Model;

#[derive(Debug)]
pub struct Shelf {
    pub model: Mutex<Model>,
    pub calls: Mutex<Vec<&'static str>>,
    pub is_down: AtomicBool,
    /// The next call is applied and its answer lost.
    pub loses_answer: AtomicBool,
    gate: Arc<async_lock::Mutex<()>>,
    held: Mutex<Option<MutexGuardArc<()>>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            model: Mutex::default(),
            calls: Mutex::new(Vec::with_capacity(64)),
            is_down: AtomicBool::default(),
            loses_answer: AtomicBool::default(),
            gate: Arc::default(),
            held: Mutex::default(),
        }
    }
}

impl Shelf {
    pub fn take_calls(&self) -> String {
        let mut calls = self.calls.lock().unwrap();
        let text = calls.join(" ");
        calls.clear();
        text
    }

    /// Lets every call wait until the release.
    pub fn hold(&self) {
        *self.held.lock().unwrap() = self.gate.try_lock_arc();
    }

    pub fn release(&self) {
        *self.held.lock().unwrap() = None;
    }

    async fn call(&self, name: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(name);
        drop(self.gate.lock().await);
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError::new("the store is down"));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Shelf {
    async fn load(&self, key: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        self.call("load").await?;
        let mut model = self.model.lock().unwrap();
        let found = model.0.get_mut(key);
        Ok(found.map(|record| {
            // As a store does that keeps records in memory.
            record.data = record.data.indexed();
            record.clone()
        }))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.call(match command {
            Command::Insert { .. } => "insert",
            Command::Replace { .. } => "replace",
            Command::Move { .. } => "move",
            Command::Touch { .. } => "touch",
            Command::Delete { .. } => "delete",
        })
        .await?;
        let outcome = self.model.lock().unwrap().write(command, now);
        if self.loses_answer.swap(false, Ordering::Relaxed) {
            return Err(StoreError::new("the answer was lost"));
        }
        Ok(outcome)
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        self.call("sweep").await.map(|()| 0)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.call("devices").await?;
        let model = self.model.lock().unwrap();
        let of_owner = model
            .live(now)
            .filter(|(_, record)| record.owner.as_deref() == Some(owner) && !record.closed);
        let listed = of_owner.map(|(key, record)| record.device(key));
        let listed = listed.skip_while(|device| from.is_some_and(|it| *it != device.public_id));
        Ok(listed.take(limit).collect())
    }

    async fn revoke(&self, whose: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
        self.call("revoke").await?;
        let mut model = self.model.lock().unwrap();
        let before = model.0.len();
        model.0.retain(|key, record| !whose.includes(key, record));
        Ok(before - model.0.len())
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.call("check").await
    }

    fn value_rule(&self) -> ValueRule {
        let names = ValueRule::new(|name, _| (name == "taken").then_some("it is taken"));
        let values = ValueRule::new(|_, json| (json == "-7").then_some("it is taken"));
        names.and(values).unwrap()
    }
}
