use std::fmt;
use std::sync::Arc;

use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use super::cluster::Cluster;
use super::failure::Failure;
use super::link::Link;
use super::scripts::Script;
use super::slot_map::slot;

/// The server or servers of a store.
#[derive(Debug)]
pub(super) enum Servers {
    Single(Arc<Link>),
    Cluster(Box<Cluster>),
}

impl Servers {
    /// Runs a script on the server that has the key.
    pub(super) async fn run(
        &self,
        script: &Script,
        key: &[u8],
        arguments: &[&[u8]],
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let command = |name: &str, script: &str| {
            let command = cmd(name).arg(script).arg(1).arg(key).take();
            arguments.iter().fold(command, |mut command, argument| {
                command.arg(argument);
                command
            })
        };
        let known = command("EVALSHA", &script.hash);
        match self.call(key, &known, deadline).await {
            // The server was restarted, or is another one.
            Err(failure)
                if failure.kind() == Some(ErrorKind::Server(ServerErrorKind::NoScript)) =>
            {
                let whole = command("EVAL", &script.text);
                self.call(key, &whole, deadline).await
            }
            answer => answer,
        }
    }

    /// Sends a command to the server that has the key.
    pub(super) async fn call(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        match self {
            Self::Single(link) => link.call(command, deadline).await,
            Self::Cluster(cluster) => cluster.call(slot(key), command, deadline).await,
        }
    }

    /// Refuses a single server that is part of a cluster: it would have only some of the sessions.
    pub(super) async fn refuse_part_of_cluster(&self, deadline: Instant) -> Result<(), Failure> {
        if let Self::Single(link) = self
            && link
                .info("cluster", deadline)
                .await?
                .contains("cluster_enabled:1")
        {
            let why = "it is a part of a cluster; use redis-cluster://";
            return Err(Failure::because(&link.endpoint(), why));
        }
        Ok(())
    }

    /// Says whether a server is configured to evict keys when its memory is full.
    pub(super) async fn may_evict(&self, deadline: Instant) -> Result<bool, Failure> {
        for link in self.primaries(deadline).await? {
            let memory = link.info("memory", deadline).await?;
            let mut lines = memory.lines();
            let policy = lines.find_map(|line| line.strip_prefix("maxmemory_policy:"));
            if policy.is_some_and(|policy| policy != "noeviction") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns a link to every primary.
    pub(super) async fn primaries(&self, deadline: Instant) -> Result<Vec<Arc<Link>>, Failure> {
        match self {
            Self::Single(link) => Ok(vec![Arc::clone(link)]),
            Self::Cluster(cluster) => cluster.primaries(deadline).await,
        }
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(link) => f.write_str(&link.endpoint()),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
