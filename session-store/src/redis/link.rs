use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(feature = "cached")]
use redis::Client;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisResult, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::failure::{Failure, Reach};
use super::origin::Origin;

/// A connection to one server, which all calls share, and which reconnects after a failure.
pub(super) struct Link {
    origin: Origin,
    open: Mutex<Open>,
    /// Held by the call that connects while others wait.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Open {
    connection: Option<MultiplexedConnection>,
    /// The number of connections made so far.
    number: u64,
}

impl Link {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
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
    pub(super) async fn call(&self, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        match self.call_once(command, deadline).await {
            // The server is a replica now and refused the command.
            Err(failure)
                if failure.is_fatal()
                    && failure.reach == Reach::NotDone
                    && self.origin.may_change() =>
            {
                self.call_once(command, deadline).await
            }
            answer => answer,
        }
    }

    /// Sends a command that may be applied twice, and again if the connection breaks.
    pub(super) async fn ask(&self, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        match self.call(command, deadline).await {
            Err(failure) if failure.is_cut_off() => self.call(command, deadline).await,
            answer => answer,
        }
    }

    /// Returns a section of the server's `INFO`.
    pub(super) async fn info(&self, section: &str, deadline: Instant) -> Result<String, Failure> {
        let question = cmd("INFO").arg(section).take();
        match self.ask(&question, deadline).await? {
            Value::BulkString(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            _ => Ok(String::new()),
        }
    }

    /// Sends a command to a node to which the slot is being moved (`ASKING`).
    pub(super) async fn call_asking(
        &self,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("ASKING").ignore().add_command(command.clone());
        let (number, mut connection) = self.connection(deadline).await?;
        let sent = async {
            let answers = connection.send_packed_commands(&pipeline, 1, 1).await?;
            Ok(answers.into_iter().next_back().unwrap_or(Value::Nil))
        };
        self.within(number, deadline, sent).await
    }

    async fn call_once(&self, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        let (number, mut connection) = self.connection(deadline).await?;
        let sent = connection.send_packed_command(command);
        self.within(number, deadline, sent).await
    }

    async fn within(
        &self,
        number: u64,
        deadline: Instant,
        sent: impl Future<Output = RedisResult<Value>>,
    ) -> Result<Value, Failure> {
        let sent = async { sent.await.and_then(Value::extract_error) };
        let failure = match timeout_at(deadline, sent).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure::of(&self.endpoint(), error),
            Err(_) => Failure::slow(&self.endpoint()),
        };
        if failure.is_fatal() {
            let mut open = self.open();
            if open.number == number {
                open.connection = None;
            }
        }
        Err(failure)
    }

    async fn connection(&self, deadline: Instant) -> Result<(u64, MultiplexedConnection), Failure> {
        let connecting = async {
            if let Some(found) = self.present() {
                return Ok(found);
            }
            let _gate = self.gate.lock().await;
            if let Some(found) = self.present() {
                return Ok(found);
            }
            let client = self.origin.server(deadline).await?;
            // Calls have deadlines of their own.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(None)
                .set_response_timeout(None);
            let connected = client.get_multiplexed_async_connection_with_config(&config);
            let connection = connected
                .await
                .map_err(|error| Failure::of(&self.endpoint(), error))?;
            let mut open = self.open();
            open.number += 1;
            open.connection = Some(connection.clone());
            Ok((open.number, connection))
        };
        match timeout_at(deadline, connecting).await {
            Ok(connected) => connected.map_err(Failure::before_sending),
            Err(_) => Err(Failure::slow(&self.endpoint()).before_sending()),
        }
    }

    fn present(&self) -> Option<(u64, MultiplexedConnection)> {
        let open = self.open();
        open.connection.clone().map(|found| (open.number, found))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.origin)
    }
}
