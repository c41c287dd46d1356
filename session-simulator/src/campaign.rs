use crate::faults::Faults;
use crate::moves::Move;
use crate::plan::Plan;
use crate::planted::Plant;
use crate::rng::{Rng, mix};
use crate::run::{Outcome, Scene, Source, Violation, play};
use crate::setting::Setting;

/// Many plans, one after the other, each drawn from a seed.
#[derive(Debug, Clone)]
pub struct Campaign {
    seed: u64,
    next: u64,
    plant: Option<Plant>,
    /// The steps of all plans so far.
    pub steps: u64,
    /// The number of plans.
    pub plans: u64,
}

impl Campaign {
    /// Begins with a seed, and perhaps a fault on purpose.
    #[must_use]
    pub fn new(seed: u64, plant: Option<Plant>) -> Self {
        Self {
            seed,
            next: 0,
            plant,
            steps: 0,
            plans: 0,
        }
    }

    /// Plays the next plan.
    ///
    /// # Errors
    ///
    /// Its world can't be made.
    pub fn play(&mut self) -> anyhow::Result<Outcome> {
        let seed = mix(self.seed).wrapping_add(self.next);
        self.next += 1;
        let outcome = play_seed(seed, self.plant)?;
        self.steps += outcome.steps;
        self.plans += 1;
        Ok(outcome)
    }

    /// Plays until a rule is broken or so many steps were made.
    ///
    /// # Errors
    ///
    /// A world can't be made.
    pub fn run(&mut self, steps: u64) -> anyhow::Result<Option<Outcome>> {
        while self.steps < steps {
            let outcome = self.play()?;
            if outcome.violation.is_some() {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    /// Plays until this rule is broken, whatever other rules a fault breaks in other plans.
    ///
    /// # Errors
    ///
    /// A world can't be made.
    pub fn run_for(&mut self, steps: u64, property: &str) -> anyhow::Result<Option<Outcome>> {
        while let Some(outcome) = self.run(steps)? {
            let is_it = |violation: &Violation| violation.property == property;
            if outcome.violation.as_ref().is_some_and(is_it) {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }
}

/// Plays the plan of a seed.
///
/// # Errors
///
/// Its world can't be made.
pub fn play_seed(seed: u64, plant: Option<Plant>) -> anyhow::Result<Outcome> {
    let mut rng = Rng::new(seed);
    let setting = Setting::draw(&mut rng);
    play(setting, &mut Faults::new(rng, &setting), plant)
}

/// Plays a plan once more.
///
/// # Errors
///
/// Its world can't be made.
pub fn replay(plan: &Plan, plant: Option<Plant>) -> anyhow::Result<Outcome> {
    play(plan.setting, &mut Script(plan.moves.iter()), plant)
}

struct Script<'a>(std::slice::Iter<'a, Move>);

impl Source for Script<'_> {
    fn next(&mut self, _: &Scene) -> Option<Move> {
        self.0.next().cloned()
    }
}
