use std::fmt;
use std::sync::Arc;

use super::contention::Backing;
use super::nowhere::Nowhere;
use crate::{Device, Envelope, IdForm, Page, Policy, Revoke, Store, StoreError};

/// The application-wide entry point: a policy and a store.
///
/// Clones are cheap and the same. Adapters take it; applications also list and end an owner's
/// sessions with it.
#[derive(Clone)]
pub struct Sessions {
    pub(super) backing: Arc<Backing>,
}

impl Sessions {
    /// Joins a policy and a store.
    ///
    /// # Panics
    ///
    /// Their [ids](crate::IdForm) are not of one form: the store needs another policy.
    #[track_caller]
    pub fn new(policy: Policy, store: impl Store) -> Self {
        Self::shared(policy, Arc::new(store))
    }

    /// Joins a policy and a store that is used elsewhere too.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn shared(mut policy: Policy, store: Arc<dyn Store>) -> Self {
        let (ids, needed) = (policy.id_form(), store.id_form());
        assert!(
            ids == needed,
            "the policy makes {ids:?} ids and the store needs {needed:?} ones: use plain ids (PolicyBuilder::plain_ids, Policy::django) with Django's table, and only there"
        );
        policy.value_rule = store.value_rule();
        Self {
            backing: Backing::new(policy, store, None),
        }
    }

    /// Keeps sessions in their cookies, without a store.
    ///
    /// The cookie is the session: each change sets it anew, a logout only asks the browser to forget
    /// it, two requests at once leave what the later answer brings, and nobody's sessions can be listed
    /// or revoked. Name and value have at most 4,096 bytes, which browsers keep; a change that
    /// needs more fails with [`SessionError::TooLarge`](crate::SessionError::TooLarge).
    pub fn in_cookies(mut policy: Policy, envelope: impl Envelope) -> Self {
        policy.id_form = IdForm::Plain;
        policy.value_rule = envelope.value_rule();
        let envelope: Arc<dyn Envelope> = Arc::new(envelope);
        Self {
            backing: Backing::new(policy, Arc::new(Nowhere), Some(envelope)),
        }
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.backing.policy
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.backing.store
    }

    /// Returns the first [`Page`] of an owner's live sessions: the 100 newest sign-ins, the most
    /// recently seen first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn devices(&self, owner: &str) -> Result<Vec<Device>, StoreError> {
        let first = self.devices_of(owner, &Page::first()).await?;
        Ok(first.unwrap_or_default())
    }

    /// Returns a page of an owner's live sessions, the most recently seen first; `None` if the owner
    /// has no such session as the one that the page goes on after.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn devices_of(
        &self,
        owner: &str,
        page: &Page,
    ) -> Result<Option<Vec<Device>>, StoreError> {
        let now = self.policy().now();
        let found = self.store().devices(owner, page.from(), now, page.limit());
        Ok(page.answer(found.await?))
    }

    /// Ends sessions of one owner and returns how many live ones it ended.
    ///
    /// Another owner's handle is as good as an unknown one. (ASVS 5.0, 7.4.3 and 7.5.2.)
    ///
    /// For every request it happens elsewhere: one whose session it ends, and that signs in, gets a
    /// 409. A request revokes its own owner's sessions by
    /// [`RequestSession::revoke`](crate::RequestSession::revoke).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, owner: &str, which: Revoke<'_>) -> Result<usize, StoreError> {
        self.store().revoke(owner, which, self.policy().now()).await
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("policy", self.policy())
            .field("store", self.store())
            .finish()
    }
}
