use std::sync::Arc;

use sqlx::{Database, Error};

use super::Server;
use crate::sql::{Driver, Effect, Prepared, Schema, Value};

/// A kind of server: its own SQL, and its table.
pub(crate) trait Dialect:
    Server<Connection = <Self::Driver as Database>::Connection>
    + Schema<Link = <Self::Driver as Database>::Connection>
    + Sized
{
    type Driver: Driver;

    /// Writes a statement of [`Statements`](crate::sql::Statements).
    fn sql(&self, effect: Effect, template: &str) -> String;

    /// The query for the server's time, in microseconds since 1970.
    const TIME: &'static str;

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

    /// Returns the flaw of a connection that the application has set up, and the remedy.
    fn flaw(
        _: &mut Self::Connection,
    ) -> impl Future<Output = Result<Option<&'static str>, Error>> + Send {
        std::future::ready(Ok(None))
    }

    /// Says whether the user lacks a right to a table or to one of its columns.
    fn lacks_right(error: &Error) -> bool;

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
