use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use tokio::runtime::Handle;

/// A store without a home: its calls run on the thread that makes them.
///
/// They are polled as if they were at home. Their connections must have been made before.
#[derive(Debug)]
pub struct InPlace {
    pub store: Arc<dyn Store>,
    pub home: Handle,
}

impl InPlace {
    fn run<F: Future>(&self, call: F) -> Polled<F> {
        Polled {
            call: Box::pin(call),
            home: self.home.clone(),
        }
    }
}

struct Polled<F> {
    call: Pin<Box<F>>,
    home: Handle,
}

impl<F: Future> Future for Polled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let home = self.home.clone();
        let _inside = home.enter();
        self.call.as_mut().poll(context)
    }
}

#[async_trait]
impl Store for InPlace {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.run(self.store.load(key, secret, now)).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.run(self.store.write(command, now)).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.run(self.store.sweep(now, limit)).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.run(self.store.devices(owner, from, now, limit)).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.run(self.store.revoke(whose, now)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.run(self.store.check()).await
    }
}
