use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use session_core::StoreError;
use time::OffsetDateTime;

use super::super::ask::{Answer, Ask, Slots};
use super::job::{Job, job};
use super::scenarios::{Done, Fact, Scenario};
use super::world::World;

/// How far to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many faults there may be.
    pub(super) faults: usize,
    /// How often another task than before, or another step than the task's first, may have its turn: few are enough to break what can be
    /// broken, while the orders are too many to see all of three long tasks.
    pub(super) switches: usize,
}

/// Runs a scenario in every order of its steps and with every fault, up to the limits, and returns how
/// many different states that comes through.
pub(super) fn explore(scenario: &Scenario, limits: Limits) -> usize {
    let mut met = HashSet::new();
    let mut open = vec![State::new(scenario)];
    while let Some(state) = open.pop() {
        if met.insert(state.fingerprint(limits)) {
            state.check(scenario);
            let choices = state.choices(limits).into_iter();
            open.extend(choices.map(|choice| state.after(choice, scenario)));
        }
    }
    met.len()
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// A step of that task is done, and the task is told.
    Step(usize, usize),
    /// The task is told that it failed. It may still be done: at once, as when only the answer got
    /// lost; much later, as by a server that was frozen; or never.
    Lose(usize, usize),
    /// A step is done for which nobody waits any more.
    Straggle(usize),
    /// A task ends where it is. What it has asked for may still be done.
    Crash(usize),
}

#[derive(Clone)]
struct State {
    world: World,
    tasks: Vec<Task>,
    /// What tells the step from all others, and the step.
    stragglers: Vec<(u64, Job)>,
    faults: usize,
    switches: usize,
    path: Vec<Choice>,
}

/// A task, which is what it was told: its code does the same when it is told the same.
#[derive(Clone, Default)]
struct Task {
    told: Vec<(usize, Told)>,
    waiting: Vec<(usize, Job)>,
    /// What was so at some moment since the first step.
    facts: Option<BTreeSet<Fact>>,
    done: Option<Result<Done, Lost>>,
    is_crashed: bool,
}

/// What a task was told of one of its steps.
type Told = Result<Answer, Lost>;

#[derive(Debug, Clone, Copy)]
struct Lost;

/// A task's place at the board, where its steps wait for their turn.
pub(super) struct Seat {
    steps: Arc<Mutex<Vec<Step>>>,
    now: OffsetDateTime,
}

struct Step {
    job: Option<Job>,
    told: Option<Told>,
}

impl Slots for Seat {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, StoreError> {
        let number = {
            let mut steps = lock(&self.steps);
            steps.push(Step {
                job: Some(job(ask)),
                told: None,
            });
            steps.len() - 1
        };
        let told = std::future::poll_fn(|_| match lock(&self.steps)[number].told.take() {
            Some(told) => Poll::Ready(told),
            None => Poll::Pending,
        });
        told.await.map_err(|Lost| StoreError::new("lost"))
    }

    fn now(&self) -> OffsetDateTime {
        self.now
    }
}

impl State {
    fn new(scenario: &Scenario) -> Self {
        let world = scenario.world();
        let mut tasks = vec![Task::default(); scenario.tasks()];
        for (number, task) in tasks.iter_mut().enumerate() {
            task.go_on(scenario, number, &world);
        }
        Self {
            world,
            tasks,
            stragglers: Vec::new(),
            faults: 0,
            switches: 0,
            path: Vec::new(),
        }
    }

