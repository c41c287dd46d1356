use std::fs;
use std::io;

use tempfile::TempDir;

use crate::free_port;
use crate::redis::{Node, wait_until};
use crate::signals::signal_nodes;

/// A Redis primary with a replica and three sentinels.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: [Node; 2],
    sentinels: Vec<Node>,
    /// Dropped after the servers.
    _folder: TempDir,
}

impl RedisSentinel {
    /// Starts all five processes.
    ///
    /// # Errors
    ///
    /// A process can't be started, or they do not find each other within 30 seconds.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let primary = Node::start(folder.path(), free_port(), &[])?;
        let port = primary.process.port();
        let follow = ["--replicaof".to_owned(), format!("127.0.0.1 {port}")];
        let replica = Node::start(folder.path(), free_port(), &follow)?;
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let own = free_port();
            // A sentinel writes its state to its configuration file.
            let file = folder.path().join(format!("sentinel-{own}.conf"));
            fs::write(
                &file,
                format!(
                    "sentinel monitor main 127.0.0.1 {port} 2\n\
                     sentinel down-after-milliseconds main 1000\n\
                     sentinel failover-timeout main 3000\n"
                ),
            )?;
            let arguments = [file.display().to_string(), "--sentinel".to_owned()];
            sentinels.push(Node::start(folder.path(), own, &arguments)?);
        }
        let group = Self {
            servers: [primary, replica],
            sentinels,
            _folder: folder,
        };
        group.wait_until_it_is_whole()?;
        Ok(group)
    }

    /// Returns the URL for a store.
    #[must_use]
    pub fn url(&self) -> String {
        let ports = self.sentinels.iter().map(|node| node.process.port());
        let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis-sentinel://{}/main", addresses.join(","))
    }

    /// Returns the index of the server that the first sentinel calls the primary.
    ///
    /// # Errors
    ///
    /// The sentinel does not answer, or names another server.
    pub fn primary(&self) -> io::Result<usize> {
        let answer = self.sentinels[0].cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"])?;
        let port = answer.lines().nth(1).unwrap_or_default();
        let mut servers = self.servers.iter();
        servers
            .position(|server| server.process.port().to_string() == port)
            .ok_or_else(|| io::Error::other(format!("an unknown primary: {answer}")))
    }

    /// Waits until the replica has the primary's present data.
    ///
    /// # Errors
    ///
    /// It takes more than 30 seconds.
    pub fn wait_until_the_replica_catches_up(&self) -> io::Result<()> {
        let primary = self.primary()?;
        self.servers[1 - primary].catch_up(&self.servers[primary])
    }

    /// Waits until the sentinels know each other, and the replica is connected.
    ///
    /// # Errors
    ///
    /// It takes more than 30 seconds.
    pub fn wait_until_it_is_whole(&self) -> io::Result<()> {
        wait_until("the sentinels know each other", || {
            for sentinel in &self.sentinels {
                let answer = sentinel.cli(&["SENTINEL", "MASTER", "main"])?;
                let lines: Vec<_> = answer.lines().collect();
                let says = |name: &str, value: &str| {
                    let mut pairs = lines.chunks_exact(2);
                    pairs.any(|pair| *pair == [name, value])
                };
                let is_whole = says("num-slaves", "1")
                    && says("num-other-sentinels", "2")
                    && says("flags", "master");
                if !is_whole {
                    return Ok(false);
                }
            }
            let primary = self.primary()?;
            let links = self.servers[1 - primary].cli(&["INFO", "replication"])?;
            Ok(links.contains("master_link_status:up"))
        })
    }
}

signal_nodes!(RedisSentinel, servers);
