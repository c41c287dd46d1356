use std::io;

use tempfile::TempDir;

use crate::free_port;
use crate::redis::{Node, run_cli, wait_until};

/// A Redis Cluster of three primaries with a replica each.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
    /// Removed after the nodes have ended.
    _folder: TempDir,
}

const PRIMARIES: usize = 3;

impl RedisCluster {
    /// Starts the nodes and joins them; a node forgets everything when it ends.
    ///
    /// # Errors
    ///
    /// They cannot be started, or do not come together within half a minute.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts nodes that have each write on the disk before it is acknowledged, and serve their slots while
    /// others are missing.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_durable() -> io::Result<Self> {
        Self::start_with(&[
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--cluster-require-full-coverage",
            "no",
        ])
    }

    fn start_with(more: &[&str]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        // A node that does not answer for this long is taken as dead, and its replica takes over.
        let usual = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1500"];
        let arguments: Vec<_> = usual.iter().chain(more).map(ToString::to_string).collect();
        let nodes: io::Result<Vec<_>> = (0..2 * PRIMARIES)
            .map(|_| Node::start(folder.path(), free_port(), &arguments))
            .collect();
        let cluster = Self {
            nodes: nodes?,
            _folder: folder,
        };
        let ports = cluster.nodes.iter().map(|node| node.process.port());
        let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        let mut words = vec!["--cluster", "create"];
        words.extend(addresses.iter().map(String::as_str));
        words.extend(["--cluster-replicas", "1", "--cluster-yes"]);
        run_cli(&words)?;
        cluster.wait_until_it_is_whole()?;
        Ok(cluster)
    }

    /// Returns the URL of a store in it.
    #[must_use]
    pub fn url(&self) -> String {
        let ports = self.nodes.iter().map(|node| node.process.port());
        let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis-cluster://{}", addresses.join(","))
    }

    /// Returns the indices of the nodes that are primaries now, as far as they know.
    ///
    /// # Errors
    ///
    /// A node that runs does not answer.
    pub fn primaries(&self) -> io::Result<Vec<usize>> {
        let mut primaries = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if !node.process.is_running() {
                continue;
            }
            let answer = node.cli(&["ROLE"])?;
            if answer.starts_with("master") {
                primaries.push(index);
            }
        }
        Ok(primaries)
    }

    /// Returns the indices of a primary's replicas.
    ///
    /// # Errors
    ///
    /// A node that runs does not answer.
    pub fn replicas(&self, primary: usize) -> io::Result<Vec<usize>> {
        let mut replicas = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if node.process.is_running() && node.follows(&self.nodes[primary])? {
                replicas.push(index);
            }
        }
        Ok(replicas)
    }

    /// Waits until every replica has what its primary has now.
    ///
    /// # Errors
    ///
    /// It takes more than half a minute.
    pub fn wait_until_replicas_catch_up(&self) -> io::Result<()> {
        for primary in self.primaries()? {
            for replica in self.replicas(primary)? {
                self.nodes[replica].catch_up(&self.nodes[primary])?;
            }
        }
        Ok(())
    }

    /// Runs a command on one node and returns what redis-cli prints.
    ///
    /// # Errors
    ///
    /// The node can't be reached, or refuses.
    pub fn cli(&self, node: usize, words: &[&str]) -> io::Result<String> {
        self.nodes[node].cli(words)
    }

    /// Kills a node at once.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].process.kill();
    }

    /// Starts a node again.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn restart(&mut self, node: usize) -> io::Result<()> {
        self.nodes[node].process.restart()
    }

    /// Freezes a node.
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn freeze(&self, node: usize) -> io::Result<()> {
        self.nodes[node].process.freeze()
    }

    /// Lets a node go on.
    ///
    /// # Errors
    ///
    /// As [`freeze`](Self::freeze).
    pub fn thaw(&self, node: usize) -> io::Result<()> {
        self.nodes[node].process.thaw()
    }

    /// Moves some slots from one primary to another, with what is in them.
    ///
    /// # Errors
    ///
    /// One of them is no primary, or something goes wrong on the way.
    pub fn move_slots(&self, from: usize, to: usize, number: usize) -> io::Result<()> {
        let address = format!("127.0.0.1:{}", self.nodes[from].process.port());
        let name = |node: usize| self.nodes[node].cli(&["CLUSTER", "MYID"]);
        let (from, to, number) = (name(from)?, name(to)?, number.to_string());
        let mut words = vec!["--cluster", "reshard", &address, "--cluster-yes"];
        words.extend(["--cluster-from", from.trim(), "--cluster-to", to.trim()]);
        words.extend(["--cluster-slots", &number]);
        run_cli(&words).map(drop)
    }

    /// Waits until every node that runs sees a primary for every slot, and that with a replica.
    ///
    /// # Errors
    ///
    /// It takes more than half a minute.
    pub fn wait_until_it_is_whole(&self) -> io::Result<()> {
        let running = || self.nodes.iter().filter(|node| node.process.is_running());
        wait_until("the cluster is whole", || {
            let mut replicas = 0;
            for node in running() {
                let info = node.cli(&["CLUSTER", "INFO"])?;
                if !info.contains("cluster_state:ok") {
                    return Ok(false);
                }
                let links = node.cli(&["INFO", "replication"])?;
                replicas += usize::from(links.contains("master_link_status:up"));
            }
            Ok(replicas >= running().count().saturating_sub(PRIMARIES))
        })
    }
}
