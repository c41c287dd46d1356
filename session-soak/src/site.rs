use std::io;
use std::path::Path;

use session_servers::FaultProxy;
use tempfile::TempDir;

use crate::node::Node;
use crate::options::{Framework, Kind};
use crate::place::Place;
use crate::wire::Door;

/// A store, and servers of the showcase beside each other on it.
#[derive(Debug)]
pub(crate) struct Site {
    /// Dropped before the store that they use.
    pub(crate) nodes: Vec<Node>,
    pub(crate) place: Place,
    /// Between the first node and the store.
    pub(crate) proxy: Option<FaultProxy>,
    /// Of the nodes' logs; dropped last.
    _logs: TempDir,
}

impl Site {
    pub(crate) fn start(kind: Kind, frameworks: &[Framework], programs: &Path) -> io::Result<Self> {
        let logs = tempfile::tempdir()?;
        let place = Place::start(kind)?;
        let proxy = place.port().map(FaultProxy::to).transpose()?;
        let direct = place.url();
        let mut nodes = Vec::new();
        for framework in frameworks {
            let url = match (&proxy, place.port()) {
                (Some(proxy), Some(port)) if nodes.is_empty() => {
                    direct.replace(&format!(":{port}"), &format!(":{}", proxy.port()))
                }
                _ => direct.clone(),
            };
            nodes.push(Node::start(*framework, programs, &url, logs.path())?);
        }
        Ok(Self {
            nodes,
            place,
            proxy,
            _logs: logs,
        })
    }

    pub(crate) fn doors(&self) -> Vec<Door> {
        self.nodes.iter().map(Node::door).collect()
    }

    /// Ends every request that is under way, by new processes.
    pub(crate) fn renew(&mut self) -> io::Result<()> {
        for node in &mut self.nodes {
            node.process.kill();
        }
        for node in &mut self.nodes {
            node.process.restart()?;
        }
        Ok(())
    }
}
