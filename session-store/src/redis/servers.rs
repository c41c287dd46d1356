use std::fmt;
use std::sync::Arc;

use futures_util::future::try_join;
use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use super::cluster::Cluster;
use super::failure::Failure;
use super::link::Link;
use super::scripts::Script;
use super::slot_map::{Address, slot};

/// The server or servers of a store.
#[derive(Debug)]
pub(super) enum Servers {
    Single(Arc<Link>),
    Cluster(Arc<Cluster>),
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
    ///
    /// Returns whether the server has said what it is.
    pub(super) async fn refuse_part_of_cluster(&self, deadline: Instant) -> Result<bool, Failure> {
        let Self::Single(link) = self else {
            return Ok(true);
        };
        let Some(info) = link.info("cluster", deadline).await? else {
            return Ok(false);
        };
        if info.contains("cluster_enabled:1") {
            let why = "it is a part of a cluster; use redis-cluster://";
            return Err(Failure::because(&link.endpoint(), why));
        }
        Ok(true)
    }

    /// Says whether an owner's index may have been evicted.
    pub(super) async fn evictions(&self, deadline: Instant) -> Result<Evictions, Failure> {
        let mut found = Evictions::Never;
        for link in self.primaries(deadline).await? {
            // One section at a time, because Redis 6 knows no more.
            let (memory, stats) = (link.info("memory", deadline), link.info("stats", deadline));
            let (Some(memory), Some(stats)) = try_join(memory, stats).await? else {
                found = Evictions::Unknown;
                continue;
            };
            let keeps = field(&memory, "maxmemory_policy").is_some_and(|it| it == "noeviction");
            let has_kept = field(&stats, "evicted_keys").is_some_and(|it| it == "0");
            if !keeps || !has_kept {
                return Ok(Evictions::Possible);
            }
        }
        Ok(found)
    }

    /// Drops every connection and makes no other ones.
    pub(super) fn close(&self) {
        match self {
            Self::Single(link) => link.close(),
            Self::Cluster(cluster) => cluster.close(),
        }
    }

    /// Returns the node that has the key, if there are several and the slot's is known.
    pub(super) fn node(&self, key: &[u8]) -> Option<Address> {
        match self {
            Self::Single(_) => None,
            Self::Cluster(cluster) => cluster.node(slot(key)),
        }
    }

    /// Returns a link to every primary.
    pub(super) async fn primaries(&self, deadline: Instant) -> Result<Vec<Arc<Link>>, Failure> {
        match self {
            Self::Single(link) => Ok(vec![Arc::clone(link)]),
            Self::Cluster(cluster) => cluster.primaries(deadline).await,
        }
    }
}

/// Whether servers evict keys when their memory is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evictions {
    /// They don't, and have not.
    Never,
    Possible,
    /// The user must not ask.
    Unknown,
}

/// Returns a field of `INFO`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(link) => f.write_str(&link.endpoint()),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
