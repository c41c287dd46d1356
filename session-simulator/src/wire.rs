use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};

use crate::command::{Call, Owned, OwnedWhose};
use crate::moves::Fate;
use crate::net::{Applied, Kind, Net, Passed, Stage};

/// A server's way to the store. Each call stops before the store and behind it, and goes on as the plan says.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) net: Net,
}

impl Wire {
    /// Lets a call through of which nothing is left to apply twice.
    async fn pass<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let by = self.net.polled();
        if self.net.pause(by, Stage::Before).await != Fate::Works {
            return Err(self.fails(by));
        }
        let answer = answer.await?;
        if self.net.pause(by, Stage::After).await != Fate::Works {
            return Err(self.fails(by));
        }
        Ok(answer)
    }

    /// Waits until a change reaches the store; then it is not held.
    async fn admit(
        &self,
        by: u16,
        call: impl FnOnce() -> Result<Call, StoreError>,
    ) -> Result<(), StoreError> {
        match self.net.pause(by, Stage::Before).await {
            Fate::Works | Fate::Repeats => Ok(()),
            Fate::Fails => Err(self.fails(by)),
            Fate::Held => {
                self.net.hold(by, call()?);
                Err(self.fails(by))
            }
        }
    }

    fn fails(&self, by: u16) -> StoreError {
        self.net.note(Passed::Faulty(by));
        StoreError::new("the simulated store has failed")
    }
}

/// Applies a command, and notes what it has changed under the number that is returned.
pub(crate) async fn apply(
    store: &dyn Store,
    net: &Net,
    command: Command<'_>,
    now: Moment,
    is_repeated: bool,
) -> Result<(Outcome, u64), StoreError> {
    let (by, key) = (net.polled(), *command.key());
    let kind = match command {
        Command::Insert { .. } => Kind::Insert,
        Command::Touch { .. } => Kind::Touch,
        Command::Delete { .. } => Kind::Delete,
        Command::Replace { .. } | Command::Move { .. } => Kind::Replace,
    };
    let before = load(store, &key, now).await;
    let outcome = store.write(command, now).await?;
    let number = net.number();
    if outcome == Outcome::Applied {
        let left = match before.as_ref().and_then(|record| record.owner.as_deref()) {
            Some(owner) if kind == Kind::Delete => {
                // Also those that are over, by whatever clock.
                let left = store.devices(owner, None, Moment::UNIX_EPOCH, 1_000).await;
                left.ok().map(|left| left.len())
            }
            _ => None,
        };
        net.note(Passed::Applied(Box::new(Applied {
            number,
            by,
            key: key.public_id(),
            kind,
            before,
            after: load(store, &key, now).await,
            is_repeated,
            is_acknowledged: false,
            order: 0,
            left,
        })));
    }
    Ok((outcome, number))
}

async fn load(store: &dyn Store, key: &Key, now: Moment) -> Option<Record> {
    let nobodys = Digest::from_bytes(&[0; 16])?;
    store.load(key, &nobodys, now).await.ok().flatten()
}

#[async_trait]
impl Store for Wire {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let by = self.net.polled();
        let found = self.pass(self.store.load(key, secret, now)).await?;
        if let Some(record) = &found {
            self.net.note(Passed::Loaded(by, record.revision));
        }
        Ok(found)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let by = self.net.polled();
        self.admit(by, || Ok(Call::Write(Owned::of(command)?, now)))
            .await?;
        let (outcome, number) = apply(&*self.store, &self.net, command, now, false).await?;
        loop {
            match self.net.pause(by, Stage::After).await {
                Fate::Works => break,
                Fate::Repeats => {
                    self.net.note(Passed::Faulty(by));
                    let _ = apply(&*self.store, &self.net, command, now, true).await;
                }
                Fate::Fails | Fate::Held => return Err(self.fails(by)),
            }
        }
        if outcome == Outcome::Applied {
            self.net.note(Passed::Acknowledged(number));
        }
        Ok(outcome)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.pass(self.store.sweep(now, limit)).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.pass(self.store.devices(owner, from, now, limit)).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let by = self.net.polled();
        self.admit(by, || Ok(Call::Revoke(OwnedWhose::of(whose), now)))
            .await?;
        let ended = self.store.revoke(whose, now).await?;
        loop {
            match self.net.pause(by, Stage::After).await {
                Fate::Works => return Ok(ended),
                Fate::Repeats => {
                    self.net.note(Passed::Faulty(by));
                    let _ = self.store.revoke(whose, now).await;
                }
                Fate::Fails | Fate::Held => return Err(self.fails(by)),
            }
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}
