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
                let store =
                    $crate::server::SqlStore::connect(dialect, options.connections, options.timeout);
                // Boxed, as a deep future would reach the compiler's limit in applications.
                Ok(Self(std::sync::Arc::new(Box::pin(store).await?)))
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
                Box::pin(self.0.migrate()).await
            }

            /// Closes all connections once the running calls are done; later calls fail.
            pub async fn close(&self) {
                self.0.close().await;
            }
        }

        #[async_trait::async_trait]
        impl session_core::Store for $Store {
            async fn load(
                &self,
                key: &session_core::Key,
                _: &session_core::Digest,
                _: time::OffsetDateTime,
            ) -> Result<Option<session_core::Record>, session_core::StoreError> {
                self.0.load(key).await
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
        }

        impl std::fmt::Debug for $Store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($Store), self.0.pool.server())
            }
        }
    };
}

pub(crate) use public_store;
