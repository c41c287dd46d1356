use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::AsyncConnectionConfig;
use tokio::time::Instant;

use super::connection::RedisConnection;
use super::failure::Failure;
use super::origin::Origin;

/// A connection that calls share, and that is made again after a failure.
///
/// Each new connection looks for the server again: its address may lead to another one by now.
#[derive(Default)]
pub(super) struct Lane {
    open: Mutex<Open>,
    /// Held by the call that connects while others wait. They are of the runtime that serves the lane, so no blocked
    /// worker keeps others waiting.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Open {
    connection: Option<RedisConnection>,
    /// The number of connections made so far.
    number: u64,
    /// Whether the store was closed.
    is_closed: bool,
    /// The last use of the connection.
    used: Option<Instant>,
    /// The last time that a connection was given up because the server refused commands.
    given_up: Option<Instant>,
}

/// The least time between two connections that are given up because the server refuses commands.
///
/// A server whose memory is full refuses every write, and new connections would not help.
const PATIENCE: Duration = Duration::from_secs(1);

/// The number of commands that may wait to be sent.
///
/// So many that none waits for room: a place could be given to a task of a blocked worker.
const QUEUE: usize = 1_000_000;

impl Lane {
    /// Makes a connection that the current runtime serves, unless another call has just made one.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        max_idle: Duration,
        deadline: Instant,
    ) -> Result<(u64, RedisConnection), Failure> {
        let _gate = self.gate.lock().await;
        if let Some(found) = self.present(max_idle) {
            return Ok(found);
        }
        let client = origin.server(deadline).await?;
        // Calls have deadlines of their own.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        let connection = connected
            .await
            .map_err(|error| Failure::of(&origin.to_string(), error))?;
        let connection = RedisConnection::from(connection);
        let mut open = self.open();
        if open.is_closed {
            return Err(Failure::closed(&origin.to_string()));
        }
        open.number += 1;
        open.used = Some(Instant::now());
        open.connection = Some(connection.clone());
        Ok((open.number, connection))
    }

    /// Returns the connection, unless it was idle for so long that a firewall may have forgotten it.
    pub(super) fn present(&self, max_idle: Duration) -> Option<(u64, RedisConnection)> {
        let mut open = self.open();
        let now = Instant::now();
        let is_old = |used| now.duration_since(used) > max_idle;
        if open.used.is_some_and(is_old) {
            open.connection = None;
        }
        open.used = Some(now);
        open.connection.clone().map(|found| (open.number, found))
    }

    /// Says whether this connection is the present one.
    pub(super) fn has(&self, number: u64) -> bool {
        let open = self.open();
        open.number == number && open.connection.is_some()
    }

    /// Drops the connection after a failure for which it is no use to keep it.
    pub(super) fn give_up(&self, number: u64, failure: &Failure) {
        let mut open = self.open();
        if open.number != number {
            return;
        }
        if failure.is_unfit() {
            let now = Instant::now();
            if open.given_up.is_some_and(|last| now < last + PATIENCE) {
                return;
            }
            open.given_up = Some(now);
            open.connection = None;
        } else if failure.is_fatal() {
            open.connection = None;
        }
    }

    /// Drops the connection and makes no other one.
    pub(super) fn close(&self) {
        let mut open = self.open();
        open.is_closed = true;
        open.connection = None;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.open().is_closed
    }

    /// Says whether no call has asked for the connection for this time.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        self.open().used.is_none_or(|used| used.elapsed() > time)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
