mod dialect;
mod options;
mod server;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use session_core::StoreError;

use self::dialect::Mysql;
pub use self::options::MysqlOptions;
use crate::sql::{SqlStore, delegate_store};

/// Keeps sessions in a table of a MySQL or MariaDB database, which may hold other tables too.
///
/// Clones are the same store. Every command is one statement, committed by itself, under any
/// isolation level and whatever the server's `sql_mode` is. What is undone because of others that
/// run at the same time (a deadlock) is tried again.
///
/// It needs a tokio runtime with time and I/O. No call waits for ever: see
/// [`MysqlOptions::timeout`]. After an outage it connects again by itself, and a call that finds
/// a broken connection goes on with a fresh one.
///
/// ```no_run
/// use session_core::{Policy, Sessions};
/// use session_store::MysqlStore;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MysqlStore::open("mysql://app:secret@localhost/shop").await?;
/// let sessions = Sessions::new(Policy::default(), store);
/// # drop(sessions);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MysqlStore(Arc<SqlStore<Mysql>>);

impl MysqlStore {
    /// Opens a database with the defaults of [`MysqlOptions`], and creates the table unless it
    /// exists.
    ///
    /// # Errors
    ///
    /// The database can't be reached, or has a table of that name that is not ours; the message
    /// names the server and the remedy, and no password.
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::open_with(MysqlOptions::new(url)).await
    }

    /// Opens a database, and creates the table unless it exists.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: MysqlOptions) -> Result<Self, StoreError> {
        let store = Self::connect(options).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens a database and leaves it as it is; [`migrate`](Self::migrate) is yours to call, or
    /// to do without if something else sees to the table.
    ///
    /// # Errors
    ///
    /// The database can't be reached.
    pub async fn connect(options: MysqlOptions) -> Result<Self, StoreError> {
        let store = SqlStore::connect(options.check()?, options.connections, options.timeout);
        Ok(Self(Arc::new(store.await?)))
    }

    /// Creates the table unless it exists, and refuses one that is not ours.
    ///
    /// Several processes may do it at once. A table that is there and right costs no lock, and no
    /// privilege but to use it.
    ///
    /// # Errors
    ///
    /// There is no table and this user may not create one, or the one that is there is not ours.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.0.migrate().await
    }

    /// Closes all connections when the calls under way are done; later calls fail.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

delegate_store!(MysqlStore);
