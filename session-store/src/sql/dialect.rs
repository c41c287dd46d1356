use std::sync::Arc;

use sqlx::{Database, Error};

use super::{Driver, Server, Value};

/// What one family of servers has of its own: SQL that others do not understand, and the table.
pub(crate) trait Dialect:
    Server<Connection = <Self::Driver as Database>::Connection> + Sized
{
    type Driver: Driver;

    /// Ends an `INSERT` that does nothing where the key is taken; empty if that is an error.
    const IF_ABSENT: &'static str;

    /// Writes a statement in which `TABLE` stands for the table, `KEY` for its column of that name
    /// and `?` for a value.
    fn sql(&self, effect: Effect, text: &str) -> String;

    /// Returns how many rows a statement has matched, changed or not.
    fn count(done: &<Self::Driver as Database>::QueryResult) -> u64;

    /// Removes sessions that ended from `from` to `now`, at most `limit`, and returns how many and
    /// the end of the last one. It waits for nobody, and several may do it at once.
    fn sweep(
        &self,
        connection: &mut Self::Connection,
        from: i64,
        now: i64,
        limit: i64,
    ) -> impl Future<Output = Result<(usize, Option<i64>), Error>> + Send;

    /// Makes the table unless it is there, and says whether it is ours.
    ///
    /// One that is there costs no lock and no privilege.
    fn prepare(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<Kind, Error>> + Send;

    /// Runs a writing statement and returns how many rows it has matched; 0 if its key is taken.
    fn matched(
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<usize, Error>> + Send {
        async {
            match Self::Driver::execute(connection, text, values).await {
                Ok(done) => Ok(usize::try_from(Self::count(&done)).unwrap_or(usize::MAX)),
                Err(Error::Database(error)) if error.is_unique_violation() => Ok(0),
                Err(error) => Err(error),
            }
        }
    }
}

/// What a statement does to the sessions that it matches, for those that have copies of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Changes,
    /// Ends a session or one of its secrets.
    Ends,
    Nothing,
}

/// What has our table's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Foreign,
    Ours,
}
