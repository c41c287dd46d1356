//! The table of a store on a server: making it, upgrading it, and the rights to use it.

use std::sync::Arc;
use std::time::Duration;

use session_core::{Digest, Moment, Record, Revision, StoreError};
use sqlx::Error;
use tokio::time::timeout;

use super::{Dialect, Lent, Pool, SqlStore};
use crate::sql::{
    Driver as _, EMPTY, Effect, Migration, Need, ROOM, Schema, Statements, Trouble, Value, change,
    look,
};

impl<D: Dialect> SqlStore<D> {
    /// Makes the table or upgrades it if it needs that, and refuses one that is not ours.
    pub(crate) async fn prepare(&self, migration: Migration) -> Result<(), StoreError> {
        prepare(&self.pool, self.pool.server(), migration).await
    }

    /// Succeeds if the user may read, insert, update and delete, and there is room for a session.
    pub(crate) async fn try_rights(&self) -> Result<(), StoreError> {
        let Statements {
            load,
            replace,
            probe,
            unprobe,
            ..
        } = &self.statements;
        let record = nothing();
        let never = Value::Number(i64::MAX);
        let replaced = [Value::Fields(&record), EMPTY, never, never];
        let trials = [
            // Before the row is there, so that it does not stay.
            ("DELETE", unprobe, &[EMPTY][..]),
            ("UPDATE", replace, &replaced),
            ("INSERT", probe, &[EMPTY, ROOM, EMPTY]),
            ("DELETE", unprobe, &[EMPTY]),
        ];
        let table = self.pool.server().sql(Effect::Nothing, "TABLE");
        try_rights(&self.pool, &table, (load, &[EMPTY]), &trials).await
    }

    /// Refuses a pool of the application's whose connections have settings that lose data.
    pub(crate) async fn refuse_unfit_pool(&self) -> Result<(), StoreError> {
        refuse_unfit(&self.pool).await
    }
}

/// Makes a table or upgrades it if it needs that, and refuses one that is another program's.
pub(crate) async fn prepare<D, S>(
    pool: &Pool<D>,
    schema: &S,
    migration: Migration,
) -> Result<(), StoreError>
where
    D: Dialect,
    S: Schema<Link = D::Connection>,
{
    let need = look_at(pool, schema).await?;
    let trouble = match (need, migration) {
        (Ok(Need::Nothing), _) => return Ok(()),
        (Ok(Need::Creation), Migration::Never) => Trouble::Missing,
        (Ok(Need::Upgrade(sql)), Migration::Never) => Trouble::Old(sql),
        (Ok(_), Migration::Allowed) => match Box::pin(change_on(pool, schema)).await {
            Ok(()) => return Ok(()),
            // Where nodes can't wait for each other, another one may have been faster.
            Err(trouble) => match look_at(pool, schema).await? {
                Ok(Need::Nothing) => return Ok(()),
                _ => trouble,
            },
        },
        (Err(trouble), _) => trouble,
    };
    let (server, table, text) = (pool.server(), schema.quoted(), schema.explain(&trouble));
    Err(match trouble.into_error() {
        None => StoreError::new(format!("can't use table {table} in {server}: {text}")),
        Some(error) => {
            let reason = D::reason(&error);
            let message = format!("can't use table {table} in {server}: {reason}; {text}");
            StoreError::new(message).caused_by(super::cause(error))
        }
    })
}

/// A statement with its values, and the right that it needs.
pub(crate) type Trial<'v> = (&'static str, &'v Arc<str>, &'v [Value<'v>]);

/// Reads, and tries each statement in an order in which the first that fails tells the right.
pub(crate) async fn try_rights<D: Dialect>(
    pool: &Pool<D>,
    table: &str,
    (read, values): (&Arc<str>, &[Value<'_>]),
    trials: &[Trial<'_>],
) -> Result<(), StoreError> {
    let server = pool.server();
    let lacks = |right, error| {
        if D::lacks_right(&error) {
            Ok(Some((right, error)))
        } else {
            Err(error)
        }
    };
    let lacking_right = async |connection: &mut D::Connection| {
        let found = D::Driver::fetch(connection, read, values, server.prepared()).await;
        if let Err(error) = found {
            return lacks("SELECT", error);
        }
        for (right, text, values) in trials {
            if let Err(error) = server.matched(connection, text, values).await {
                return lacks(*right, error);
            }
        }
        Ok(None)
    };
    let try_rights = |mut connection: Lent<D::Connection>| async {
        let lacking = lacking_right(&mut connection).await;
        (connection, lacking)
    };
    let Some((right, error)) = pool.run("use", try_rights).await? else {
        return Ok(());
    };
    Err(StoreError::new(format!(
        "can't use {server}: this user lacks the right {right} on table {table}; grant it"
    ))
    .caused_by(super::cause(error)))
}

/// Refuses a pool of the application's whose connections have settings that lose data.
pub(crate) async fn refuse_unfit<D: Dialect>(pool: &Pool<D>) -> Result<(), StoreError> {
    let ask = |mut connection: Lent<D::Connection>| async move {
        let flaw = D::flaw(&mut connection).await;
        (connection, flaw)
    };
    match pool.run("use", ask).await? {
        None => Ok(()),
        Some(flaw) => Err(StoreError::new(format!(
            "can't use {}: the pool's connections {flaw}",
            pool.server()
        ))),
    }
}

async fn look_at<D, S>(pool: &Pool<D>, schema: &S) -> Result<Result<Need, Trouble>, StoreError>
where
    D: Dialect,
    S: Schema<Link = D::Connection>,
{
    let look = move |mut connection: Lent<D::Connection>| async move {
        let found = match look(schema, &mut connection).await {
            // The table itself is found in the catalogue.
            Err(Trouble::Failed(error)) if D::lacks_right(&error) => {
                Ok(Err(Trouble::Unreadable(error)))
            }
            Err(Trouble::Failed(error)) => Err(error),
            found => Ok(found),
        };
        (connection, found)
    };
    pool.run("read the session table in", look).await
}

/// Changes the table on a connection of its own, which may take long.
async fn change_on<D, S>(pool: &Pool<D>, schema: &S) -> Result<(), Trouble>
where
    D: Dialect,
    S: Schema<Link = D::Connection>,
{
    let changed = async {
        let connection = pool.connection().await;
        let mut connection = connection.map_err(Trouble::Failed)?;
        let changed = change(schema, &mut connection).await;
        // Whatever the end of the connection undoes or releases has failed already.
        _ = connection.close().await;
        changed
    };
    let late = || Trouble::Failed(Error::PoolTimedOut);
    timeout(LONG, changed).await.unwrap_or_else(|_| Err(late()))
}

/// A record that is never stored.
fn nothing() -> Record {
    let digest = Digest::from_bytes(&[0; 16]).expect("16 bytes are a digest");
    let moment = Moment::UNIX_EPOCH;
    Record::new(Revision::from_i64(0), digest, moment, moment)
}

/// How long an upgrade may take; an index on a million sessions takes seconds.
const LONG: Duration = Duration::from_mins(10);
