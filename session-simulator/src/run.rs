use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use session_core::Clock as _;

use crate::browsers::Browsers;
use crate::command::Call;
use crate::desk::Desk;
use crate::handler::{probe, serve};
use crate::ledger::Ledger;
use crate::moves::{Begin, Fate, Move};
use crate::nodes::{Nodes, SITES};
use crate::plan::Plan;
use crate::planted::Plant;
use crate::ports::WorldTime;
use crate::properties::judge;
use crate::secret::header;
use crate::setting::{SECOND, SKEW, Setting};
use crate::trace::Trace;
use crate::wire;

/// Somebody who says what happens next.
pub trait Source {
    /// Returns the next move; `None` if nothing more is to happen.
    fn next(&mut self, scene: &Scene) -> Option<Move>;
}

/// What a source can see.
#[derive(Debug, Default)]
pub struct Scene {
    /// The requests under way, and whether each waits for the store.
    pub running: Vec<(u16, bool)>,
    /// The requests whose answers are on their way.
    pub answered: Vec<u16>,
    /// Those of which a call is held.
    pub held: Vec<u16>,
    /// The number of moves so far.
    pub moves: usize,
}

/// What a run has come to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How many moves and polls were made.
    pub steps: u64,
    /// A number that depends on everything that was observed.
    pub digest: u64,
    /// The first rule that was broken.
    pub violation: Option<Violation>,
    /// What has happened, to be played again.
    pub plan: Plan,
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The property's name.
    pub property: &'static str,
    /// What was seen.
    pub what: String,
}

/// The rule that a run breaks whose requests never end.
pub(crate) const STUCK: &str = "every request ends, and nothing panics";

/// A world that moves.
pub(crate) struct Run {
    setting: Setting,
    pub(crate) nodes: Nodes,
    pub(crate) world: WorldTime,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    running: BTreeMap<u16, Task>,
    answered: BTreeSet<u16>,
    browsers: Browsers,
    pub(crate) steps: u64,
    trace: Trace,
    pub(crate) violation: Option<Violation>,
    next_probe: u16,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Plays what a source says, and then lets everything end.
///
/// # Errors
///
/// The world can't be made.
pub fn play(
    setting: Setting,
    source: &mut dyn Source,
    plant: Option<Plant>,
) -> anyhow::Result<Outcome> {
    let mut run = Run::new(setting, plant)?;
    let mut moves = Vec::new();
    while run.violation.is_none()
        && let Some(step) = source.next(&run.scene(moves.len()))
    {
        run.make(&step);
        moves.push(step);
    }
    if run.violation.is_none() {
        run.settle();
    }
    Ok(Outcome {
        steps: run.steps,
        digest: run.trace.digest(),
        violation: run.violation.take(),
        plan: Plan { setting, moves },
    })
}

impl Run {
    fn new(setting: Setting, plant: Option<Plant>) -> anyhow::Result<Self> {
        let world = WorldTime::new();
        let nodes = Nodes::new(&setting, &world, plant)?;
        Ok(Self {
            setting,
            nodes,
            ledger: Rc::new(RefCell::new(Ledger::new(setting, world.clone()))),
            world,
            running: BTreeMap::new(),
            answered: BTreeSet::new(),
            browsers: Browsers::default(),
            steps: 0,
            trace: Trace::default(),
            violation: None,
            next_probe: PROBES,
        })
    }

    fn scene(&self, moves: usize) -> Scene {
        let net = &self.nodes.net;
        let running = self
            .running
            .keys()
            .map(|id| (*id, net.stage(*id).is_some()));
        Scene {
            running: running.collect(),
            answered: self.answered.iter().copied().collect(),
            held: net.held(),
            moves,
        }
    }

    /// Makes a move, if there is something to do.
    fn make(&mut self, step: &Move) {
        self.steps += 1;
        self.world.advance(TICK);
        match step {
            Move::Begin(begin) => self.begin(begin),
            Move::Poll(id, fate) => self.poll(*id, *fate),
            Move::Drop(id) => self.drop_request(*id),
            Move::Deliver(id) => self.deliver(*id),
            Move::Lose(id) => drop(self.answered.remove(id)),
            Move::Release(id) => self.release(*id),
            Move::Pass(millis) => self.world.advance(i64::from(*millis) * 1_000),
            Move::Jump(node, to) => {
                let most = SKEW / 2;
                let to = (i64::from(*to) * 1_000).clamp(-most, most);
                self.nodes.clock(*node).set_ahead(to);
            }
        }
    }

    fn begin(&mut self, begin: &Begin) {
        let is_taken = self.ledger.borrow().visits.contains_key(&begin.id);
        if is_taken || begin.id == 0 || begin.id >= PROBES {
            return;
        }
        let (site, seed) = (begin.site % SITES, self.setting.seed);
        let begin = Begin {
            site,
            ..begin.clone()
        };
        let sessions = self.nodes.sessions(begin.node, site).clone();
        let policy = sessions.policy();
        let cookies = self.browsers.cookies(&begin, seed);
        let shown = cookies
            .last()
            .and_then(|text| crate::secret::Secret::read(policy, site, text));
        let shown = shown.filter(|_| begin.task.is_request());
        let cookies = cookies.iter().map(|text| header(policy, text)).collect();
        self.ledger.borrow_mut().begin(&begin, shown);
        let desk = Desk {
            id: begin.id,
            site,
            ledger: Rc::clone(&self.ledger),
            sessions,
        };
        let task = serve(desk, cookies, begin.task.clone());
        self.browsers.sends(&begin);
        self.running.insert(begin.id, Box::pin(task));
    }

