use std::future::poll_fn;
use std::task::Poll;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use session_testkit::ModelStore;

/// A store whose calls take three steps: on the way to it, in it, and on the way back.
#[derive(Debug, Clone)]
pub(crate) struct SteppingStore {
    pub(crate) model: ModelStore,
    pub(crate) loses_writes_answers: bool,
}

async fn step() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

impl SteppingStore {
    async fn steps<T>(&self, work: impl Future<Output = T>) -> T {
        step().await;
        let answer = work.await;
        step().await;
        answer
    }

    fn lose<T>(&self, answer: T) -> Result<T, StoreError> {
        if self.loses_writes_answers {
            return Err(StoreError::new("the answer was lost"));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Store for SteppingStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.steps(self.model.load(key, secret, now)).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.lose(self.steps(self.model.write(command, now)).await?)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.steps(self.model.sweep(now, limit)).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.steps(self.model.devices(owner, from, now, limit))
            .await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.lose(self.steps(self.model.revoke(whose, now)).await?)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.model.check().await
    }
}

/// The number of polls of a call: before, in and after the store.
pub(crate) const STEPS: usize = 3;
