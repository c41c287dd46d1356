use redis::{Cmd, Value, cmd};
use session_core::Key;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::failure::Failure;
use super::names::Names;
use super::scripts::{Script, Scripts};
use super::servers::Servers;

/// One call of the store: its commands share one deadline and one `now`.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) servers: &'a Servers,
    pub(super) scripts: &'a Scripts,
    pub(super) names: &'a Names,
    pub(super) now: OffsetDateTime,
    pub(super) deadline: Instant,
}

/// Which attempt at a command was answered; the first one may have been done all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    Second,
}

impl Call<'_> {
    /// Sends a command to the server that has the key.
    ///
    /// If the connection breaks, the command is sent once more: often a server was started anew,
    /// and the first one never got there.
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

    /// Reads a record as far as `end`; `None` if there is nothing, or nothing that can be read.
    pub(super) async fn read<T>(
        &self,
        key: &Key,
        end: Option<usize>,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let name = self.names.session(key);
        let get = match end {
            None => cmd("GET").arg(&name).take(),
            Some(end) => cmd("GETRANGE").arg(&name).arg(0).arg(end - 1).take(),
        };
        let found = match self.command(&name, &get).await {
            Ok((Value::Nil, _)) => return Ok(None),
            Ok((Value::BulkString(bytes), _)) if bytes.is_empty() && end.is_some() => {
                return Ok(None);
            }
            Ok((Value::BulkString(bytes), _)) => read(&bytes),
            Ok(_) => None,
            Err(failure) if failure.is_wrong_type() => None,
            Err(failure) => return Err(failure),
        };
        if found.is_none() {
            tracing::warn!("a session in Redis can't be read, and is taken for none");
        }
        Ok(found)
    }
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
