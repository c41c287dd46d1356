//! Every order of the steps of some nodes, with nodes that end and answers that get lost.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use session_store::Moving;
use session_testkit::{ModelStore, key_of};

use crate::actors::{Act, Told, hers};
use crate::judge;
use crate::seats::{Names, Seat, Seen, hash, picture};
use crate::seeds::Seed;

#[derive(Debug, Clone, Copy, Hash)]
pub(crate) enum Choice {
    /// Makes the next call.
    Step(usize),
    /// Makes the next call, whose answer gets lost.
    Lose(usize),
    /// Ends before the next call.
    Crash(usize),
}

#[derive(Debug, Clone)]
pub(crate) enum Progress {
    Waits,
    Runs,
    Told(Told),
    Crashed,
}

/// What a node has done so far.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) act: Act,
    pub(crate) progress: Progress,
    /// Whether one of its answers got lost.
    pub(crate) is_hit: bool,
    /// Which of the others were done when it began.
    pub(crate) done_before: Vec<bool>,
}

type Task = Pin<Box<dyn Future<Output = Told>>>;

pub(crate) struct Run {
    pub(crate) old: ModelStore,
    pub(crate) new: ModelStore,
    pub(crate) actors: Vec<Actor>,
    tasks: Vec<Option<Task>>,
    seen: Vec<Arc<Mutex<Seen>>>,
    names: Arc<Mutex<Names>>,
    faults: usize,
}

impl Run {
    fn new(seed: Seed, cast: &[Act], faults: usize) -> Self {
        let (old, new) = (ModelStore::new(), ModelStore::new());
        seed.put((&old, &new), &key_of(1), &hers(1));
        let names = Arc::new(Mutex::new(Names::new()));
        let mut run = Self {
            old,
            new,
            actors: Vec::new(),
            tasks: Vec::new(),
            seen: Vec::new(),
            names,
            faults,
        };
        run.name_seeds();
        for (actor, act) in cast.iter().copied().enumerate() {
            let known = Arc::new(Mutex::new(Seen::default()));
            let seat = |model: &ModelStore| {
                Arc::new(Seat {
                    actor,
                    model: model.clone(),
                    seen: Arc::clone(&known),
                    names: Arc::clone(&run.names),
                })
            };
            let (old, new) = (seat(&run.old), seat(&run.new));
            let store = if act.is_preparing() {
                Moving::preparing(old, new)
            } else {
                Moving::new(old, new)
            };
            let store = store.unwrap();
            run.tasks
                .push(Some(Box::pin(async move { act.run(&store, actor).await })));
            run.seen.push(known);
            run.actors.push(Actor {
                act,
                progress: Progress::Waits,
                is_hit: false,
                done_before: Vec::new(),
            });
        }
        run
    }

    /// Names what the dead mover has drawn.
    fn name_seeds(&self) {
        for (model, place) in [(&self.old, 0), (&self.new, 1)] {
            for number in judge::drawn(model) {
                let mut names = self.names.lock().unwrap();
                names.insert(number, (100, place));
            }
        }
    }

    fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (actor, task) in self.tasks.iter().enumerate() {
            if task.is_none() {
                continue;
            }
            choices.push(Choice::Step(actor));
            // One that has not begun does no harm by its end.
            if self.faults > 0 && matches!(self.actors[actor].progress, Progress::Runs) {
                choices.push(Choice::Crash(actor));
                if self.seen[actor].lock().unwrap().is_writing {
                    choices.push(Choice::Lose(actor));
                }
            }
        }
        choices
    }

    fn apply(&mut self, choice: Choice) {
        let (Choice::Step(actor) | Choice::Lose(actor) | Choice::Crash(actor)) = choice;
        match choice {
            Choice::Step(_) => {}
            Choice::Lose(_) => {
                self.faults -= 1;
                self.actors[actor].is_hit = true;
                self.seen[actor].lock().unwrap().loses_answer = true;
            }
            Choice::Crash(_) => {
                self.faults -= 1;
                self.tasks[actor] = None;
                self.actors[actor].progress = Progress::Crashed;
                return;
            }
        }
        if let Progress::Waits = self.actors[actor].progress {
            let is_done = |other: &Actor| matches!(other.progress, Progress::Told(_));
            self.actors[actor].done_before = self.actors.iter().map(is_done).collect();
            self.actors[actor].progress = Progress::Runs;
            // It comes to its first call.
            self.poll(actor);
        }
        self.poll(actor);
    }

    fn poll(&mut self, actor: usize) {
        let task = self.tasks[actor].as_mut().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(told) = task.as_mut().poll(&mut context) {
            self.tasks[actor] = None;
            self.actors[actor].progress = Progress::Told(told);
            judge::told(self, actor);
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let names = self.names.lock().unwrap();
        for model in [&self.old, &self.new] {
            hash(model, &names, &mut hasher);
        }
        for (actor, seen) in self.actors.iter().zip(&self.seen) {
            let progress = std::mem::discriminant(&actor.progress);
            (seen.lock().unwrap().answers, progress, &actor.done_before).hash(&mut hasher);
        }
        self.faults.hash(&mut hasher);
        hasher.finish()
    }
}

/// Goes through all states that can be reached, judges each answer and each end, and returns how many there are.
pub(crate) fn explore(seed: Seed, cast: &[Act], faults: usize) -> usize {
    let mut known = HashSet::new();
    let mut open: Vec<Vec<Choice>> = vec![Vec::new()];
    while let Some(mut path) = open.pop() {
        let mut run = Run::new(seed, cast, faults);
        let context = std::panic::AssertUnwindSafe((&mut run, &mut path, &mut open, &mut known));
        let result = std::panic::catch_unwind(move || {
            let context = context;
            let (run, path, open, known) = context.0;
            for choice in path.iter() {
                run.apply(*choice);
            }
            while known.insert(run.fingerprint()) {
                let choices = run.choices();
                let Some((first, others)) = choices.split_first() else {
                    judge::end(run);
                    break;
                };
                for other in others {
                    open.push([&path[..], &[*other]].concat());
                }
                path.push(*first);
                run.apply(*first);
            }
        });
        if let Err(panic) = result {
            eprintln!("{seed:?}, {cast:?}: {path:?}");
            for (name, model) in [("old", &run.old), ("new", &run.new)] {
                eprintln!("{name}: {}", picture(model));
            }
            std::panic::resume_unwind(panic);
        }
    }
    known.len()
}
