use std::time::Instant;

use serde_json::Value;

use super::look::{is_of, number_of};
use super::{GRACE, Ledger, Look, Standing};
use crate::invariant::{Breach, Invariant};

/// What an answer may show.
impl Ledger {
    /// Judges what a request that began at `begun` was shown of a session.
    ///
    /// Writes that were asked for and are not settled may be done or not.
    ///
    /// # Errors
    ///
    /// It breaks an invariant.
    pub fn judge(&mut self, session: usize, look: &Look, begun: Instant) -> Result<(), Breach> {
        self.judge_as_mine(look)?;
        let known = &self.sessions[session];
        let handle = known.handle.clone();
        match known.standing {
            Standing::Alive => {
                let is_owned = known.is_owned;
                self.checks
                    .check(Invariant::OutageIsNoLogout, look.exists, || {
                        format!("{handle} is anonymous, and nobody has ended it")
                    })?;
                let is_right = look.owner.is_some() == is_owned;
                self.checks
                    .check(Invariant::OutageIsNoLogout, is_right, || {
                        format!("{handle} has owner {:?}", look.owner)
                    })?;
            }
            Standing::Ended => return self.judge_as_over(&handle, look),
            Standing::Left(since) if begun > since + GRACE => {
                return self.judge_as_over(&handle, look);
            }
            // It is read for the grace, as it was.
            Standing::Left(_) => return Ok(()),
            Standing::Doubtful if !look.exists => {
                self.sessions[session].end();
                return self.judge_as_over(&handle, look);
            }
            Standing::Doubtful => {}
        }
        self.judge_values(session, look)
    }

    /// Takes what a read has shown while nothing else was asked for: what was there before can't come back.
    pub fn learn(&mut self, session: usize, look: &Look) {
        let counter = self.counter();
        let known = &mut self.sessions[session];
        if !look.exists {
            return;
        }
        for (key, slot) in &mut known.slots {
            let found = look.data.get(key);
            slot.saw(found.and_then(|found| number_of(&self.marker, found)));
        }
        let count = look.data.get(&counter).and_then(Value::as_u64);
        known.count.settle(0, 0, count);
    }

    /// Judges what is shown to a cookie that opens nothing, or not any more.
    ///
    /// # Errors
    ///
    /// It is shown something.
    pub fn judge_garbage(&mut self, look: &Look, cookie: &str) -> Result<(), Breach> {
        self.checks
            .check(Invariant::GarbageOpensNothing, look.is_empty(), || {
                format!("{cookie:?} opens {look:?}")
            })
    }

    fn judge_as_over(&mut self, handle: &str, look: &Look) -> Result<(), Breach> {
        self.checks
            .check(Invariant::EndedStaysEnded, look.is_empty(), || {
                format!("{handle} had ended, and shows {look:?}")
            })
    }

    fn judge_as_mine(&mut self, look: &Look) -> Result<(), Breach> {
        let (marker, counter) = (&self.marker, self.counter());
        let owner = look.owner.as_ref().filter(|owner| *owner != marker);
        let mut values = look.data.iter();
        let foreign = values.find(|(key, value)| match value {
            Value::Number(_) => **key != counter,
            value => !is_of(marker, value),
        });
        let is_mine = owner.is_none() && foreign.is_none();
        self.checks
            .check(Invariant::NobodySeesAnothers, is_mine, || {
                format!("{marker} is shown owner {owner:?} and {foreign:?}")
            })
    }

    fn judge_values(&mut self, session: usize, look: &Look) -> Result<(), Breach> {
        let (known, counter) = (&self.sessions[session], self.counter());
        let handle = &known.handle;
        for (key, slot) in &known.slots {
            let found = look.data.get(key);
            let number = found.and_then(|found| number_of(&self.marker, found));
            let is_whole = found.is_none() || number.is_some();
            if !slot.is_sure() || !is_whole {
                self.checks
                    .check(Invariant::DoubtfulIsWhole, is_whole, || {
                        format!("{key} of {handle} is {found:?}, which nobody has written")
                    })?;
            }
            self.checks
                .check(Invariant::AcknowledgedIsKept, slot.allows(number), || {
                    format!("{key} of {handle} is {number:?}, and known is {slot:?}")
                })?;
        }
        let mut keys = look.data.keys();
        let unknown = keys.find(|key| !known.slots.contains_key(*key) && **key != counter);
        self.checks
            .check(Invariant::DoubtfulIsWhole, unknown.is_none(), || {
                format!("{handle} has {unknown:?}, which nobody has written")
            })?;
        let count = look.data.get(&counter).and_then(Value::as_u64);
        let count = count.unwrap_or_default();
        self.checks.check(
            Invariant::AcknowledgedIsKept,
            known.count.allows(count),
            || format!("{handle} counts {count}, and known is {:?}", known.count),
        )
    }
}
