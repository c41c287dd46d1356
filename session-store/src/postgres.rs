mod dialect;
#[cfg(feature = "cached")]
mod listening;
mod notify;
mod options;
mod server;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::dialect::Postgres;
pub use self::notify::Notify;
pub use self::options::PostgresOptions;
use crate::server::{SqlStore, public_store};

/// Keeps sessions in a table of a PostgreSQL database, which may hold other tables too.
///
/// Clones are the same store. Every command is one statement, committed by itself, under any
/// isolation level. What is undone because of others that run at the same time (a deadlock, a
/// serialization failure) is tried again.
///
/// It needs a tokio runtime with time and I/O. No call waits for ever: see
/// [`PostgresOptions::timeout`]. After an outage it connects again by itself, and a call that
/// finds a broken connection goes on with a fresh one.
///
/// ```no_run
/// use session_core::{Policy, Sessions};
/// use session_store::PostgresStore;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::open("postgres://app:secret@localhost/shop").await?;
/// let sessions = Sessions::new(Policy::default(), store);
/// # drop(sessions);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore(Arc<SqlStore<Postgres>>);

public_store!(PostgresStore, PostgresOptions);
