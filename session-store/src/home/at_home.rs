use std::fmt;
use std::sync::Arc;

use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError, ValueRule,
};
use time::OffsetDateTime;
use tokio::runtime::Handle;

use super::Home;
use super::call::{OwnCommand, OwnRevoke};
#[cfg(feature = "sweep")]
use crate::upkeep::{Sweeping, Swept, Upkeep};

/// A store whose calls run at its home. Clones are the same store.
///
/// A call from the home runtime runs in place; another one is copied and sent there.
pub(crate) struct AtHome<S> {
    store: Arc<S>,
    home: Home,
    /// `None` for a store that removes no expired sessions by itself.
    #[cfg(feature = "sweep")]
    upkeep: Option<Arc<Upkeep>>,
    requests: Requests,
}

/// The runtimes in which loads and writes run.
#[derive(Clone, Copy)]
enum Requests {
    /// Any runtime, because the store itself does only at home what others wait for.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "only Redis does"))]
    Anywhere,
    AtHome,
}

impl<S: Send + Sync + 'static> AtHome<S> {
    /// Opens a store at a home of its own.
    pub(crate) async fn open<F>(open: impl FnOnce(Home) -> F) -> Result<Self, StoreError>
    where
        F: Future<Output = Result<S, StoreError>> + Send + 'static,
    {
        Self::open_at(Home::new()?, open).await
    }

    /// Opens a store at a home.
    pub(crate) async fn open_at<F>(
        home: Home,
        open: impl FnOnce(Home) -> F,
    ) -> Result<Self, StoreError>
    where
        F: Future<Output = Result<S, StoreError>> + Send + 'static,
    {
        // Boxed, as a deep future would reach the compiler's limit in applications.
        let store = Box::pin(home.run(open(home.clone()))).await?;
        Ok(Self {
            store: Arc::new(store),
            home,
            #[cfg(feature = "sweep")]
            upkeep: None,
            requests: Requests::AtHome,
        })
    }

    /// Removes the store's expired sessions from now on; the values have been checked.
    #[cfg(feature = "sweep")]
    pub(crate) fn sweeping(mut self, sweeping: Sweeping) -> Self
    where
        S: Swept,
    {
        let upkeep = Upkeep::start(&self.home, &self.store, sweeping);
        self.upkeep = upkeep.map(Arc::new);
        self
    }

    /// Ends the removal of expired sessions, after the batch that it is at.
    #[cfg(feature = "sweep")]
    pub(crate) async fn stop_sweeping(&self) {
        if let Some(upkeep) = &self.upkeep {
            upkeep.stop().await;
        }
    }

    /// Learns the present moment from a call.
    #[cfg_attr(
        not(feature = "sweep"),
        allow(clippy::unused_self, reason = "only sweeps need the time")
    )]
    fn see(&self, now: OffsetDateTime) {
        #[cfg(feature = "sweep")]
        if let Some(upkeep) = &self.upkeep {
            upkeep.see(now);
        }
        #[cfg(not(feature = "sweep"))]
        let _ = now;
    }

    /// Lets loads and writes run in place, in whichever runtime they are called.
    #[cfg(feature = "redis")]
    pub(crate) fn anywhere(mut self) -> Self {
        self.requests = Requests::Anywhere;
        self
    }

    /// Says whether a load or a write runs in place.
    fn is_in_place(&self) -> bool {
        match self.requests {
            Requests::Anywhere => Handle::try_current().is_ok(),
            Requests::AtHome => self.home.is_here(),
        }
    }

    #[cfg(any(
        all(feature = "cached", feature = "postgres"),
        all(test, any(feature = "mysql", feature = "postgres", feature = "sqlite"))
    ))]
    pub(crate) fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// Runs a call that needs nothing of the caller's.
    pub(crate) async fn call<T, F>(&self, call: impl FnOnce(Arc<S>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.home.run(call(Arc::clone(&self.store))).await
    }
}

/// The methods of [`Store`], which [`store_at_home`] makes public.
impl<S: Store> AtHome<S> {
    pub(crate) async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        self.see(now);
        if self.is_in_place() {
            return self.store.load(key, secret, now).await;
        }
        let (key, secret) = (*key, *secret);
        self.call(async move |store| store.load(&key, &secret, now).await)
            .await
    }

    pub(crate) async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        self.see(now);
        if self.is_in_place() {
            return self.store.write(command, now).await;
        }
        let command = OwnCommand::from(command);
        self.call(async move |store| store.write(command.get(), now).await)
            .await
    }

    pub(crate) async fn sweep(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.call(async move |store| store.sweep(now, limit).await)
            .await
    }

    pub(crate) async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let (owner, from) = (owner.to_owned(), from.copied());
        self.call(async move |store| store.devices(&owner, from.as_ref(), now, limit).await)
            .await
    }

    pub(crate) async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let (owner, which) = (owner.to_owned(), OwnRevoke::from(which));
        self.call(async move |store| store.revoke(&owner, which.get(), now).await)
            .await
    }

    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.call(async |store| store.check().await).await
    }

    pub(crate) fn value_rule(&self) -> ValueRule {
        self.store.value_rule()
    }
}

impl<S> Clone for AtHome<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            home: self.home.clone(),
            #[cfg(feature = "sweep")]
            upkeep: self.upkeep.clone(),
            requests: self.requests,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for AtHome<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// Implements [`Store`] for a newtype around an [`AtHome`].
macro_rules! store_at_home {
    ($Store:ident $(, $IdForm:ident)?) => {
        #[async_trait::async_trait]
        impl session_core::Store for $Store {
            async fn load(
                &self,
                key: &session_core::Key,
                secret: &session_core::Digest,
                now: time::OffsetDateTime,
            ) -> Result<Option<session_core::Record>, session_core::StoreError> {
                self.0.load(key, secret, now).await
            }

            async fn write(
                &self,
                command: session_core::Command<'_>,
                now: time::OffsetDateTime,
            ) -> Result<session_core::Outcome, session_core::StoreError> {
                self.0.write(command, now).await
            }

            async fn sweep(
                &self,
                now: time::OffsetDateTime,
                limit: usize,
            ) -> Result<usize, session_core::StoreError> {
                self.0.sweep(now, limit).await
            }

            async fn devices(
                &self,
                owner: &str,
                from: Option<&session_core::PublicId>,
                now: time::OffsetDateTime,
                limit: usize,
            ) -> Result<Vec<session_core::Device>, session_core::StoreError> {
                self.0.devices(owner, from, now, limit).await
            }

            async fn revoke(
                &self,
                owner: &str,
                which: session_core::Revoke<'_>,
                now: time::OffsetDateTime,
            ) -> Result<usize, session_core::StoreError> {
                self.0.revoke(owner, which, now).await
            }

            async fn check(&self) -> Result<(), session_core::StoreError> {
                self.0.check().await
            }

            $(fn id_form(&self) -> session_core::IdForm {
                session_core::IdForm::$IdForm
            })?

            fn value_rule(&self) -> session_core::ValueRule {
                self.0.value_rule()
            }

            async fn close(&self) {
                // Its own method, which has more to end.
                Self::close(self).await;
            }
        }

        impl std::fmt::Debug for $Store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($Store), self.0)
            }
        }
    };
}

pub(crate) use store_at_home;
