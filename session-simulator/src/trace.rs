use crate::ledger::{Fact, Ledger};
use crate::rng::mix;

/// A number that depends on everything that was observed, in its order.
#[derive(Debug, Default)]
pub(crate) struct Trace(u64);

impl Trace {
    pub(crate) fn mix(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(7) ^ number);
    }

    pub(crate) fn take(&mut self, ledger: &Ledger, fact: &Fact) {
        match fact {
            Fact::Looked(id) => {
                self.mix(1 + u64::from(*id));
                let look = ledger.visits.get(id).and_then(|visit| visit.look.as_ref());
                if let Some(look) = look {
                    self.mix(look.at.order);
                    self.mix(look.at.at.unsigned_abs());
                    self.mix(look.count);
                    self.mix(u64::from(look.is_left));
                    look.values.values().for_each(|value| self.mix(*value));
                }
            }
            Fact::Answered(id) => {
                self.mix(2 + u64::from(*id));
                let answer = ledger
                    .visits
                    .get(id)
                    .and_then(|visit| visit.answer.as_ref());
                if let Some(answer) = answer {
                    self.mix(answer.status.into());
                    let set = answer.set.iter().flat_map(|set| set.text.bytes());
                    set.for_each(|byte| self.mix(byte.into()));
                }
            }
            Fact::Applied(place) => {
                let after = ledger.applied.get(*place).and_then(|it| it.after.as_ref());
                let revision = after.map_or(0, |record| record.revision.to_i64());
                self.mix(revision.unsigned_abs());
            }
            Fact::Listed { found, .. } => self.mix(found.len() as u64),
            Fact::Settled { listed, stored, .. } => {
                self.mix(listed.len() as u64);
                self.mix(stored.len() as u64);
            }
        }
    }

    pub(crate) fn digest(&self) -> u64 {
        self.0
    }
}
