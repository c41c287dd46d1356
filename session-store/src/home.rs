//! The runtime that does a store's I/O.
//!
//! A socket is served by the runtime that made it. An actix-web server has a runtime of one thread
//! for each worker: if sockets were made wherever a call came from, one blocked worker would hold
//! up the requests of all others. So each store has a home, and its calls run there.

mod at_home;
mod call;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use session_core::StoreError;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

pub(crate) use self::at_home::{AtHome, store_at_home};

/// The runtime that a store's I/O belongs to. Clones are the same runtime.
#[derive(Clone)]
pub(crate) struct Home(Arc<Place>);

struct Place {
    handle: Handle,
    /// A runtime of our own; `None` for the application's.
    own: Option<Runtime>,
}

impl Home {
    /// Chooses the current runtime, or starts one of our own.
    ///
    /// A runtime of several threads serves its sockets although one of them is blocked. A runtime
    /// of one thread does not, so the store gets a thread of its own; as it does outside a runtime.
    pub(crate) fn new() -> Result<Self, StoreError> {
        match Handle::try_current() {
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
                Ok(Self(Arc::new(Place { handle, own: None })))
            }
            _ => Self::own(),
        }
    }

    /// Starts a runtime with one thread, which ends with the last clone.
    pub(crate) fn own() -> Result<Self, StoreError> {
        let own = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("session-store")
            .enable_all()
            .build()
            .map_err(|error| StoreError::new("can't start the store's thread").caused_by(error))?;
        let (handle, own) = (own.handle().clone(), Some(own));
        Ok(Self(Arc::new(Place { handle, own })))
    }

    /// Says whether the caller runs at home.
    pub(crate) fn is_here(&self) -> bool {
        std::env::var_os("NO_HOME").is_some()
            || Handle::try_current().is_ok_and(|current| current.id() == self.0.handle.id())
    }

    /// Runs a call at home and returns its answer; a caller that goes away cancels it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.is_here() {
            return call.await;
        }
        let mut away = Away(self.spawn(call));
        match (&mut away.0).await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => Err(StoreError::new(
                "the runtime in which the store was opened has ended; open the store in the one \
                 that serves",
            )),
        }
    }

    /// Starts a task at home.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.handle.spawn(task.in_current_span())
    }

    /// Makes this the current runtime of a thread.
    #[cfg(feature = "blocking")]
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.0.handle.enter()
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({})", self.0.handle.id())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which tokio forbids inside a runtime.
        if let Some(own) = self.own.take() {
            own.shutdown_background();
        }
    }
}

/// A call that runs for a caller elsewhere, and ends with it.
struct Away<T>(JoinHandle<T>);

impl<T> Drop for Away<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
