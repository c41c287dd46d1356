use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

use crate::tape::Tape;

/// The application's store, whose calls go on the [`Tape`] of the request, if it has one.
///
/// Names and outcomes are recorded, never a key, a digest or a value.
#[derive(Debug)]
pub(crate) struct Traced(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Store for Traced {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let call = self.0.load(key, secret, now);
        Tape::call("load", call, |found| match found {
            Some(_) => "found",
            None => "nothing there",
        })
        .await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let name = match command {
            Command::Insert { .. } => "insert",
            Command::Replace { .. } => "replace",
            Command::Move { .. } => "move",
            Command::Touch { .. } => "touch",
            Command::Delete { .. } => "delete",
        };
        let call = self.0.write(command, now);
        Tape::call(name, call, |outcome| match outcome {
            Outcome::Applied => "applied",
            Outcome::Refused => "refused",
        })
        .await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let call = self.0.devices(owner, from, now, limit);
        Tape::call("devices", call, |_| "listed").await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let call = self.0.revoke(whose, now);
        Tape::call("revoke", call, |ended| match ended {
            0 => "none ended",
            1 => "one ended",
            _ => "several ended",
        })
        .await
    }

    async fn changed(&self, key: &Key) {
        self.0.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.0.walk(from, limit, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        self.0.facts().await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.0.estimate().await
    }

    fn id_form(&self) -> IdForm {
        self.0.id_form()
    }

    fn value_rule(&self) -> ValueRule {
        self.0.value_rule()
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
