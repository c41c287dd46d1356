use crate::moves::{Fate, Move};
use crate::rng::Rng;
use crate::run::{Scene, Source};
use crate::setting::Setting;
use crate::workloads::Workload;

/// Draws what happens next: requests of a workload, in any order of their polls, with faults between.
#[derive(Debug)]
pub struct Faults {
    rng: Rng,
    workload: Workload,
    nodes: u8,
    next_id: u16,
    length: usize,
    /// The most requests under way.
    crowd: usize,
    /// Once in so many polls a call fails.
    trouble: u64,
    /// Once in so many moves time jumps far.
    far: u64,
}

impl Faults {
    /// Begins a plan.
    #[must_use]
    pub fn new(mut rng: Rng, setting: &Setting) -> Self {
        let trouble = [u64::MAX, 60, 20, 8];
        Self {
            workload: Workload::draw(&mut rng, setting),
            nodes: setting.nodes,
            next_id: 1,
            length: usize::try_from(40 + rng.below(260)).unwrap_or(40),
            crowd: usize::from(1 + rng.small(5)),
            trouble: rng.pick(&trouble).copied().unwrap_or(20),
            far: 15 + rng.below(200),
            rng,
        }
    }

    fn poll(&mut self, id: u16, waits: bool) -> Move {
        let rng = &mut self.rng;
        if !waits || self.trouble == u64::MAX || !rng.once_in(self.trouble) {
            return Move::Poll(id, Fate::Works);
        }
        match rng.below(6) {
            0..3 => Move::Poll(id, Fate::Fails),
            3 => Move::Poll(id, Fate::Repeats),
            4 => Move::Poll(id, Fate::Held),
            _ => Move::Drop(id),
        }
    }

    fn time(&mut self) -> Move {
        let rng = &mut self.rng;
        let millis = match rng.below(8) {
            0..4 => 1 + rng.below(50),
            4..6 => 1_000 * rng.below(15),
            6 => 1_000 * (20 + rng.below(130)),
            _ if rng.once_in(4) => 1_000 * (850 + rng.below(200)),
            _ => 1_000 * rng.below(5),
        };
        Move::Pass(u32::try_from(millis).unwrap_or(1))
    }
}

impl Source for Faults {
    fn next(&mut self, scene: &Scene) -> Option<Move> {
        if scene.moves >= self.length {
            return None;
        }
        let has_room = scene.running.len() < self.crowd;
        if scene.running.is_empty() || has_room && self.rng.once_in(4) {
            // Answers mostly arrive before their browser goes on.
            if !scene.answered.is_empty() && !self.rng.once_in(4) {
                return scene.answered.first().map(|id| Move::Deliver(*id));
            }
            let id = self.next_id;
            self.next_id += 1;
            return Some(Move::Begin(self.workload.request(&mut self.rng, id)));
        }
        if self.rng.once_in(self.far) {
            return Some(self.time());
        }
        if self.nodes > 1 && self.rng.once_in(40) {
            let to = i32::try_from(self.rng.below(40_001)).unwrap_or_default() - 20_000;
            return Some(Move::Jump(self.rng.small(self.nodes), to));
        }
        if self.rng.once_in(8)
            && let Some(id) = self.rng.pick(&scene.answered)
        {
            let is_lost = self.rng.once_in(12);
            return Some(if is_lost {
                Move::Lose(*id)
            } else {
                Move::Deliver(*id)
            });
        }
        if self.rng.once_in(15)
            && let Some(id) = self.rng.pick(&scene.held)
        {
            return Some(Move::Release(*id));
        }
        let (id, waits) = *self.rng.pick(&scene.running)?;
        Some(self.poll(id, waits))
    }
}
