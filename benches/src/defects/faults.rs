use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_testkit::{FaultyStore, Gate};

use super::Hold;

/// A kind of call to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Load,
    /// Whatever stores a state; no deletion.
    Write,
}

/// What is to happen to a store's next call of a kind; clones are the same plan.
///
/// Each library's store is wrapped in one that asks here [`before`](Self::before) it passes a call on, as an
/// implementation of the library's own trait. Ours is `session-testkit`'s.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    next: Option<(Call, Fate)>,
    /// Our store, and the number of the call that the plan is for.
    ours: Option<(FaultyStore, usize)>,
}

#[derive(Debug, Clone)]
enum Fate {
    Fails,
    Waits(Hold),
}

/// A store that did not answer.
#[derive(Debug)]
pub(super) struct Outage;

impl Faults {
    /// Names our store, which has a plan of its own.
    pub(super) fn ours(&self, store: &FaultyStore) {
        self.plan().ours = Some((store.clone(), 0));
    }

    /// Does to a call what is planned.
    pub(super) async fn before(&self, call: Call) -> Result<(), Outage> {
        let fate = {
            let mut plan = self.plan();
            let next = plan.next.take_if(|(planned, _)| *planned == call);
            next.map(|(_, fate)| fate)
        };
        match fate {
            None => Ok(()),
            Some(Fate::Fails) => Err(Outage),
            Some(Fate::Waits(hold)) => {
                hold.pass().await;
                Ok(())
            }
        }
    }

    /// Makes the next call of the kind fail.
    pub(super) fn fail(&self, call: Call) {
        let mut plan = self.plan();
        match &mut plan.ours {
            Some((store, nth)) => {
                *nth = nth_of(store, call);
                store.fail(*nth);
            }
            None => plan.next = Some((call, Fate::Fails)),
        }
    }

    /// Makes the next call of the kind wait before it reaches the store.
    pub(super) fn pause(&self, call: Call) -> Pause {
        let mut plan = self.plan();
        match &mut plan.ours {
            Some((store, nth)) => {
                *nth = nth_of(store, call);
                Pause::Ours(store.pause_before(*nth))
            }
            None => {
                let hold = Hold::default();
                plan.next = Some((call, Fate::Waits(hold.clone())));
                Pause::Theirs(hold)
            }
        }
    }

    /// Whether the call has come.
    pub(super) fn is_spent(&self) -> bool {
        let plan = self.plan();
        let came = |(store, nth): &(FaultyStore, usize)| store.calls() >= *nth;
        plan.next.is_none() && plan.ours.as_ref().is_none_or(came)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request of ours loads first, and then writes.
fn nth_of(store: &FaultyStore, call: Call) -> usize {
    store.calls() + if call == Call::Load { 1 } else { 2 }
}

/// A call that waits.
#[derive(Debug)]
pub(super) enum Pause {
    Ours(Gate),
    Theirs(Hold),
}

impl Pause {
    /// Waits until the call has come.
    pub(super) async fn reached(&self) {
        match self {
            Self::Ours(gate) => gate.reached().await,
            Self::Theirs(hold) => hold.reached().await,
        }
    }

    /// Lets the call on.
    pub(super) fn open(&self) {
        match self {
            Self::Ours(gate) => gate.open(),
            Self::Theirs(hold) => hold.open(),
        }
    }
}
