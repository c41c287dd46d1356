use std::fmt;
use std::sync::Arc;

use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use super::cluster::Cluster;
use super::failure::Failure;
use super::link::{Link, Repeat};
use super::scripts::{Layout, Script};
use super::slot_map::slot;

/// The server or servers that have the sessions.
#[derive(Debug)]
pub(super) enum Servers {
    One(Arc<Link>),
    Cluster(Box<Cluster>),
}

impl Servers {
    pub(super) fn layout(&self) -> Layout {
        match self {
            Self::One(_) => Layout::One,
            Self::Cluster(_) => Layout::Many,
        }
    }

    /// Runs a script on the server that has the keys, which all are of one slot.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: &[Vec<u8>],
        arguments: &[Vec<u8>],
        (repeat, deadline): (Repeat, Instant),
    ) -> Result<Value, Failure> {
        let command = |name: &str, script: &str| {
            let mut command = cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
            command
        };
        let known = command("EVALSHA", &script.hash);
        match self.call(&keys[0], &known, repeat, deadline).await {
            // It was started anew, or another has taken its place.
            Err(failure)
                if failure.kind() == Some(ErrorKind::Server(ServerErrorKind::NoScript)) =>
            {
                let whole = command("EVAL", &script.text);
                self.call(&keys[0], &whole, repeat, deadline).await
            }
            answer => answer,
        }
    }

    /// Sends a command to the server that has the key.
    pub(super) async fn call(
        &self,
        key: &[u8],
        command: &Cmd,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        match self {
            Self::One(link) => link.call(command, repeat, deadline).await,
            Self::Cluster(cluster) => cluster.call(slot(key), command, repeat, deadline).await,
        }
    }

    /// Returns everyone who has keys that can be written.
    pub(super) async fn primaries(&self, deadline: Instant) -> Result<Vec<Arc<Link>>, Failure> {
        match self {
            Self::One(link) => Ok(vec![Arc::clone(link)]),
            Self::Cluster(cluster) => cluster.primaries(deadline).await,
        }
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(link) => f.write_str(&link.place()),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
