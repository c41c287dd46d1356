mod dialect;
mod options;
mod server;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::dialect::Mysql;
pub use self::options::MysqlOptions;
use crate::server::{SqlStore, public_store};

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

public_store!(MysqlStore, MysqlOptions);
