use session_core::StoreError;
use tokio::runtime::{Builder, Handle, Runtime};

/// A tokio runtime with one thread, which ends when this is dropped.
pub(crate) struct OwnRuntime {
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl OwnRuntime {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("session-store")
            .enable_all()
            .build()
            .map_err(|error| StoreError::new("can't start the store's thread").caused_by(error))?;
        let handle = runtime.handle().clone();
        let runtime = Some(runtime);
        Ok(Self { runtime, handle })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which tokio forbids inside a runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
