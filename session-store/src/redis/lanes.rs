use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Read with `near` locked, before a lane is made.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Near(HashMap<Id, Neighbour>);

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
            is_closed: AtomicBool::new(false),
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
        let mut near = self.near();
        if self.is_closed() {
            return at_home();
        }
        let own = near.lane(runtime.id());
        own.map_or_else(at_home, |lane| (lane, Served::Here))
    }

    /// Returns the lane that every call may use.
    pub(super) fn home(&self) -> &Arc<Lane> {
        &self.home
    }

    /// Drops the connections and makes no other ones.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.home.close();
        for (_, neighbour) in self.near().0.drain() {
            if let Neighbour::Lane(lane) = neighbour {
                lane.close();
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn near(&self) -> MutexGuard<'_, Near> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Near {
    /// Returns the runtime's own lane, if it has one by now.
    fn lane(&mut self, runtime: Id) -> Option<Arc<Lane>> {
        if !self.0.contains_key(&runtime) && self.0.len() >= MOST {
            self.0.retain(|_, neighbour| match neighbour {
                Neighbour::Asked(_) => false,
                Neighbour::Lane(lane) => !lane.is_idle_for(FORGOTTEN),
            });
            if self.0.len() >= MOST {
                return None;
            }
        }
        let neighbour = self.0.entry(runtime).or_insert(Neighbour::Asked(0));
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
