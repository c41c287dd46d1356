mod dialect;
mod options;
mod server;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::dialect::Mysql;
#[cfg(feature = "legacy")]
pub(crate) use self::dialect::settings;
pub use self::options::MysqlOptions;
#[cfg(feature = "django")]
pub(crate) use self::table::columns_of;
use crate::home::AtHome;
use crate::server::{SqlStore, public_store};

/// A store in a table of a MySQL or MariaDB database.
///
/// Clones are the same store. Every command is one statement with its own commit, and works under
/// any isolation level and `sql_mode`. A statement that a deadlock undid is repeated.
///
/// Its connections belong to the tokio runtime that opens it, if that has several threads, and
/// otherwise to a thread of their own: a blocked worker of the server holds up no other one. Calls may
/// come from anywhere; the runtime has to keep running. Every call ends within twice the
/// [time-out](MysqlOptions::timeout). After an outage it reconnects by itself, and a call that
/// finds a broken connection goes on with a fresh one.
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
pub struct MysqlStore(AtHome<SqlStore<Mysql>>);

public_store!(MysqlStore, MysqlOptions, sqlx::MySqlPool);
