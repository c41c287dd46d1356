use std::sync::Arc;

use tokio::sync::Semaphore;

/// A place at which a request waits until it is let on; clones are the same place.
#[derive(Debug, Clone)]
pub(super) struct Hold(Arc<[Semaphore; 2]>);

impl Default for Hold {
    fn default() -> Self {
        Self(Arc::new([Semaphore::new(0), Semaphore::new(0)]))
    }
}

impl Hold {
    /// Waits to be let on.
    pub(super) async fn pass(&self) {
        let [reached, open] = &*self.0;
        reached.add_permits(1);
        if let Ok(permit) = open.acquire().await {
            permit.forget();
        }
    }

    /// Waits until a request has come here.
    pub(super) async fn reached(&self) {
        let [reached, _] = &*self.0;
        if let Ok(permit) = reached.acquire().await {
            permit.forget();
        }
    }

    /// Lets a request on.
    pub(super) fn open(&self) {
        self.0[1].add_permits(1);
    }
}
