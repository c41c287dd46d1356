use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::home::Home;
use crate::sql::Held;

/// A pool's connection in the hands of a call, with the call's seat.
///
/// A call that is cancelled leaves its statement running on the server. Its seat is then taken
/// until the server has answered, so that there are never more statements than seats; the
/// connection is closed.
pub(crate) struct Lent<C: Connection + 'static> {
    /// `None` once it was given back.
    held: Option<(Held<C>, OwnedSemaphorePermit)>,
    home: Home,
    /// How long the server may take to answer a cancelled call.
    limit: Duration,
}

impl<C: Connection + 'static> Lent<C> {
    pub(super) fn new(
        connection: Held<C>,
        seat: OwnedSemaphorePermit,
        home: &Home,
        limit: Duration,
    ) -> Self {
        Self {
            held: Some((connection, seat)),
            home: home.clone(),
            limit,
        }
    }

    pub(super) fn give_back(mut self) -> (Held<C>, OwnedSemaphorePermit) {
        self.held.take().expect(HELD)
    }
}

impl<C: Connection + 'static> Deref for Lent<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.held.as_ref().expect(HELD).0
    }
}

impl<C: Connection + 'static> DerefMut for Lent<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.held.as_mut().expect(HELD).0
    }
}

impl<C: Connection + 'static> Drop for Lent<C> {
    fn drop(&mut self) {
        let Some((mut connection, seat)) = self.held.take() else {
            return;
        };
        let limit = self.limit;
        self.home.spawn(async move {
            // The answer to the cancelled statement comes before that to the ping.
            match timeout(limit, connection.ping()).await {
                Ok(Ok(())) => _ = timeout(limit, connection.close()).await,
                _ => connection.discard(),
            }
            drop(seat);
        });
    }
}

const HELD: &str = "a lent connection is held until it is given back";
