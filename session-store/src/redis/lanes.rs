use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id, RuntimeFlavor};

use super::lane::Lane;
use crate::home::Home;

/// The connections to one server: one at home, and one in each runtime of a single thread that asks often.
///
/// A worker of actix-web is such a runtime. With a connection of its own its commands need no other thread, which
/// would take as long as the server's answer; and a worker that is blocked keeps only its own requests waiting, which
/// wait anyway. A runtime that asks once or twice, such as that of a blocking call, is not worth a connection.
pub(super) struct Lanes {
    home: Arc<Lane>,
    near: Mutex<Near>,
}

#[derive(Default)]
struct Near {
    of: HashMap<Id, Neighbour>,
    is_closed: bool,
}

enum Neighbour {
    /// How often it has asked.
    Asked(u32),
    Lane(Arc<Lane>),
}

/// A lane, and whether the current runtime serves it.
pub(super) type Choice = (Arc<Lane>, Served);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    Here,
    AtHome,
}

/// How often a runtime asks until it gets a connection of its own.
const OFTEN: u32 = 100;

/// The largest number of runtimes that are remembered.
const MOST: usize = 256;

/// How long a runtime that asks no more is remembered, if there are others.
const FORGOTTEN: Duration = Duration::from_secs(60);

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            home: Arc::default(),
            near: Mutex::default(),
        }
    }

    /// Chooses the lane of a call.
    pub(super) fn choose(&self, home: &Home) -> Choice {
        let at_home = || (Arc::clone(&self.home), Served::AtHome);
        let Ok(runtime) = Handle::try_current() else {
            return at_home();
        };
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread || home.is_here() {
            return at_home();
        }
        self.near()
            .lane(runtime.id())
            .map_or_else(at_home, |lane| (lane, Served::Here))
    }

    /// Returns the lane that every call may use.
    pub(super) fn home(&self) -> &Arc<Lane> {
        &self.home
    }

    /// Drops the connections and makes no other ones.
    pub(super) fn close(&self) {
        self.home.close();
        let mut near = self.near();
        near.is_closed = true;
        for neighbour in near.of.drain() {
            if let (_, Neighbour::Lane(lane)) = neighbour {
                lane.close();
            }
        }
    }

    fn near(&self) -> MutexGuard<'_, Near> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Near {
    /// Returns the runtime's own lane, if it has one by now.
    fn lane(&mut self, runtime: Id) -> Option<Arc<Lane>> {
        if self.is_closed {
            return None;
        }
        if !self.of.contains_key(&runtime) && self.of.len() >= MOST {
            self.of.retain(|_, neighbour| match neighbour {
                Neighbour::Asked(_) => false,
                Neighbour::Lane(lane) => !lane.is_idle_for(FORGOTTEN),
            });
            if self.of.len() >= MOST {
                return None;
            }
        }
        let neighbour = self.of.entry(runtime).or_insert(Neighbour::Asked(0));
        match neighbour {
            Neighbour::Lane(lane) => Some(Arc::clone(lane)),
            Neighbour::Asked(times) if *times < OFTEN => {
                *times += 1;
                None
            }
            Neighbour::Asked(_) => {
                let lane = Arc::<Lane>::default();
                *neighbour = Neighbour::Lane(Arc::clone(&lane));
                Some(lane)
            }
        }
    }
}
