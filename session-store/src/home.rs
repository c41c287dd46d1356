//! The runtime that does a store's I/O.
//!
//! A socket is served by the runtime that made it. An actix-web server has a runtime of one thread
//! for each worker: if sockets were made wherever a call came from, one blocked worker would hold
//! up the requests of all others. So each store has a home, and its calls run there. (Redis' run anywhere,
//! and a worker that asks often gets a connection of its own.) What that costs
//! and saves is measured by this crate's bench `home`, and over HTTP by the one of `examples/together`.

mod at_home;
mod call;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use session_core::StoreError;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::own_runtime::OwnRuntime;

pub(crate) use self::at_home::{AtHome, store_at_home};

/// The runtime that a store's I/O belongs to. Clones are the same runtime.
#[derive(Clone)]
pub(crate) struct Home(Arc<Place>);

enum Place {
    /// The application's runtime.
    Application(Handle),
    Own(OwnRuntime),
}

impl Home {
    /// Chooses the current runtime, or starts one of our own.
    ///
    /// In a runtime of several threads a blocked one holds up the store no more than the server. A
    /// runtime of one thread stops with it, while the server's other threads go on; so the store
    /// gets a thread of its own, as it does outside a runtime.
    pub(crate) fn new() -> Result<Self, StoreError> {
        Ok(Self(Arc::new(match Handle::try_current() {
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                Place::Application(runtime)
            }
            _ => Place::Own(OwnRuntime::start()?),
        })))
    }

    /// Takes the current runtime, whatever it is, because the application's connections are there.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
    pub(crate) fn here() -> Result<Self, StoreError> {
        let runtime = Handle::try_current().map_err(|error| {
            StoreError::new("a store on a pool must be opened in the pool's runtime")
                .caused_by(error)
        })?;
        Ok(Self(Arc::new(Place::Application(runtime))))
    }

    /// Says whether the caller runs at home.
    pub(crate) fn is_here(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.runtime().id())
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
        self.runtime().spawn(task.in_current_span())
    }

    fn runtime(&self) -> &Handle {
        match &*self.0 {
            Place::Application(runtime) => runtime,
            Place::Own(own) => own.handle(),
        }
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({})", self.runtime().id())
    }
}

/// A call that runs for a caller elsewhere, and ends with it.
struct Away<T>(JoinHandle<T>);

impl<T> Drop for Away<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::thread;

    use tokio::runtime::Builder;
    use tokio::sync::oneshot;

    use super::*;

    fn thread_name(home: &Home) -> Option<String> {
        let name = async { Ok(thread::current().name().map(str::to_owned)) };
        pollster::block_on(home.run(name)).unwrap()
    }

    #[test]
    fn a_home_is_a_runtime_that_one_blocked_thread_does_not_stop() {
        let several = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("application")
            .build()
            .unwrap();
        let one = Builder::new_current_thread().build().unwrap();
        let applications = several.block_on(async { Home::new() }).unwrap();
        assert_eq!(thread_name(&applications).as_deref(), Some("application"));
        let own = [one.block_on(async { Home::new() }), Home::new()];
        for home in own {
            assert_eq!(
                thread_name(&home.unwrap()).as_deref(),
                Some("session-store")
            );
        }
    }

    #[test]
    fn a_call_whose_home_has_ended_says_so() {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let home = runtime.block_on(async { Home::new() }).unwrap();
        drop(runtime);
        let error = pollster::block_on(home.run(ready(Ok(())))).unwrap_err();
        assert!(error.to_string().contains("has ended"), "{error}");
    }

    #[test]
    fn a_caller_that_goes_away_ends_its_call() {
        let home = Home::new().unwrap();
        let (alive, ended) = oneshot::channel::<()>();
        let call = home.run::<()>(async move {
            let _alive = alive;
            pending().await
        });
        pollster::block_on(async {
            let mut call = Box::pin(call);
            assert!(futures_util::poll!(&mut call).is_pending());
            drop(call);
            assert!(ended.await.is_err());
        });
    }

    #[test]
    #[should_panic(expected = "the call's own")]
    fn a_call_that_panics_panics_for_its_caller() {
        let home = Home::new().unwrap();
        let call = async { panic!("the call's own") };
        pollster::block_on(home.run::<()>(call)).unwrap();
    }
}
