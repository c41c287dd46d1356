use std::sync::Arc;

use crate::{Device, Policy, Revoke, Store, StoreError};

/// The application-wide entry point: a policy and a store.
#[derive(Debug, Clone)]
pub struct Sessions {
    policy: Arc<Policy>,
    store: Arc<dyn Store>,
}

impl Sessions {
    /// Joins a policy and a store.
    pub fn new(policy: Policy, store: impl Store) -> Self {
        Self::shared(policy, Arc::new(store))
    }

    /// Joins a policy and a store that is used elsewhere too.
    pub fn shared(policy: Policy, store: Arc<dyn Store>) -> Self {
        Self {
            policy: Arc::new(policy),
            store,
        }
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Returns an owner's live sessions.
    pub async fn devices(&self, owner: &str) -> Result<Vec<Device>, StoreError> {
        self.store().devices(owner, self.policy.now()).await
    }

    /// Ends sessions of one owner and returns how many it ended.
    pub async fn revoke(&self, owner: &str, which: Revoke<'_>) -> Result<usize, StoreError> {
        self.store().revoke(owner, which, self.policy.now()).await
    }
}
