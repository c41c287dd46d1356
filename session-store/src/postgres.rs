mod dialect;
#[cfg(feature = "cached")]
mod listening;
mod notify;
mod options;
mod pooler;
mod server;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::dialect::Postgres;
pub use self::notify::Notify;
pub use self::options::PostgresOptions;
#[cfg(feature = "legacy")]
pub(crate) use self::pooler::limited;
#[cfg(feature = "django")]
pub(crate) use self::table::columns_of;
use crate::home::AtHome;
use crate::server::{SqlStore, public_store};

/// A store in a table of a PostgreSQL database.
///
/// Clones are the same store. Every command is one statement with its own commit, and works under
/// any isolation level. A statement that a deadlock or a serialization failure undid is repeated.
///
/// Its connections belong to the tokio runtime that opens it, if that has several threads, and
/// otherwise to a thread of their own: a blocked worker of the server holds up no other one. Calls may
/// come from anywhere; the runtime has to keep running. Every call ends within twice the
/// [time-out](PostgresOptions::timeout). After an outage it reconnects by itself, and a call that
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
pub struct PostgresStore(AtHome<SqlStore<Postgres>>);

public_store!(
    PostgresStore,
    PostgresOptions,
    sqlx::PgPool,
    "A pool that goes through PgBouncer in transaction mode is not detected, and calls would fail: \
     open the store by its URL instead."
);
