/// Makes a newtype around an `Arc<SqlStore<_>>` a public store, which is opened with `$Options`.
macro_rules! public_store {
    ($Store:ident, $Options:ident) => {
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
                Ok(Self($crate::home::AtHome::open_swept(sweeping, open).await?))
            }

            /// Closes all connections once the running calls are done, and ends the removal of
            /// expired sessions; later calls fail.
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
