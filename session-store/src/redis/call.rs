use std::time::Duration;

use redis::{Cmd, Value, cmd};
use session_core::{Key, Moment, Record};
use tokio::time::Instant;

use super::failure::Failure;
use super::names::Names;
use super::row::{self, GLIMPSE};
use super::scripts::{Script, Scripts};
use super::servers::Servers;

/// A call of the store, whose commands share one `now` and, unless it has many steps, one deadline.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) servers: &'a Servers,
    pub(super) scripts: &'a Scripts,
    pub(super) names: &'a Names,
    pub(super) now: Moment,
    pub(super) deadline: Instant,
    /// The time-out of a step, if a call has many.
    pub(super) limit: Duration,
}

/// The attempt at a command that was answered.
///
/// If it is the second one, the first one may have been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    Second,
}

impl Call<'_> {
    /// Sends a command to the server that has the key.
    ///
    /// If the connection breaks, the command is sent once more: often the server was restarted, and
    /// the first attempt never reached it.
    pub(super) async fn command(
        &self,
        key: &[u8],
        command: &Cmd,
    ) -> Result<(Value, Attempt), Failure> {
        let send = || self.servers.call(key, command, self.deadline);
        twice(send).await
    }

    /// Runs a script on the server that has the key.
    pub(super) async fn script(
        &self,
        script: &Script,
        key: &[u8],
        arguments: &[&[u8]],
    ) -> Result<(Value, Attempt), Failure> {
        let send = || self.servers.run(script, key, arguments, self.deadline);
        twice(send).await
    }

    /// Reads a record; `None` if it does not exist or can't be read.
    pub(super) async fn record(&self, key: &Key) -> Result<Option<Record>, Failure> {
        let name = self.names.session(key);
        let get = cmd("GET").arg(&name).take();
        let found = self.bytes(&name, &get).await?;
        Ok(found.and_then(|bytes| readable(row::read(&bytes))))
    }

    /// Reads a record, and tells one that can't be read from none.
    pub(super) async fn look(&self, key: &Key) -> Result<Look, Failure> {
        let name = self.names.session(key);
        let get = cmd("GET").arg(&name).take();
        Ok(match self.command(&name, &get).await {
            Ok((Value::BulkString(bytes), _)) => {
                let read = readable(row::read(&bytes));
                read.map_or(Look::Unreadable, |record| Look::Is(Box::new(record)))
            }
            Ok((Value::Nil, _)) => Look::Nothing,
            Ok(_) => Look::Unreadable,
            Err(failure) if failure.is_wrong_type() => Look::Unreadable,
            Err(failure) => return Err(failure),
        })
    }

    /// Reads a record without its data; `None` if it does not exist or can't be read.
    pub(super) async fn record_without_data(&self, key: &Key) -> Result<Option<Record>, Failure> {
        let name = self.names.session(key);
        let mut end = GLIMPSE;
        loop {
            let get = cmd("GETRANGE").arg(&name).arg(0).arg(end - 1).take();
            let Some(bytes) = self.bytes(&name, &get).await? else {
                return Ok(None);
            };
            match row::length_without_data(&bytes) {
                // Only if the owner, the label or another text is long.
                Some(length) if length > end && bytes.len() == end => end = length,
                // A key that does not exist.
                _ if bytes.is_empty() => return Ok(None),
                _ => return Ok(readable(row::read_without_data(&bytes))),
            }
        }
    }

    /// Returns the answer to a read; `None` if the key does not exist or has another type.
    async fn bytes(&self, name: &[u8], command: &Cmd) -> Result<Option<Vec<u8>>, Failure> {
        match self.command(name, command).await {
            Ok((Value::BulkString(bytes), _)) => Ok(Some(bytes)),
            Ok((Value::Nil, _)) => Ok(None),
            Ok(_) => Ok(readable(None)),
            Err(failure) if failure.is_wrong_type() => Ok(readable(None)),
            Err(failure) => Err(failure),
        }
    }

    /// Returns this call with a deadline of its own, for one of many steps.
    pub(super) fn step(&self) -> Self {
        Self {
            deadline: Instant::now() + self.limit,
            ..*self
        }
    }
}

/// What is under a key.
pub(super) enum Look {
    Is(Box<Record>),
    Unreadable,
    Nothing,
}

/// Warns of what can't be read.
fn readable<T>(read: Option<T>) -> Option<T> {
    if read.is_none() {
        tracing::warn!("a session in Redis can't be read and is treated as absent");
    }
    read
}

async fn twice<F>(send: impl Fn() -> F) -> Result<(Value, Attempt), Failure>
where
    F: Future<Output = Result<Value, Failure>>,
{
    match send().await {
        Err(failure) if failure.is_cut_off() => Ok((send().await?, Attempt::Second)),
        answer => Ok((answer?, Attempt::First)),
    }
}