    /// Returns whatever may happen next.
    fn choices(&self, limits: Limits) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (number, task) in self.tasks.iter().enumerate() {
            for (step, _) in &task.waiting {
                if self.switches >= limits.switches && self.is_switch(number, *step) {
                    continue;
                }
                choices.push(Choice::Step(number, *step));
                if self.faults < limits.faults {
                    choices.push(Choice::Lose(number, *step));
                }
            }
            if self.faults < limits.faults && !task.is_over() {
                choices.push(Choice::Crash(number));
            }
        }
        choices.extend((0..self.stragglers.len()).map(Choice::Straggle));
        choices
    }

    /// Says whether a step is another's than the last one, who could go on, or not its task's first.
    fn is_switch(&self, number: usize, step: usize) -> bool {
        let mut turns = self.path.iter().rev().filter_map(|choice| match choice {
            Choice::Step(task, _) | Choice::Lose(task, _) => Some(*task),
            Choice::Straggle(_) | Choice::Crash(_) => None,
        });
        let last = turns.next().filter(|last| !self.tasks[*last].is_over());
        let first = self.tasks[number].waiting.first();
        last.is_some_and(|last| last != number) || first.is_some_and(|(first, _)| *first != step)
    }

    fn after(&self, choice: Choice, scenario: &Scenario) -> Self {
        let mut next = self.clone();
        next.path.push(choice);
        if let Choice::Step(number, step) | Choice::Lose(number, step) = choice {
            next.switches += usize::from(self.is_switch(number, step));
            // Its command has begun by now.
            let fact = scenario.fact(number, &next.world);
            let facts = &mut next.tasks[number].facts;
            facts.get_or_insert_with(|| BTreeSet::from([fact]));
        }
        match choice {
            Choice::Step(number, step) => {
                let job = next.tasks[number].take(step);
                let answer = job(&mut next.world);
                next.tasks[number].told.push((step, Ok(answer)));
            }
            Choice::Lose(number, step) => {
                let job = next.tasks[number].take(step);
                let name = next.tasks[number].name(number, step);
                next.stragglers.push((name, job));
                next.tasks[number].told.push((step, Err(Lost)));
                next.faults += 1;
            }
            Choice::Straggle(index) => {
                let (_, job) = next.stragglers.remove(index);
                job(&mut next.world);
            }
            Choice::Crash(number) => {
                let task = &mut next.tasks[number];
                task.is_crashed = true;
                for (step, job) in std::mem::take(&mut task.waiting) {
                    next.stragglers.push((task.name(number, step), job));
                }
                next.faults += 1;
            }
        }
        for (number, task) in next.tasks.iter_mut().enumerate() {
            if let (Some(facts), None) = (&mut task.facts, &task.done) {
                facts.insert(scenario.fact(number, &next.world));
            }
        }
        if let Choice::Step(number, _) | Choice::Lose(number, _) = choice {
            next.tasks[number].go_on(scenario, number, &next.world);
        }
        next
    }

    /// Boils down everything that decides on what may follow, and on what is right.
    fn fingerprint(&self, limits: Limits) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.world.hash(&mut hasher);
        self.faults.hash(&mut hasher);
        if limits.switches != usize::MAX {
            self.switches.hash(&mut hasher);
            let tasks = self.tasks.iter().enumerate();
            let firsts = tasks.filter_map(|(number, task)| Some((number, task.waiting.first()?.0)));
            let turns: Vec<_> = firsts
                .map(|(number, step)| self.is_switch(number, step))
                .collect();
            turns.hash(&mut hasher);
        }
        for task in &self.tasks {
            task.facts.hash(&mut hasher);
            task.is_crashed.hash(&mut hasher);
            if task.is_over() {
                // It asks for nothing more.
                format!("{:?}", task.done).hash(&mut hasher);
                continue;
            }
            task.name(0, 0).hash(&mut hasher);
        }
        for (name, _) in &self.stragglers {
            name.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Panics if this state should not be.
    fn check(&self, scenario: &Scenario) {
        let place = || {
            let told: Vec<_> = self.tasks.iter().map(|task| &task.told).collect();
            let Self { world, path, .. } = self;
            format!("{scenario:?} after {path:?}\n{told:#?}\n{world:?}")
        };
        Scenario::check_world(&self.world, &place);
        for (number, task) in self.tasks.iter().enumerate() {
            if let (Some(Ok(done)), Some(facts)) = (&task.done, &task.facts) {
                scenario.check_task(number, done, facts, &self.world, &place);
            }
        }
        if self.tasks.iter().all(Task::is_over) {
            if self.faults == 0 && scenario.is_tidy() {
                assert!(self.world.is_tidy(), "something is left: {}", place());
            }
            Scenario::check_end(&self.world, &place);
        }
    }
}

impl Task {
    fn is_over(&self) -> bool {
        self.done.is_some() || self.is_crashed
    }

    fn take(&mut self, step: usize) -> Job {
        let waiting = self.waiting.iter();
        let index = waiting.enumerate().find(|(_, (number, _))| *number == step);
        let (index, _) = index.expect("it waits");
        self.waiting.remove(index).1
    }

    /// Tells a step that it asks for now from all others.
    fn name(&self, number: usize, step: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        (number, step).hash(&mut hasher);
        for (step, told) in &self.told {
            (step, brief(told)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Has the code do again what it did, and whatever follows on what it was told last.
    fn go_on(&mut self, scenario: &Scenario, number: usize, world: &World) {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let seat = Seat {
            steps: Arc::clone(&steps),
            now: world.now(),
        };
        let mut future = scenario.start(number, seat);
        let mut context = Context::from_waker(Waker::noop());
        let mut polled = future.as_mut().poll(&mut context);
        for (step, told) in &self.told {
            {
                let step: &mut Step = &mut lock(&steps)[*step];
                step.job = None;
                step.told = Some(told.clone());
            }
            polled = future.as_mut().poll(&mut context);
        }
        if let Poll::Ready(done) = polled {
            self.done = Some(done.map_err(|_| Lost));
        }
        drop(future);
        let mut steps = lock(&steps);
        let waiting = steps.iter_mut().enumerate();
        let waiting = waiting.filter_map(|(step, waits)| Some((step, waits.job.take()?)));
        self.waiting = if self.done.is_some() {
            Vec::new()
        } else {
            waiting.collect()
        };
    }
}

/// Says what a task was told in so many words as tell it from everything else.
fn brief(told: &Told) -> (u8, i64, Vec<u8>) {
    let first = |key: &session_core::Key| key.digest()[0];
    match told {
        Err(Lost) => (0, 0, Vec::new()),
        Ok(Answer::Nothing) => (1, 0, Vec::new()),
        Ok(Answer::Done) => (2, 0, Vec::new()),
        Ok(Answer::Here(record)) => (3, record.revision.to_i64(), Vec::new()),
        Ok(Answer::Moved(to)) => (4, 0, vec![first(to)]),
        Ok(Answer::Pending(from, revision)) => (5, revision.to_i64(), vec![first(from)]),
        Ok(Answer::Unlisted(owner)) => (6, 0, owner.clone().into_bytes()),
        Ok(Answer::Ended(owner)) => (7, 0, owner.clone().unwrap_or_default().into_bytes()),
        Ok(Answer::Kept) => (8, 0, Vec::new()),
        Ok(Answer::Keys(keys)) => (9, 0, keys.iter().map(first).collect()),
        Ok(answer) => panic!("no answer of the protocol: {answer:?}"),
    }
}

fn lock<T>(steps: &Mutex<T>) -> MutexGuard<'_, T> {
    steps.lock().expect("no test has failed")
}
