use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    Command, Device, Digest, IdForm, Key, Outcome, PublicId, Record, Revoke, Store, StoreError,
};

/// A store for applications whose sessions are all in cookies.
#[derive(Debug)]
pub(super) struct Nowhere;

#[async_trait]
impl Store for Nowhere {
    async fn load(
        &self,
        _: &Key,
        _: &Digest,
        _: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    async fn write(&self, _: Command<'_>, _: OffsetDateTime) -> Result<Outcome, StoreError> {
        Ok(Outcome::Refused)
    }

    async fn sweep(&self, _: OffsetDateTime, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: OffsetDateTime,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unlisted())
    }

    async fn revoke(&self, _: &str, _: Revoke<'_>, _: OffsetDateTime) -> Result<usize, StoreError> {
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
    StoreError::new(
        "sessions in cookies are known to their browsers alone; they can't be listed or revoked",
    )
}
