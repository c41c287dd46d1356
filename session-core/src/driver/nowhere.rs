use async_trait::async_trait;

use crate::{
    Command, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store, StoreError,
    Whose,
};

/// A store for applications whose sessions are all in cookies.
#[derive(Debug)]
pub(super) struct Nowhere;

#[async_trait]
impl Store for Nowhere {
    async fn load(&self, _: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    async fn write(&self, _: Command<'_>, _: Moment) -> Result<Outcome, StoreError> {
        Ok(Outcome::Refused)
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: Moment,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unlisted())
    }

    async fn revoke(&self, _: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
        Err(unlisted())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn id_form(&self) -> IdForm {
        IdForm::Plain
    }
}

/// The answer to whoever asks for an owner's sessions.
pub(super) fn unlisted() -> StoreError {
    StoreError::unsupported(
        "sessions in cookies are known to their browsers alone; they can't be listed or revoked",
    )
}
