use std::fmt;

use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisResult, Value};

/// A connection that the application has already, for [`RedisOptions::over`](crate::RedisOptions::over).
///
/// It is made of those of the `redis` crate, version 1, that all calls can share. A cluster's
/// connection is none of them: a store on a cluster needs connections to single nodes.
#[derive(Clone)]
pub struct RedisConnection(Kind);

#[derive(Clone)]
enum Kind {
    Manager(ConnectionManager),
    Multiplexed(MultiplexedConnection),
}

impl RedisConnection {
    /// Sends a command and returns the answer.
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match &mut self.0 {
            Kind::Manager(connection) => connection.send_packed_command(command).await,
            Kind::Multiplexed(connection) => connection.send_packed_command(command).await,
        }
    }

    /// Sends two commands and returns the second one's answer.
    pub(super) async fn send_second_of(&mut self, pair: &Pipeline) -> RedisResult<Value> {
        let answers = match &mut self.0 {
            Kind::Manager(connection) => connection.send_packed_commands(pair, 1, 1).await?,
            Kind::Multiplexed(connection) => connection.send_packed_commands(pair, 1, 1).await?,
        };
        Ok(answers.into_iter().next_back().unwrap_or(Value::Nil))
    }
}

impl From<ConnectionManager> for RedisConnection {
    fn from(connection: ConnectionManager) -> Self {
        Self(Kind::Manager(connection))
    }
}

impl From<MultiplexedConnection> for RedisConnection {
    fn from(connection: MultiplexedConnection) -> Self {
        Self(Kind::Multiplexed(connection))
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisConnection")
    }
}
