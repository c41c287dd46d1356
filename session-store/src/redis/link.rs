use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
#[cfg(feature = "cached")]
use redis::Client;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisResult, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::connection::RedisConnection;
use super::failure::Failure;
use super::origin::Origin;
use crate::home::Home;

/// A connection to one server, which all calls share, and which reconnects after a failure.
///
/// Each new connection looks for the server again: its address may lead to another one by now.
pub(super) struct Link {
    origin: Origin,
    limits: Limits,
    /// The runtime that serves the connections.
    home: Home,
    open: Mutex<Open>,
    /// Held by the call that connects while others wait; only at home, where no worker is blocked.
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

impl Link {
    pub(super) fn new(origin: Origin, limits: Limits, home: Home) -> Self {
        Self {
            origin,
            limits,
            home,
            open: Mutex::default(),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn endpoint(&self) -> String {
        self.origin.to_string()
    }

    /// Returns the server that a new connection would lead to.
    #[cfg(feature = "cached")]
    pub(super) async fn server(&self, deadline: Instant) -> Result<Client, Failure> {
        match timeout_at(deadline, self.origin.server(deadline)).await {
            Ok(server) => server,
            Err(_) => Err(Failure::slow(&self.endpoint())),
        }
    }

    /// Says whether the next connection may lead to another server.
    #[cfg(feature = "cached")]
    pub(super) fn may_change(&self) -> bool {
        self.origin.may_change()
    }

    /// Sends a command and returns the answer by the deadline.
    pub(super) async fn call(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let (number, connection) = self.connection(deadline).await?;
        let answer = self.call_on(number, connection, command, deadline).await;
        match answer {
            // It is a replica now, or something else is wrong with it. Another one may serve.
            Err(failure) if failure.is_unfit() && self.origin.may_change() && !self.has(number) => {
                let (number, connection) = self.connection(deadline).await?;
                self.call_on(number, connection, command, deadline).await
            }
            answer => answer,
        }
    }

    /// Sends a command that may be applied twice, and again if the connection breaks.
    pub(super) async fn ask(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        match self.call(command, deadline).await {
            Err(failure) if failure.is_cut_off() => self.call(command, deadline).await,
            answer => answer,
        }
    }

    /// Returns a section of the server's `INFO`; `None` if the user must not ask.
    pub(super) async fn info(
        self: &Arc<Self>,
        section: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Failure> {
        let question = cmd("INFO").arg(section).take();
        match self.ask(&question, deadline).await {
            Ok(Value::BulkString(text)) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            // By version 3 of the protocol.
            Ok(Value::VerbatimString { text, .. }) => Ok(Some(text)),
            Ok(_) => Ok(None),
            Err(failure) if failure.is_refusal() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a command to a node to which the slot is being moved (`ASKING`).
    pub(super) async fn call_asking(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("ASKING").ignore().add_command(command.clone());
        let (number, mut connection) = self.connection(deadline).await?;
        let sent = connection.send_second_of(&pipeline);
        self.within(number, deadline, sent).await
    }

    async fn call_on(
        &self,
        number: u64,
        mut connection: RedisConnection,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let sent = connection.send(command);
        self.within(number, deadline, sent).await
    }

    async fn within(
        &self,
        number: u64,
        deadline: Instant,
        sent: impl Future<Output = RedisResult<Value>>,
    ) -> Result<Value, Failure> {
        let sent = async { sent.await.and_then(Value::extract_error) };
        let mut wait = Wait::on(self, number);
        let answer = timeout_at(deadline, sent).await;
        wait.end();
        let failure = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure::of(&self.endpoint(), error),
            Err(_) => Failure::slow(&self.endpoint()),
        };
        self.give_up(number, &failure);
        Err(failure)
    }

    /// Drops the connection after a failure for which it is no use to keep it.
    fn give_up(&self, number: u64, failure: &Failure) {
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

    fn closed(&self) -> Failure {
        Failure::because(&self.endpoint(), "the store is closed")
    }

    /// Says whether this connection is the present one.
    fn has(&self, number: u64) -> bool {
        let open = self.open();
        open.number == number && open.connection.is_some()
    }

    async fn connection(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<(u64, RedisConnection), Failure> {
        if self.open().is_closed {
            return Err(self.closed());
        }
        if let Origin::Given(connection) = &self.origin {
            return Ok((0, connection.clone()));
        }
        if let Some(found) = self.present() {
            return Ok(found);
        }
        let link = Arc::clone(self);
        // Boxed, as a deep future would reach the compiler's limit.
        let connecting = async move { Ok(link.connect(deadline).await) }.boxed();
        match timeout_at(deadline, self.home.run(connecting)).await {
            Ok(Ok(connected)) => connected.map_err(Failure::before_sending),
            Ok(Err(_)) => Err(Failure::homeless(&self.endpoint())),
            Err(_) => Err(Failure::slow(&self.endpoint()).before_sending()),
        }
    }

    /// Makes a connection, unless another call has just made one.
    async fn connect(&self, deadline: Instant) -> Result<(u64, RedisConnection), Failure> {
        let _gate = self.gate.lock().await;
        if let Some(found) = self.present() {
            return Ok(found);
        }
        let client = self.origin.server(deadline).await?;
        // Calls have deadlines of their own.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        let connection = connected
            .await
            .map_err(|error| Failure::of(&self.endpoint(), error))?;
        let connection = RedisConnection::from(connection);
        let mut open = self.open();
        if open.is_closed {
            return Err(self.closed());
        }
        open.number += 1;
        open.used = Some(Instant::now());
        open.unheard = None;
        open.connection = Some(connection.clone());
        Ok((open.number, connection))
    }

    /// Returns the connection, unless a firewall may have forgotten it: it was idle for long, or has
    /// answered nothing for as long as a call may take.
    fn present(&self) -> Option<(u64, RedisConnection)> {
        let mut open = self.open();
        let now = Instant::now();
        let is_over = |since: Option<Instant>, limit| {
            since.is_some_and(|since| now.duration_since(since) > limit)
        };
        let Limits { idle, silence } = self.limits;
        if is_over(open.used, idle) || is_over(open.unheard, silence) {
            open.connection = None;
        }
        open.used = Some(now);
        open.connection.clone().map(|found| (open.number, found))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that waits for its answer.
///
/// A caller may give up before the time-out, and many may do so: then nobody else would notice that
/// the connection answers no more.
struct Wait<'a> {
    link: &'a Link,
    number: u64,
    since: Instant,
    has_ended: bool,
}

impl<'a> Wait<'a> {
    fn on(link: &'a Link, number: u64) -> Self {
        Self {
            link,
            number,
            since: Instant::now(),
            has_ended: false,
        }
    }

    /// The answer is there, or the call's time is over, which has consequences of its own.
    fn end(&mut self) {
        self.has_ended = true;
        let mut open = self.link.open();
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
        let mut open = self.link.open();
        if open.number == self.number {
            open.unheard.get_or_insert(self.since);
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.origin)
    }
}
