use std::sync::Arc;

use sqlx::{Database, Error};

use super::Server;
use crate::sql::{Driver, Effect, Prepared, Value};

/// A kind of server: its own SQL, and its table.
pub(crate) trait Dialect:
    Server<Connection = <Self::Driver as Database>::Connection> + Sized
{
    type Driver: Driver;

    /// Writes a statement of [`Statements`](crate::sql::Statements).
    fn sql(&self, effect: Effect, template: &str) -> String;

    /// Says whether connections keep prepared statements.
    fn prepared(&self) -> Prepared {
        Prepared::Kept
    }

    /// Returns how many rows a statement has matched, changed or not.
    fn count(done: &<Self::Driver as Database>::QueryResult) -> u64;

    /// Removes sessions by a revoking statement, and returns how many of them were listed.
    fn revoke(
        &self,
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
        now: i64,
    ) -> impl Future<Output = Result<usize, Error>> + Send;

    /// Removes at most `limit` sessions that ended from `from` to `now`.
    ///
    /// Returns how many it removed, and the end of the last one. It waits for no lock, and several
    /// sweeps may run at once.
    fn sweep(
        &self,
        connection: &mut Self::Connection,
        from: i64,
        now: i64,
        limit: i64,
    ) -> impl Future<Output = Result<(usize, Option<i64>), Error>> + Send;

    /// Creates the table unless it exists, and says whether it is ours.
    ///
    /// If the table exists, this takes no lock and needs no privilege.
    fn prepare(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<Kind, Error>> + Send;

    /// Runs a statement that writes and returns how many rows it has matched; 0 if the key is taken.
    fn matched(
        &self,
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<usize, Error>> + Send {
        async move {
            match Self::Driver::execute(connection, text, values, self.prepared()).await {
                Ok(done) => Ok(usize::try_from(Self::count(&done)).unwrap_or(usize::MAX)),
                Err(Error::Database(error)) if error.is_unique_violation() => Ok(0),
                Err(error) => Err(error),
            }
        }
    }
}

/// The maker of the table that has our name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Foreign,
    Ours,
}
