use crate::act::Task;
use crate::campaign::replay;
use crate::moves::{Fate, Move, Shows};
use crate::plan::Plan;
use crate::planted::Plant;
use crate::setting::{Caches, Kind, Setting};

/// Makes of a plan that breaks a rule a small one that breaks the same.
///
/// # Errors
///
/// A world can't be made.
pub fn shrink(plan: Plan, property: &str, plant: Option<Plant>) -> anyhow::Result<Plan> {
    let mut shrinking = Shrinking {
        plan,
        property,
        plant,
        tries: MOST_TRIES,
    };
    loop {
        let before = shrinking.plan.clone();
        shrinking.leave_out_moves()?;
        shrinking.simplify_moves()?;
        shrinking.simplify_world()?;
        if shrinking.plan == before || shrinking.tries == 0 {
            return Ok(shrinking.plan);
        }
    }
}

struct Shrinking<'a> {
    plan: Plan,
    property: &'a str,
    plant: Option<Plant>,
    tries: u32,
}

impl Shrinking<'_> {
    /// Takes a plan if it breaks the rule too.
    fn takes(&mut self, plan: &Plan) -> anyhow::Result<bool> {
        if self.tries == 0 || *plan == self.plan {
            return Ok(false);
        }
        self.tries -= 1;
        let outcome = replay(plan, self.plant)?;
        let is_same = outcome
            .violation
            .is_some_and(|it| it.property == self.property);
        if is_same {
            // What comes after it does not matter.
            self.plan = outcome.plan;
        }
        Ok(is_same)
    }

    fn leave_out_moves(&mut self) -> anyhow::Result<()> {
        let mut size = self.plan.moves.len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            while start < self.plan.moves.len() {
                let mut plan = self.plan.clone();
                let end = (start + size).min(plan.moves.len());
                plan.moves.drain(start..end);
                if !self.takes(&plan)? {
                    start += size;
                }
            }
            size /= 2;
        }
        Ok(())
    }

    fn simplify_moves(&mut self) -> anyhow::Result<()> {
        let mut place = 0;
        while place < self.plan.moves.len() {
            for simpler in simpler(&self.plan.moves[place]) {
                let mut plan = self.plan.clone();
                plan.moves[place] = simpler;
                if self.takes(&plan)? {
                    break;
                }
            }
            place += 1;
        }
        Ok(())
    }

    fn simplify_world(&mut self) -> anyhow::Result<()> {
        let changes: [fn(&mut Setting); 5] = [
            |setting| setting.nodes = 1,
            |setting| setting.caches = Caches::Without,
            |setting| setting.store = Kind::Model,
            |setting| setting.rotate_every = 0,
            |setting| setting.cap = 0,
        ];
        for change in changes {
            let mut plan = self.plan.clone();
            change(&mut plan.setting);
            self.takes(&plan)?;
        }
        Ok(())
    }
}

/// Returns simpler forms of a move, the simplest first.
fn simpler(step: &Move) -> Vec<Move> {
    let mut forms = Vec::new();
    match step {
        Move::Begin(begin) => {
            let mut add = |change: &dyn Fn(&mut crate::moves::Begin)| {
                let mut form = begin.clone();
                change(&mut form);
                forms.push(Move::Begin(form));
            };
            add(&|form| form.node = 0);
            add(&|form| form.site = 0);
            add(&|form| form.browser = 0);
            add(&|form| form.shows = Shows::Jar);
            if let Task::Page(acts) = &begin.task {
                for left_out in 0..acts.len() {
                    let mut fewer = acts.clone();
                    fewer.remove(left_out);
                    add(&|form| form.task = Task::Page(fewer.clone()));
                }
            }
        }
        Move::Poll(id, fate) if *fate != Fate::Works => forms.push(Move::Poll(*id, Fate::Works)),
        Move::Pass(millis) => {
            let rounder = [1_000, 100_000, 1_000_000];
            forms.extend(
                rounder
                    .iter()
                    .filter(|it| *it < millis)
                    .map(|it| Move::Pass(*it)),
            );
            forms.push(Move::Pass(millis / 2));
        }
        Move::Jump(node, to) => {
            forms.push(Move::Jump(*node, 20_000 * to.signum()));
        }
        _ => {}
    }
    forms.retain(|form| form != step);
    forms
}

/// Enough for a plan of hundreds of moves.
const MOST_TRIES: u32 = 20_000;
