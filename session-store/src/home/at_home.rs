use std::fmt;
use std::sync::Arc;

use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};
use tokio::runtime::Handle;

use super::Home;
use super::call::{OwnCommand, OwnWhose};
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
    fn see(&self, now: Moment) {
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
        now: Moment,
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
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        self.see(now);
        if self.is_in_place() {
            return self.store.write(command, now).await;
        }
        let command = OwnCommand::from(command);
        self.call(async move |store| store.write(command.get(), now).await)
            .await
    }

    pub(crate) async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.call(async move |store| store.sweep(now, limit).await)
            .await
    }

    pub(crate) async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let (owner, from) = (owner.to_owned(), from.copied());
        self.call(async move |store| store.devices(&owner, from.as_ref(), now, limit).await)
            .await
    }

    pub(crate) async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let whose = OwnWhose::from(whose);
        self.call(async move |store| store.revoke(whose.get(), now).await)
            .await
    }

    pub(crate) async fn walk(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Batch, StoreError> {
        let from = from.clone();
        self.call(async move |store| store.walk(&from, limit, now).await)
            .await
    }

    pub(crate) async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.call(async |store| store.estimate().await).await
    }

    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.call(async |store| store.check().await).await
    }

    pub(crate) async fn facts(&self) -> Result<StoreFacts, StoreError> {
        #[cfg_attr(
            not(feature = "sweep"),
            allow(unused_mut, reason = "only a sweep adds to it")
        )]
        let mut facts = self.call(async |store| store.facts().await).await?;
        #[cfg(feature = "sweep")]
        if facts.sweeps.is_none() {
            facts.sweeps = Some(self.upkeep.is_some());
        }
        Ok(facts)
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
                now: session_core::Moment,
            ) -> Result<Option<session_core::Record>, session_core::StoreError> {
                self.0.load(key, secret, now).await
            }

            async fn write(
                &self,
                command: session_core::Command<'_>,
                now: session_core::Moment,
            ) -> Result<session_core::Outcome, session_core::StoreError> {
                self.0.write(command, now).await
            }

            async fn sweep(
                &self,
                now: session_core::Moment,
                limit: usize,
            ) -> Result<usize, session_core::StoreError> {
                self.0.sweep(now, limit).await
            }

            async fn devices(
                &self,
                owner: &str,
                from: Option<&session_core::PublicId>,
                now: session_core::Moment,
                limit: usize,
            ) -> Result<Vec<session_core::Device>, session_core::StoreError> {
                self.0.devices(owner, from, now, limit).await
            }

            async fn revoke(
                &self,
                whose: session_core::Whose<'_>,
                now: session_core::Moment,
            ) -> Result<usize, session_core::StoreError> {
                self.0.revoke(whose, now).await
            }

            async fn walk(
                &self,
                from: &session_core::Cursor,
                limit: usize,
                now: session_core::Moment,
            ) -> Result<session_core::Batch, session_core::StoreError> {
                self.0.walk(from, limit, now).await
            }

            async fn estimate(&self) -> Result<Option<u64>, session_core::StoreError> {
                self.0.estimate().await
            }

            async fn check(&self) -> Result<(), session_core::StoreError> {
                self.0.check().await
            }

            async fn facts(&self) -> Result<session_core::StoreFacts, session_core::StoreError> {
                self.0.facts().await
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
