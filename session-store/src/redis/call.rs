use redis::{Cmd, Value, cmd};
use session_core::Key;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::failure::Failure;
use super::names::Names;
use super::scripts::{Script, Scripts};
use super::servers::Servers;

/// A call of the store, whose commands share one deadline and one `now`.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) servers: &'a Servers,
    pub(super) scripts: &'a Scripts,
    pub(super) names: &'a Names,
    pub(super) now: OffsetDateTime,
    pub(super) deadline: Instant,
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

    /// Reads a record up to `end`; `None` if it does not exist or can't be read.
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
            tracing::warn!("a session in Redis can't be read and is treated as absent");
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
