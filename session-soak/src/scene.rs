use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use session_simulator::Rng;
use session_testkit::http::Request;

use crate::book::Book;
use crate::invariant::Breach;
use crate::traffic::Traffic;
use crate::wire::{Departure, Door, Outcome};

/// What all actors of a run share.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) doors: Vec<Door>,
    pub(crate) seed: u64,
    pub(crate) begun: Instant,
    pub(crate) traffic: Traffic,
    book: Mutex<Book>,
    /// The number of begins and ends of trouble: even while nothing is broken.
    troubles: AtomicU64,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    violation: Option<Violation>,
}

/// A broken rule, and what its visitor did last.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) breach: Breach,
    pub(crate) who: String,
    pub(crate) history: Vec<String>,
}

impl Scene {
    pub(crate) fn new(doors: Vec<Door>, seed: u64) -> Self {
        Self {
            doors,
            seed,
            begun: Instant::now(),
            traffic: Traffic::default(),
            book: Mutex::default(),
            troubles: AtomicU64::new(0),
            state: Mutex::default(),
            over: Condvar::new(),
        }
    }

    /// The numbers of one actor: the same for a seed.
    pub(crate) fn rng(&self, actor: u64) -> Rng {
        Rng::new(self.seed.wrapping_add(actor << 32))
    }

    pub(crate) fn door(&self, rng: &mut Rng) -> &Door {
        rng.pick(&self.doors).unwrap_or(&self.doors[0])
    }

    /// Sends a request, or goes away in the middle of it; also says whether there was a trouble meanwhile.
    pub(crate) fn send(
        &self,
        door: &Door,
        request: Request,
        departure: Option<Departure>,
    ) -> (Outcome, bool) {
        let before = self.troubles.load(Ordering::SeqCst);
        let outcome = match departure {
            None => door.send(request),
            Some(how) => door.abort(request, how),
        };
        let after = self.troubles.load(Ordering::SeqCst);
        let is_excused = before % 2 == 1 || before != after;
        self.traffic.add(&outcome, is_excused);
        (outcome, is_excused)
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins or ends a trouble.
    pub(crate) fn turn(&self) {
        self.troubles.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits for the pace of an actor, since load that is not paced only measures the machine; false once the run is over.
    pub(crate) fn pause(&self, pace: Duration) -> bool {
        let waited = self
            .over
            .wait_timeout_while(self.state(), pace, |state| !state.is_over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_over
    }

    pub(crate) fn end(&self) {
        self.state().is_over = true;
        self.over.notify_all();
    }

    /// Ends the run, because a rule is broken; the first one counts.
    pub(crate) fn violated(&self, breach: Breach, who: &str, history: Vec<String>) {
        let mut state = self.state();
        state.violation.get_or_insert(Violation {
            breach,
            who: who.to_owned(),
            history,
        });
        state.is_over = true;
        drop(state);
        self.over.notify_all();
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.state().violation.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
