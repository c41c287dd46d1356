//! The table of a store on a server: making it, upgrading it, and the rights to use it.

use std::time::Duration;

use session_core::{Digest, Record, Revision, StoreError};
use sqlx::Error;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{Dialect, Lent, SqlStore};
use crate::sql::{
    Driver as _, EMPTY, Effect, Migration, Need, ROOM, Statements, Trouble, Value, change, look,
};

impl<D: Dialect> SqlStore<D> {
    /// Makes the table or upgrades it if it needs that, and refuses one that is not ours.
    pub(crate) async fn prepare(&self, migration: Migration) -> Result<(), StoreError> {
        let need = self.look().await?;
        let trouble = match (need, migration) {
            (Ok(Need::Nothing), _) => return Ok(()),
            (Ok(Need::Creation), Migration::Never) => Trouble::Missing,
            (Ok(Need::Upgrade(sql)), Migration::Never) => Trouble::Old(sql),
            (Ok(_), Migration::Allowed) => match Box::pin(self.change()).await {
                Ok(()) => return Ok(()),
                // Where nodes can't wait for each other, another one may have been faster.
                Err(trouble) => match self.look().await? {
                    Ok(Need::Nothing) => return Ok(()),
                    _ => trouble,
                },
            },
            (Err(trouble), _) => trouble,
        };
        Err(self.trouble(trouble))
    }

    /// Succeeds if the user may read, insert, update and delete, and there is room for a session.
    pub(crate) async fn try_rights(&self) -> Result<(), StoreError> {
        let try_rights = move |mut connection: Lent<D::Connection>| async move {
            let lacking = self.lacking_right(&mut connection).await;
            (connection, lacking)
        };
        let Some((right, error)) = self.pool.run("use", try_rights).await? else {
            return Ok(());
        };
        let (server, table) = (self.pool.server(), self.table());
        Err(StoreError::new(format!(
            "can't use {server}: this user lacks the right {right} on table {table}; grant it"
        ))
        .caused_by(error))
    }

    /// Refuses a pool of the application's whose connections have settings that lose data.
    pub(crate) async fn refuse_unfit_pool(&self) -> Result<(), StoreError> {
        let ask = |mut connection: Lent<D::Connection>| async move {
            let flaw = D::flaw(&mut connection).await;
            (connection, flaw)
        };
        match self.pool.run("use", ask).await? {
            None => Ok(()),
            Some(flaw) => Err(StoreError::new(format!(
                "can't use {}: the pool's connections {flaw}",
                self.pool.server()
            ))),
        }
    }

    async fn look(&self) -> Result<Result<Need, Trouble>, StoreError> {
        let server = self.pool.server();
        let look = move |mut connection: Lent<D::Connection>| async move {
            let found = match look(server, &mut connection).await {
                // The table itself is found in the catalogue.
                Err(Trouble::Failed(error)) if D::lacks_right(&error) => {
                    Ok(Err(Trouble::Unreadable(error)))
                }
                Err(Trouble::Failed(error)) => Err(error),
                found => Ok(found),
            };
            (connection, found)
        };
        self.pool.run("read the session table in", look).await
    }

    /// Changes the table on a connection of its own, which may take long.
    async fn change(&self) -> Result<(), Trouble> {
        let server = self.pool.server();
        let changed = async {
            let connection = self.pool.connection().await;
            let mut connection = connection.map_err(Trouble::Failed)?;
            let changed = change(server, &mut connection).await;
            // Whatever the end of the connection undoes or releases has failed already.
            _ = connection.close().await;
            changed
        };
        let late = || Trouble::Failed(Error::PoolTimedOut);
        timeout(LONG, changed).await.unwrap_or_else(|_| Err(late()))
    }

    /// Tries each statement in an order in which the first that fails tells the right.
    async fn lacking_right(
        &self,
        connection: &mut D::Connection,
    ) -> Result<Option<(&'static str, Error)>, Error> {
        let Statements {
            load,
            replace,
            probe,
            unprobe,
            ..
        } = &self.statements;
        let server = self.pool.server();
        let lacks = |right, error| {
            if D::lacks_right(&error) {
                Ok(Some((right, error)))
            } else {
                Err(error)
            }
        };
        if let Err(error) = D::Driver::fetch(connection, load, &[EMPTY], server.prepared()).await {
            return lacks("SELECT", error);
        }
        let record = nothing();
        let never = Value::Number(i64::MAX);
        let replaced = [Value::Fields(&record), EMPTY, never, never];
        for (right, text, values) in [
            // Before the row is there, so that it does not stay.
            ("DELETE", unprobe, &[EMPTY][..]),
            ("UPDATE", replace, &replaced),
            ("INSERT", probe, &[EMPTY, ROOM, EMPTY]),
            ("DELETE", unprobe, &[EMPTY]),
        ] {
            if let Err(error) = server.matched(connection, text, values).await {
                return lacks(right, error);
            }
        }
        Ok(None)
    }

    fn trouble(&self, trouble: Trouble) -> StoreError {
        let (server, table) = (self.pool.server(), self.table());
        let text = trouble.to_string();
        match trouble.into_error() {
            None => StoreError::new(format!("can't use table {table} in {server}: {text}")),
            Some(error) => {
                let reason = D::reason(&error);
                let message = format!("can't use table {table} in {server}: {reason}; {text}");
                StoreError::new(message).caused_by(error)
            }
        }
    }

    fn table(&self) -> String {
        self.pool.server().sql(Effect::Nothing, "TABLE")
    }
}

/// A record that is never stored.
fn nothing() -> Record {
    let digest = Digest::from_bytes(&[0; 16]).expect("16 bytes are a digest");
    let moment = OffsetDateTime::UNIX_EPOCH;
    Record::new(Revision::from_i64(0), digest, moment, moment)
}

/// How long an upgrade may take; an index on a million sessions takes seconds.
const LONG: Duration = Duration::from_mins(10);
