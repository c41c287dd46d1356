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
    /// A process can't be started, or they do not find each other within 90 seconds.
    pub fn start() -> io::Result<Self> {
        Self::start_linked(Ok)
    }

    /// Starts all five processes; the replica follows its primary by another port, as of a proxy.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or there is no such port.
    pub fn start_linked(link: impl FnOnce(u16) -> io::Result<u16>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let primary = Node::start(folder.path(), free_port(), &[])?;
        let port = primary.process.port();
        let follow = [
            "--replicaof".to_owned(),
            format!("127.0.0.1 {}", link(port)?),
        ];
        let replica = Node::start(folder.path(), free_port(), &follow)?;
        let mut sentinels = Vec::new();
        let ports = [(); 3].map(|()| free_port());
        // After this time they would also have the replica follow its primary directly.
        let patience = if follow[1].ends_with(&port.to_string()) {
            3_000
        } else {
            60_000
        };
        for own in ports {
            // A sentinel writes its state to its configuration file. It would hear of the others and of
            // the replica after some seconds.
            let file = folder.path().join(format!("sentinel-{own}.conf"));
            let replica = replica.process.port();
            let mut settings = format!(
                "sentinel myid {own:040x}\n\
                 sentinel monitor main 127.0.0.1 {port} 2\n\
                 sentinel down-after-milliseconds main 1000\n\
                 sentinel failover-timeout main {patience}\n\
                 sentinel known-replica main 127.0.0.1 {replica}\n"
            );
            for other in ports.into_iter().filter(|other| *other != own) {
                let known =
                    format!("sentinel known-sentinel main 127.0.0.1 {other} {other:040x}\n");
                settings.push_str(&known);
            }
            fs::write(&file, settings)?;
            let arguments = [file.display().to_string(), "--sentinel".to_owned()];
            let sentinel = Node::start(folder.path(), own, &arguments)?;
            // It asks its servers every 10 seconds, and leaves a primary that came back alone for 8. Before
            // version 7 it can't be told to do so more often.
            let often = ["INFO-PERIOD", "500", "PUBLISH-PERIOD", "500"];
            let _ = sentinel.cli(&[&["SENTINEL", "DEBUG"], &often[..]].concat());
            sentinels.push(sentinel);
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
    /// It takes more than 90 seconds.
    pub fn wait_until_the_replica_catches_up(&self) -> io::Result<()> {
        let primary = self.primary()?;
        self.servers[1 - primary].catch_up(&self.servers[primary])
    }

    /// Waits until the sentinels know each other, and the replica is connected.
    ///
    /// # Errors
    ///
    /// It takes more than 90 seconds.
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
