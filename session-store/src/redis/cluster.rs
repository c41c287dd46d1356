use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::failure::{Cause, Failure, Reach};
use super::lane::Limits;
use super::link::Link;
use super::names::Names;
use super::origin::{Access, Origin};
use super::slot_map::{Address, SlotMap, slot};
use crate::home::Home;

/// The nodes of a cluster and their slots.
pub(super) struct Cluster {
    /// The nodes of the URL, which are asked for the first map.
    seeds: Vec<Address>,
    access: Access,
    limits: Limits,
    home: Home,
    state: Mutex<State>,
    /// Held by the call that asks for the map while others wait; only at home.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    map: Arc<SlotMap>,
    /// The number of maps read so far.
    version: u64,
    /// Nodes that failed since the map was read, so that others may have their slots.
    doubted: HashSet<Address>,
    links: HashMap<Address, Arc<Link>>,
    /// Whether the store was closed.
    is_closed: bool,
}

/// The most redirections that a command follows.
const REDIRECTIONS: u32 = 8;

/// The reason for a failure if some slots have no primary.
const GAPS: &str = "the cluster lacks some of its slots";

/// The pause while a cluster elects a primary.
const PAUSE: Duration = Duration::from_millis(50);

impl Cluster {
    pub(super) fn new(seeds: Vec<Address>, access: Access, limits: Limits, home: Home) -> Self {
        Self {
            seeds,
            access,
            limits,
            home,
            state: Mutex::default(),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    /// Sends a command to the primary of the slot, and follows redirections.
    ///
    /// The command is sent again only if a node did not carry it out.
    pub(super) async fn call(
        self: &Arc<Self>,
        slot: u16,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let mut redirections = 0;
        loop {
            let (version, address) = self.primary(slot, deadline).await?;
            let link = self.link(&address)?;
            let mut answer = link.call(command, deadline).await;
            if let Some(other) = asked_elsewhere(&answer, &address) {
                answer = self.link(&other)?.call_asking(command, deadline).await;
            }
            let Err(failure) = answer else {
                return answer;
            };
            let next = next(&failure);
            if next != Next::GiveUp {
                // The map that led here may be outdated.
                self.state().doubted.insert(address.clone());
            }
            redirections += 1;
            if next == Next::GiveUp || redirections > REDIRECTIONS || Instant::now() >= deadline {
                return Err(failure);
            }
            match next {
                Next::Follow => self.refresh(version, deadline).await?,
                Next::Wait => {
                    tokio::time::sleep_until((Instant::now() + PAUSE).min(deadline)).await;
                    redirections -= 1;
                    self.refresh(version, deadline).await?;
                }
                Next::AskAnother => {
                    self.refresh(version, deadline).await?;
                    if self.primary(slot, deadline).await?.1 == address {
                        return Err(failure);
                    }
                }
                Next::GiveUp | Next::LookLater => return Err(failure),
            }
        }
    }

    /// Returns the primary of a slot by the present map, without asking.
    pub(super) fn node(&self, slot: u16) -> Option<Address> {
        self.state().map.primary(slot).cloned()
    }

    /// Returns a link to every primary.
    pub(super) async fn primaries(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<Vec<Arc<Link>>, Failure> {
        let map = self.map(deadline).await?;
        if !map.is_whole() {
            return Err(Failure::because(&self.to_string(), GAPS));
        }
        let primaries = map.primaries();
        primaries.iter().map(|address| self.link(address)).collect()
    }

    /// Reads the map again and returns the primaries.
    #[cfg(feature = "cached")]
    pub(super) async fn look(self: &Arc<Self>, deadline: Instant) -> Result<Vec<Address>, Failure> {
        let version = self.state().version;
        self.refresh(version, deadline).await?;
        Ok(self.state().map.primaries())
    }

    /// Returns a key for every primary, in a slot of its own.
    pub(super) async fn one_key_each(
        self: &Arc<Self>,
        names: &Names,
        deadline: Instant,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let map = self.map(deadline).await?;
        let mut missing = map.primaries();
        let mut keys = Vec::with_capacity(missing.len());
        // Many, because some primaries have few slots.
        for number in 0..1_000_000 {
            if missing.is_empty() {
                break;
            }
            let key = names.probe(number);
            let primary = map.primary(slot(&key));
            if let Some(index) = missing.iter().position(|address| Some(address) == primary) {
                missing.swap_remove(index);
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Returns the primary of a slot, by a new map if that node has failed or is unknown.
    ///
    /// A failed node delays no call for the others' slots.
    async fn primary(
        self: &Arc<Self>,
        slot: u16,
        deadline: Instant,
    ) -> Result<(u64, Address), Failure> {
        let (version, found) = {
            let state = self.state();
            let known = state.map.primary(slot);
            let trusted = known.filter(|address| !state.doubted.contains(address));
            (state.version, trusted.cloned())
        };
        if let Some(address) = found {
            return Ok((version, address));
        }
        self.refresh(version, deadline).await?;
        let state = self.state();
        match state.map.primary(slot) {
            Some(address) => Ok((state.version, address.clone())),
            None => Err(Failure::because(&self.to_string(), GAPS)),
        }
    }

    /// Returns the map, read again if a node has failed.
    async fn map(self: &Arc<Self>, deadline: Instant) -> Result<Arc<SlotMap>, Failure> {
        let version = {
            let state = self.state();
            if state.version > 0 && state.doubted.is_empty() {
                return Ok(Arc::clone(&state.map));
            }
            state.version
        };
        self.refresh(version, deadline).await?;
        Ok(Arc::clone(&self.state().map))
    }

    /// Reads the map again, unless it is newer than that version.
    async fn refresh(self: &Arc<Self>, version: u64, deadline: Instant) -> Result<(), Failure> {
        let cluster = Arc::clone(self);
        // Boxed, as a deep future would reach the compiler's limit.
        let reading = async move { Ok(cluster.read_map(version, deadline).await) }.boxed();
        match timeout_at(deadline, self.home.run(reading)).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(Failure::homeless(&self.to_string())),
            Err(_) => Err(Failure::slow(&self.to_string()).before_sending()),
        }
    }

    async fn read_map(&self, version: u64, deadline: Instant) -> Result<(), Failure> {
        let _gate = self.gate.lock().await;
        if self.state().version > version {
            return Ok(());
        }
        let mut question = cmd("CLUSTER");
        question.arg("SLOTS");
        let mut last = Failure::because(&self.to_string(), "no node was named");
        for address in self.known_nodes() {
            // A frozen node must leave time to ask the others.
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Instant::now() + left / 4;
            let link = self.link(&address)?;
            match link.ask(&question, limit).await {
                Ok(answer) => {
                    if let Some(map) = SlotMap::read(&answer, &address) {
                        self.take(map);
                        return Ok(());
                    }
                    last = Failure::because(&link.endpoint(), "it has joined no cluster yet");
                }
                Err(failure) => last = failure,
            }
        }
        // The message names every node that was asked.
        let endpoint = self.to_string();
        Err(Failure { endpoint, ..last }.before_sending())
    }

    /// Returns the nodes to ask for the map: the primaries, then the seeds, and failed ones last.
    fn known_nodes(&self) -> Vec<Address> {
        let state = self.state();
        let mut all = state.map.primaries();
        for seed in &self.seeds {
            if !all.contains(seed) {
                all.push(seed.clone());
            }
        }
        all.sort_by_key(|address| state.doubted.contains(address));
        all
    }

    fn take(&self, map: SlotMap) {
        let mut state = self.state();
        let primaries = map.primaries();
        state.links.retain(|address, _| primaries.contains(address));
        state.map = Arc::new(map);
        state.version += 1;
        state.doubted.clear();
    }

    fn link(&self, address: &Address) -> Result<Arc<Link>, Failure> {
        if let Some(link) = self.state().links.get(address) {
            return Ok(Arc::clone(link));
        }
        let Address { host, port } = address;
        let client = self.access.client(host, *port);
        let client = client.map_err(|error| Failure::of(&format!("{host}:{port}"), error))?;
        let origin = Origin::Server(client);
        let link = Arc::new(Link::new(origin, self.limits, self.home.clone()));
        let mut state = self.state();
        if state.is_closed {
            link.close();
        }
        let link = state.links.entry(address.clone()).or_insert(link);
        Ok(Arc::clone(link))
    }

    /// Drops every connection and makes no other ones.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.links.values().for_each(|link| link.close());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds: Vec<_> = self
            .seeds
            .iter()
            .map(|Address { host, port }| format!("{host}:{port}"))
            .collect();
        f.write_str(&seeds.join(","))
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({self})")
    }
}

/// The reaction to a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The node redirects to another one.
    Follow,
    /// The node can't answer yet.
    Wait,
    /// Nothing was sent, and another node may have the slot by now.
    AskAnother,
    /// The command may have been applied, so only the next one is sent by a new map.
    LookLater,
    GiveUp,
}

fn next(failure: &Failure) -> Next {
    match failure.kind() {
        Some(ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::ReadOnly)) => Next::Follow,
        Some(ErrorKind::Server(
            ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::MasterDown
            | ServerErrorKind::Ask,
        )) => Next::Wait,
        _ if failure.is_unfit() => Next::LookLater,
        _ if failure.is_refusal() => Next::GiveUp,
        _ if failure.reach == Reach::NotDone => Next::AskAnother,
        _ => Next::LookLater,
    }
}

/// Returns the node to ask for this command alone, because the slot is being moved to it.
fn asked_elsewhere(answer: &Result<Value, Failure>, asked: &Address) -> Option<Address> {
    let Err(Failure {
        cause: Cause::Redis(error),
        ..
    }) = answer
    else {
        return None;
    };
    let is_ask = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
    let target = RedisError::redirect_node(error).filter(|_| is_ask);
    target.and_then(|(address, _)| Address::read(address, asked))
}
