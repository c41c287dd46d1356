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

/// How long a connection is trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Without a use.
    pub(super) idle: Duration,
    /// Without an answer.
    pub(super) silence: Duration,
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
    /// When the first command was sent whose caller has given up, if nothing was answered since.
    unheard: Option<Instant>,
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
        limits: Limits,
        deadline: Instant,
    ) -> Result<(u64, RedisConnection), Failure> {
        let _gate = self.gate.lock().await;
        if let Some(found) = self.present(limits) {
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
        open.unheard = None;
        open.connection = Some(connection.clone());
        Ok((open.number, connection))
    }

    /// Returns the connection, unless a firewall may have forgotten it: it was idle for long, or has
    /// answered nothing for as long as a call may take.
    pub(super) fn present(&self, limits: Limits) -> Option<(u64, RedisConnection)> {
        let mut open = self.open();
        let now = Instant::now();
        let is_over = |since: Option<Instant>, limit| {
            since.is_some_and(|since| now.duration_since(since) > limit)
        };
        if is_over(open.used, limits.idle) || is_over(open.unheard, limits.silence) {
            open.connection = None;
        }
        open.used = Some(now);
        open.connection.clone().map(|found| (open.number, found))
    }

    /// Notes that a command waits for its answer on a connection.
    pub(super) fn wait(&self, number: u64) -> Wait<'_> {
        Wait {
            lane: self,
            number,
            since: Instant::now(),
            has_ended: false,
        }
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

    /// Says whether no call has asked for the connection for this time.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        self.open().used.is_none_or(|used| used.elapsed() > time)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that waits for its answer.
///
/// A caller may give up before the time-out, and many may do so: then nobody else would notice that
/// the connection answers no more.
pub(super) struct Wait<'l> {
    lane: &'l Lane,
    number: u64,
    since: Instant,
    has_ended: bool,
}

impl Wait<'_> {
    /// The answer is there, or the call's time is over, which has consequences of its own.
    pub(super) fn end(&mut self) {
        self.has_ended = true;
        let mut open = self.lane.open();
        if open.number == self.number {
            open.unheard = None;
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut open = self.lane.open();
        if open.number == self.number {
            open.unheard.get_or_insert(self.since);
        }
    }
}
