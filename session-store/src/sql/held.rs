use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Error};

/// A connection: our own, or one of a pool that the application has as well.
#[derive(Debug)]
pub(crate) enum Held<C: Connection> {
    Own(C),
    Shared(PoolConnection<C::Database>),
}

impl<C: Connection> Held<C> {
    /// Drops a connection that nobody may use again.
    pub(crate) fn discard(mut self) {
        self.close_on_drop();
    }

    /// Has the connection closed when it is dropped, in place of going back to its pool.
    pub(crate) fn close_on_drop(&mut self) {
        if let Self::Shared(connection) = self {
            connection.close_on_drop();
        }
    }

    /// Closes the connection in the server's knowledge.
    pub(crate) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Own(connection) => connection.close().await,
            Self::Shared(connection) => connection.close().await,
        }
    }
}

impl<C: Connection> Deref for Held<C> {
    type Target = C;

    fn deref(&self) -> &C {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(connection) => connection,
        }
    }
}

impl<C: Connection> DerefMut for Held<C> {
    fn deref_mut(&mut self) -> &mut C {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(connection) => connection,
        }
    }
}
