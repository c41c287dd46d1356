use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;
#[cfg(feature = "cached")]
use redis::Client;
use redis::{Cmd, Pipeline, RedisResult, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::connection::RedisConnection;
use super::failure::Failure;
use super::lane::{Lane, Limits};
use super::lanes::{Lanes, Served};
use super::origin::Origin;
use crate::home::Home;

/// The connections to one server.
pub(super) struct Link {
    origin: Origin,
    limits: Limits,
    /// The runtime that serves the common connection.
    home: Home,
    lanes: Lanes,
}

/// A connection in the hands of a call.
struct Taken {
    lane: Arc<Lane>,
    number: u64,
    connection: RedisConnection,
}

impl Link {
    pub(super) fn new(origin: Origin, limits: Limits, home: Home) -> Self {
        Self {
            origin,
            limits,
            home,
            lanes: Lanes::new(),
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
        let mut taken = self.connection(deadline).await?;
        let answer = self.call_on(&mut taken, command, deadline).await;
        match answer {
            // It is a replica now, or something else is wrong with it. Another one may serve.
            Err(failure)
                if failure.is_unfit()
                    && self.origin.may_change()
                    && !taken.lane.has(taken.number) =>
            {
                taken = self.connection(deadline).await?;
                self.call_on(&mut taken, command, deadline).await
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
        let mut taken = self.connection(deadline).await?;
        let sent = taken.connection.send_second_of(&pipeline);
        self.within((&taken.lane, taken.number), deadline, sent)
            .await
    }

    async fn call_on(
        &self,
        taken: &mut Taken,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let sent = taken.connection.send(command);
        self.within((&taken.lane, taken.number), deadline, sent)
            .await
    }

    async fn within(
        &self,
        (lane, number): (&Lane, u64),
        deadline: Instant,
        sent: impl Future<Output = RedisResult<Value>>,
    ) -> Result<Value, Failure> {
        let sent = async { sent.await.and_then(Value::extract_error) };
        let mut wait = lane.wait(number);
        let answer = timeout_at(deadline, sent).await;
        wait.end();
        let failure = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure::of(&self.endpoint(), error),
            Err(_) => Failure::slow(&self.endpoint()),
        };
        lane.give_up(number, &failure);
        Err(failure)
    }

    /// Drops the connections and makes no other ones.
    pub(super) fn close(&self) {
        self.lanes.close();
    }

    async fn connection(self: &Arc<Self>, deadline: Instant) -> Result<Taken, Failure> {
        if self.lanes.is_closed() {
            return Err(Failure::closed(&self.endpoint()));
        }
        if let Origin::Given(connection) = &self.origin {
            return Ok(Taken {
                lane: Arc::clone(self.lanes.home()),
                number: 0,
                connection: connection.clone(),
            });
        }
        let (lane, served) = self.lanes.choose(&self.home);
        let found = match lane.present(self.limits) {
            Some(found) => found,
            None => self.connect(&lane, served, deadline).await?,
        };
        let (number, connection) = found;
        Ok(Taken {
            lane,
            number,
            connection,
        })
    }

    /// Makes a connection in the runtime that serves the lane.
    async fn connect(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        served: Served,
        deadline: Instant,
    ) -> Result<(u64, RedisConnection), Failure> {
        let (link, lane) = (Arc::clone(self), Arc::clone(lane));
        // Boxed, as a deep future would reach the compiler's limit.
        let connecting =
            async move { Ok(lane.connect(&link.origin, link.limits, deadline).await) }.boxed();
        let connected = async {
            match served {
                Served::Here => connecting.await,
                Served::AtHome => self.home.run(connecting).await,
            }
        };
        match timeout_at(deadline, connected).await {
            Ok(Ok(connected)) => connected.map_err(Failure::before_sending),
            Ok(Err(_)) => Err(Failure::homeless(&self.endpoint())),
            Err(_) => Err(Failure::slow(&self.endpoint()).before_sending()),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.origin)
    }
}
