use std::sync::Arc;
use std::time::Duration;

use session_core::{Overflow, Policy, Sessions, Store};
use session_store::{CachedOptions, CachedStore, MemoryStore};
use session_testkit::ModelStore;

use crate::net::Net;
use crate::planted::{self, Plant};
use crate::ports::{Draws, NodeClock, WorldTime};
use crate::setting::{
    ABSOLUTE, Caches, GRACE, IDLE, Kind, MAX_BYTES, SECOND, SKEW, STALE_FOR, Setting,
};
use crate::wire::Wire;

/// The servers, and the store that they share.
#[derive(Debug)]
pub(crate) struct Nodes {
    all: Vec<Node>,
    /// The store without the way to it.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) net: Net,
}

#[derive(Debug)]
struct Node {
    clock: NodeClock,
    sites: Vec<Sessions>,
}

/// The cookies' names that share the store.
pub(crate) const SITES: u8 = 2;

impl Nodes {
    pub(crate) fn new(
        setting: &Setting,
        world: &WorldTime,
        plant: Option<Plant>,
    ) -> anyhow::Result<Self> {
        let net = Net::default();
        let store: Arc<dyn Store> = match setting.store {
            Kind::Memory => Arc::new(MemoryStore::new()),
            Kind::Model => Arc::new(ModelStore::new()),
        };
        let store = planted::in_the_store(store, plant, &net);
        let draws = Draws::new(setting.seed);
        let mut nodes = Vec::new();
        for _ in 0..setting.nodes {
            let clock = NodeClock::new(world.clone());
            let wire: Arc<dyn Store> = Arc::new(Wire {
                store: Arc::clone(&store),
                net: net.clone(),
            });
            let wire: Arc<dyn Store> = match setting.caches {
                Caches::Without => wire,
                Caches::Own => {
                    let options = CachedOptions::new().stale_for(span(STALE_FOR));
                    Arc::new(CachedStore::with(wire, &options)?)
                }
            };
            let wire = planted::in_the_node(wire, plant);
            let mut sites = Vec::new();
            for site in 0..SITES {
                let policy = policy(setting, site, &clock, &draws)?;
                sites.push(Sessions::shared(policy, Arc::clone(&wire)));
            }
            nodes.push(Node { clock, sites });
        }
        Ok(Self {
            all: nodes,
            store,
            net,
        })
    }

    /// Returns the sessions of a node's site; of the numbers only the remainder counts.
    pub(crate) fn sessions(&self, node: u8, site: u8) -> &Sessions {
        let sites = &self.node(node).sites;
        &sites[usize::from(site) % sites.len()]
    }

    pub(crate) fn clock(&self, node: u8) -> &NodeClock {
        &self.node(node).clock
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    fn node(&self, node: u8) -> &Node {
        &self.all[usize::from(node) % self.all.len()]
    }
}

fn policy(setting: &Setting, site: u8, clock: &NodeClock, draws: &Draws) -> anyhow::Result<Policy> {
    let mut policy = Policy::builder()
        .cookie_name(format!("__Host-site{site}"))
        .idle(span(IDLE))
        .absolute(span(ABSOLUTE))
        .rotation_grace(span(GRACE))
        .clock_skew(span(SKEW))
        .max_bytes(MAX_BYTES)
        .clock(clock.clone())
        .danger_entropy(draws.clone());
    if setting.rotate_every > 0 {
        policy = policy.rotate_every(Duration::from_secs(setting.rotate_every.into()));
    }
    if setting.cap > 0 {
        let overflow = if setting.refuses {
            Overflow::Refuse
        } else {
            Overflow::EndOldest
        };
        policy = policy.max_devices(setting.cap.into(), overflow);
    }
    Ok(policy.build()?)
}

fn span(micros: i64) -> Duration {
    Duration::from_secs(u64::try_from(micros / SECOND).unwrap_or_default())
}
