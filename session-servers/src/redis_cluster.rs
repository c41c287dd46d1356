use std::io;

use tempfile::TempDir;

use crate::free_port;
use crate::redis::{Node, run_cli, wait_until};
use crate::signals::signal_nodes;

/// A Redis Cluster of three primaries with a replica each.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
    /// Dropped after the nodes.
    _folder: TempDir,
}

const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;

impl RedisCluster {
    /// Starts a cluster whose nodes lose their data when they end.
    ///
    /// # Errors
    ///
    /// The nodes can't be started, or do not form a cluster within 90 seconds.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a cluster whose nodes write to the disk before they acknowledge.
    ///
    /// They serve their slots even if other slots have no node.
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

    /// Starts a cluster that goes on without a node that does not answer, and never replaces it.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_without_failover() -> io::Result<Self> {
        Self::start_with(&[
            "--cluster-replica-no-failover",
            "yes",
            "--cluster-require-full-coverage",
            "no",
        ])
    }

    /// Starts a cluster whose nodes write to the disk before they acknowledge, and that never replaces a node: what was
    /// acknowledged is there when a node that was killed is back.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_durable_without_failover() -> io::Result<Self> {
        Self::start_with(&[
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--cluster-replica-no-failover",
            "yes",
            "--cluster-require-full-coverage",
            "no",
        ])
    }

    fn start_with(more: &[&str]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        // After this time without an answer a node counts as dead, and its replica takes over.
        let usual = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1500"];
        let arguments: Vec<_> = usual.iter().chain(more).map(ToString::to_string).collect();
        let nodes: io::Result<Vec<_>> = (0..2 * PRIMARIES)
            .map(|_| Node::start(folder.path(), free_port(), &arguments))
            .collect();
        let cluster = Self {
            nodes: nodes?,
            _folder: folder,
        };
        cluster.join()?;
        cluster.wait_until_it_is_whole()?;
        Ok(cluster)
    }

    /// Makes the nodes a cluster, as `redis-cli --cluster create` does with more pauses.
    fn join(&self) -> io::Result<()> {
        let (primaries, replicas) = self.nodes.split_at(PRIMARIES);
        for (number, node) in (0..).zip(&self.nodes) {
            // Different ones from the beginning, so that the nodes need not settle them.
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()])?;
        }
        for (number, node) in (0..).zip(primaries) {
            let share = number * SLOTS / PRIMARIES..(number + 1) * SLOTS / PRIMARIES;
            let slots: Vec<_> = share.map(|slot| slot.to_string()).collect();
            let mut words = vec!["CLUSTER", "ADDSLOTS"];
            words.extend(slots.iter().map(String::as_str));
            node.cli(&words)?;
        }
        let first = primaries[0].process.port().to_string();
        for node in &self.nodes[1..] {
            node.cli(&["CLUSTER", "MEET", "127.0.0.1", &first])?;
        }
        for (replica, primary) in replicas.iter().zip(primaries) {
            let primary = primary.cli(&["CLUSTER", "MYID"])?;
            // It may not have heard of its primary yet.
            wait_until("a replica knows its primary", || {
                Ok(replica
                    .cli(&["CLUSTER", "REPLICATE", primary.trim()])
                    .is_ok())
            })?;
        }
        Ok(())
    }

    /// Returns the URL for a store.
    #[must_use]
    pub fn url(&self) -> String {
        let ports = self.nodes.iter().map(|node| node.process.port());
        let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis-cluster://{}", addresses.join(","))
    }

    /// Returns the indices of the nodes that say that they are primaries.
    ///
    /// # Errors
    ///
    /// A running node does not answer.
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
    /// A running node does not answer.
    pub fn replicas(&self, primary: usize) -> io::Result<Vec<usize>> {
        let mut replicas = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if node.process.is_running() && node.follows(&self.nodes[primary])? {
                replicas.push(index);
            }
        }
        Ok(replicas)
    }

    /// Waits until every replica has its primary's present data.
    ///
    /// # Errors
    ///
    /// It takes more than 90 seconds.
    pub fn wait_until_replicas_catch_up(&self) -> io::Result<()> {
        for primary in self.primaries()? {
            for replica in self.replicas(primary)? {
                self.nodes[replica].catch_up(&self.nodes[primary])?;
            }
        }
        Ok(())
    }

    /// Moves slots and their keys from one primary to another.
    ///
    /// # Errors
    ///
    /// A node is no primary, or the move fails.
    pub fn move_slots(&self, from: usize, to: usize, number: usize) -> io::Result<()> {
        let address = format!("127.0.0.1:{}", self.nodes[from].process.port());
        let name = |node: usize| self.nodes[node].cli(&["CLUSTER", "MYID"]);
        let (from, to, number) = (name(from)?, name(to)?, number.to_string());
        let mut words = vec!["--cluster", "reshard", &address, "--cluster-yes"];
        words.extend(["--cluster-from", from.trim(), "--cluster-to", to.trim()]);
        words.extend(["--cluster-slots", &number]);
        run_cli(&words).map(drop)
    }

    /// Waits until every running node sees a primary for every slot, and replicas are connected.
    ///
    /// # Errors
    ///
    /// It takes more than 90 seconds.
    pub fn wait_until_it_is_whole(&self) -> io::Result<()> {
        let running = || self.nodes.iter().filter(|node| node.process.is_running());
        wait_until("the cluster is whole", || {
            let mut replicas = 0;
            for node in running() {
                // A node that was just started may still read its files, and refuses all questions.
                let asked = ["CLUSTER INFO", "INFO replication"]
                    .map(|question| node.cli(&question.split(' ').collect::<Vec<_>>()));
                let [Ok(info), Ok(links)] = asked else {
                    return Ok(false);
                };
                if !info.contains("cluster_state:ok") {
                    return Ok(false);
                }
                replicas += usize::from(links.contains("master_link_status:up"));
            }
            Ok(replicas >= running().count().saturating_sub(PRIMARIES))
        })
    }
}

signal_nodes!(RedisCluster, nodes);
