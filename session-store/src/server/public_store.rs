/// Makes a newtype around an `Arc<SqlStore<_>>` a public store, which is opened with `$Options`.
///
/// `$on_poolers` says what a pool must not go through.
macro_rules! public_store {
    ($Store:ident, $Options:ident, $Pool:ty $(, $on_poolers:literal)?) => {
        impl $Store {
            #[doc = concat!("Opens a database with the defaults of [`", stringify!($Options), "`].")]
            ///
            /// The table is made unless it exists, and upgraded if an older release made it.
            ///
            /// # Errors
            ///
            /// The database can't be reached, is read-only, or has another program's table of the
            /// name; or the user lacks a right. The message names the server and the remedy, and no
            /// password.
            pub async fn open(url: impl Into<String>) -> Result<Self, session_core::StoreError> {
                Box::pin(Self::open_with($Options::new(url))).await
            }

            /// Opens a database, and makes or upgrades the table.
            ///
            /// # Errors
            ///
            /// As [`open`](Self::open).
            pub async fn open_with(options: $Options) -> Result<Self, session_core::StoreError> {
                let dialect = options.check()?;
                let (connections, timeout) = (options.connections, options.timeout);
                let migration = options.migration;
                let open = async move |home| {
                    let store = $crate::server::SqlStore::connect(dialect, home, connections, timeout);
                    let store = store.await?;
                    store.prepare(migration).await?;
                    store.try_rights().await?;
                    Ok(store)
                };
                let sweeping = options.sweeping;
                let opened = $crate::home::AtHome::open(open).await?;
                Ok(Self(opened.sweeping(sweeping)))
            }

            /// Opens a store on a pool that the application has, with the defaults of the options.
            ///
            /// Each call takes a connection of the pool and gives it back. The pool is of `sqlx`
            /// 0.9, whose types another minor version does not share.
            ///
            /// The pool's own settings count: the number of connections, and the limits that the
            /// server keeps. A call still ends within twice the options' time-out; a statement that
            /// takes longer is given up, and its connection closed. Calls run on the current
            /// runtime, which must keep running as long as the store is used.
            ///
            $(#[doc = $on_poolers])?
            ///
            /// # Errors
            ///
            /// As [`open`](Self::open); and if it is not called in a tokio runtime.
            pub async fn from_pool(pool: $Pool) -> Result<Self, session_core::StoreError> {
                Box::pin(Self::from_pool_with(pool, $Options::for_pool())).await
            }

            /// Opens a store on a pool, as [`from_pool`](Self::from_pool) does.
            ///
            /// # Errors
            ///
            /// As [`from_pool`](Self::from_pool); and if the options name a database by a URL.
            pub async fn from_pool_with(
                pool: $Pool,
                options: $Options,
            ) -> Result<Self, session_core::StoreError> {
                let dialect = options.on(&pool)?;
                let (migration, timeout) = (options.migration, options.timeout);
                let open = async move |home| {
                    let pool =
                        $crate::server::Pool::shared(dialect, home, pool, timeout);
                    let store = $crate::server::SqlStore::on(pool).await?;
                    store.refuse_unfit_pool().await?;
                    store.prepare(migration).await?;
                    store.try_rights().await?;
                    Ok(store)
                };
                let (home, sweeping) = ($crate::home::Home::here()?, options.sweeping);
                let opened = $crate::home::AtHome::open_at(home, open).await?;
                Ok(Self(opened.sweeping(sweeping)))
            }

            /// Closes the store's connections once the running calls are done, and ends the removal
            /// of expired sessions; later calls fail.
            ///
            /// The application's pool stays open.
            pub async fn close(&self) {
                self.0.stop_sweeping().await;
                let close = async |store: std::sync::Arc<$crate::server::SqlStore<_>>| {
                    store.close().await;
                    Ok(())
                };
                // Where the home is gone, so are the connections.
                let _ = self.0.call(close).await;
            }
        }

        $crate::home::store_at_home!($Store);
    };
}

pub(crate) use public_store;
