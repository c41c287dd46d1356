use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use session_core::{PublicId, Record, Revision};

use crate::command::Call;
use crate::moves::Fate;

/// What lies between the servers and the store: where each request's call is, and what has come through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Net(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The request that is polled now.
    polled: u16,
    fate: Option<Fate>,
    stages: BTreeMap<u16, Stage>,
    held: BTreeMap<u16, Vec<Call>>,
    log: Vec<Passed>,
    applied: u64,
}

/// Where a request's call to the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not reached the store.
    Before,
    /// The store is in the middle of it; only stores with a planted fault are.
    Between,
    /// It has been carried out, and the answer is on its way.
    After,
}

/// What has come through.
#[derive(Debug, Clone)]
pub(crate) enum Passed {
    Applied(Box<Applied>),
    /// The command of that number was acknowledged to its request.
    Acknowledged(u64),
    /// The request has loaded a record of this revision.
    Loaded(u16, Revision),
    /// Something went wrong with a call of the request.
    Faulty(u16),
    Held(u16),
}

/// A command that was applied to a record.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) number: u64,
    pub(crate) by: u16,
    pub(crate) key: PublicId,
    pub(crate) kind: Kind,
    pub(crate) before: Option<Record>,
    pub(crate) after: Option<Record>,
    /// The same command has been applied before.
    pub(crate) is_repeated: bool,
    pub(crate) is_acknowledged: bool,
    /// Its place in the order of all that has happened.
    pub(crate) order: u64,
    /// How many sessions its owner has left, by whatever clock, if it has ended one.
    pub(crate) left: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Insert,
    Replace,
    Touch,
    Delete,
}

impl Net {
    /// Says who is polled next, and how its call goes on.
    pub(crate) fn poll(&self, id: u16, fate: Fate) {
        let mut state = self.state();
        state.polled = id;
        state.fate = Some(fate);
    }

    pub(crate) fn polled(&self) -> u16 {
        self.state().polled
    }

    pub(crate) fn stage(&self, id: u16) -> Option<Stage> {
        self.state().stages.get(&id).copied()
    }

    /// Forgets where the call of a request is that has ended.
    pub(crate) fn leave(&self, id: u16) {
        self.state().stages.remove(&id);
    }

    /// Waits for the next poll, and returns how the call goes on.
    pub(crate) async fn pause(&self, by: u16, stage: Stage) -> Fate {
        let mut is_first = true;
        poll_fn(|_| {
            let mut state = self.state();
            if std::mem::take(&mut is_first) {
                state.stages.insert(by, stage);
                return Poll::Pending;
            }
            state.stages.remove(&by);
            Poll::Ready(state.fate.take().unwrap_or(Fate::Works))
        })
        .await
    }

    pub(crate) fn hold(&self, by: u16, call: Call) {
        let mut state = self.state();
        state.held.entry(by).or_default().push(call);
        state.log.push(Passed::Held(by));
    }

    /// Takes a call that was held.
    pub(crate) fn release(&self, by: u16) -> Option<Call> {
        let mut state = self.state();
        let calls = state.held.get_mut(&by)?;
        let call = calls.remove(0);
        if calls.is_empty() {
            state.held.remove(&by);
        }
        Some(call)
    }

    /// Returns the requests of which calls are held.
    pub(crate) fn held(&self) -> Vec<u16> {
        self.state().held.keys().copied().collect()
    }

    /// Returns the number of the next command that is applied.
    pub(crate) fn number(&self) -> u64 {
        let mut state = self.state();
        state.applied += 1;
        state.applied
    }

    pub(crate) fn note(&self, passed: Passed) {
        self.state().log.push(passed);
    }

    /// Takes what has come through since the last time.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        std::mem::take(&mut self.state().log)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
