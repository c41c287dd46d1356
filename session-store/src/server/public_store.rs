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
                let opening = async {
                    let store = $crate::server::SqlStore::connect(
                        dialect,
                        options.connections,
                        options.timeout,
                    );
                    let store = store.await?;
                    store.prepare(options.migration).await?;
                    store.check().await?;
                    Ok(store)
                };
                // Boxed, as a deep future would reach the compiler's limit in applications.
                Ok(Self(std::sync::Arc::new(Box::pin(opening).await?)))
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