    /// Polls a request once.
    pub(crate) fn poll(&mut self, id: u16, fate: Fate) {
        let Some(task) = self.running.get_mut(&id) else {
            return;
        };
        self.nodes.net.poll(id, fate);
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => {
                self.running.remove(&id);
                self.nodes.net.leave(id);
                let mut ledger = self.ledger.borrow_mut();
                if ledger.over(id).is_none() {
                    ledger.ends_if_open(id);
                }
                if ledger
                    .visits
                    .get(&id)
                    .is_some_and(|visit| visit.answer.is_some())
                {
                    self.answered.insert(id);
                }
            }
            Err(_) => {
                self.running.remove(&id);
                self.breaks(STUCK, format!("request {id} has panicked"));
            }
        }
        self.judge();
    }

    fn drop_request(&mut self, id: u16) {
        if let Some(task) = self.running.remove(&id) {
            self.nodes.net.poll(id, Fate::Works);
            drop(task);
            self.nodes.net.leave(id);
            self.ledger.borrow_mut().dropped(id);
            self.judge();
        }
    }

    pub(crate) fn deliver(&mut self, id: u16) {
        if self.answered.remove(&id) {
            let ledger = self.ledger.borrow();
            if let Some(visit) = ledger.visits.get(&id)
                && let Some(answer) = &visit.answer
            {
                self.browsers.receives(id, visit.site, answer);
            }
        }
    }

    pub(crate) fn release(&mut self, id: u16) {
        let Some(call) = self.nodes.net.release(id) else {
            return;
        };
        self.nodes.net.poll(id, Fate::Works);
        let (store, net) = (&*self.nodes.store, &self.nodes.net);
        let arrives = async {
            match call {
                Call::Write(command, now) => {
                    let _ = wire::apply(store, net, command.command(), now, false).await;
                }
                Call::Revoke(whose, now) => drop(whose.run(store, now).await),
            }
        };
        if !completes(arrives) {
            self.breaks(STUCK, format!("the held call of request {id} does not end"));
        }
        self.ledger.borrow_mut().released(id);
        self.judge();
    }

    /// Takes what has come through and judges it.
    pub(crate) fn judge(&mut self) {
        let passed = self.nodes.net.passed();
        let facts = {
            let mut ledger = self.ledger.borrow_mut();
            ledger.take(passed);
            ledger.take_facts()
        };
        for fact in facts {
            let found = {
                let ledger = self.ledger.borrow();
                self.trace.take(&ledger, &fact);
                judge(&ledger, &fact)
            };
            if let Some((property, what)) = found {
                self.breaks(property, what);
            }
        }
    }

    pub(crate) fn breaks(&mut self, property: &'static str, what: String) {
        self.violation.get_or_insert(Violation { property, what });
    }

    /// Returns the requests under way.
    pub(crate) fn running(&self) -> Vec<u16> {
        self.running.keys().copied().collect()
    }

    pub(crate) fn answered(&self) -> Vec<u16> {
        self.answered.iter().copied().collect()
    }

    /// Presents a cookie, looks, and goes away.
    pub(crate) fn probe(&mut self, secret: crate::secret::Secret) {
        let id = self.next_probe;
        self.next_probe = self.next_probe.saturating_add(1);
        let node = u8::try_from(usize::from(id) % self.nodes.count()).unwrap_or_default();
        let sessions = self.nodes.sessions(node, secret.site).clone();
        let begin = Begin {
            id,
            browser: 0,
            node,
            site: secret.site,
            shows: crate::moves::Shows::Jar,
            task: crate::act::Task::Page(Vec::new()),
        };
        let cookie = header(sessions.policy(), &secret.text);
        let desk = Desk {
            id,
            site: secret.site,
            ledger: Rc::clone(&self.ledger),
            sessions,
        };
        self.ledger.borrow_mut().begin(&begin, Some(secret));
        self.running.insert(id, Box::pin(probe(desk, cookie)));
        for _ in 0..MOST_POLLS {
            if !self.running.contains_key(&id) {
                break;
            }
            self.steps += 1;
            self.poll(id, Fate::Works);
        }
        if self.running.contains_key(&id) {
            self.breaks(STUCK, format!("probe {id} does not end"));
        }
    }

    /// Lets time pass for everybody.
    pub(crate) fn pass(&mut self, micros: i64) {
        self.world.advance(micros + SECOND);
        let now = self.nodes.clock(0).now();
        self.trace.mix(session_core::to_micros(now).unsigned_abs());
    }
}

/// Polls a future of a store that never waits for anybody, and says whether it ends.
fn completes(future: impl Future<Output = ()>) -> bool {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..MOST_POLLS).any(|_| future.as_mut().poll(&mut context).is_ready())
}

/// Requests from here on are probes.
pub(crate) const PROBES: u16 = 30_000;

/// Each move takes a millisecond.
const TICK: i64 = 1_000;

/// More than a request without faults ever needs.
const MOST_POLLS: u32 = 2_000;
