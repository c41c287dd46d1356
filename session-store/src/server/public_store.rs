/// Makes a newtype around an `Arc<SqlStore<_>>` a public store, which is opened with `$Options`.
macro_rules! public_store {
    ($Store:ident, $Options:ident) => {
        impl $Store {
            #[doc = concat!("Opens a database with the defaults of [`", stringify!($Options), "`].")]
            ///
            /// The table is created unless it exists.
            ///
            /// # Errors
            ///
            /// The database can't be reached, or another program's table has the name. The message
            /// names the server and the remedy, and no password.
            pub async fn open(url: impl Into<String>) -> Result<Self, session_core::StoreError> {
                Box::pin(Self::open_with($Options::new(url))).await
            }

            /// Opens a database, and creates the table unless it exists.
            ///
            /// # Errors
            ///
            /// As [`open`](Self::open).
            pub async fn open_with(options: $Options) -> Result<Self, session_core::StoreError> {
                let store = Self::connect(options).await?;
                store.migrate().await?;
                Ok(store)
            }

            /// Opens a database without creating the table.
            ///
            /// Call [`migrate`](Self::migrate) for that, or use your own migrations.
            ///
            /// # Errors
            ///
            /// The database can't be reached.
            pub async fn connect(options: $Options) -> Result<Self, session_core::StoreError> {
                let dialect = options.check()?;
                let (connections, timeout) = (options.connections, options.timeout);
                let connect = |_| $crate::server::SqlStore::connect(dialect, connections, timeout);
                Ok(Self($crate::home::AtHome::open(connect).await?))
            }

            /// Creates the table unless it exists.
            ///
            /// Several processes may do so at once. If the table exists, this takes no lock and
            /// needs no privilege beyond those to use it.
            ///
            /// # Errors
            ///
            /// The user may not create the table, or another program's table has the name.
            pub async fn migrate(&self) -> Result<(), session_core::StoreError> {
                // Boxed, as a deep future would reach the compiler's limit in applications.
                Box::pin(self.0.call(async |store| store.migrate().await)).await
            }

            /// Closes all connections once the running calls are done; later calls fail.
            pub async fn close(&self) {
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
