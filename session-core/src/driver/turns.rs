use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::{Moment, to_micros};

/// The turns of an application's watchers at the store: thousands of sockets are not to take it from requests.
///
/// Nobody stands in line. Whom a queue wakes has to be polled to pass the turn on, and a socket's future may not be.
pub(super) struct Turns([AtomicI64; TURNS]);

/// One look's turn, until it is dropped; or until it has lasted longer than a look may, because nobody polls it.
pub(super) struct Turn<'a> {
    /// The moment in microseconds from which another may have it; 0 if nobody has it.
    taken_until: &'a AtomicI64,
    until: i64,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self([const { AtomicI64::new(0) }; TURNS])
    }

    /// Takes a turn, if one is free.
    pub(super) fn take(&self, now: Moment) -> Option<Turn<'_>> {
        let until = to_micros(now + LONGEST);
        let now = to_micros(now);
        self.0.iter().find_map(|taken_until| {
            let before = taken_until.load(Ordering::Relaxed);
            // None is taken for longer than that, unless the clock was set back.
            if now < before && before <= until {
                return None;
            }
            let taken =
                taken_until.compare_exchange(before, until, Ordering::Relaxed, Ordering::Relaxed);
            taken.is_ok().then_some(Turn { taken_until, until })
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Nothing to do if somebody else has it by now.
        let _ =
            self.taken_until
                .compare_exchange(self.until, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The most loads of watchers at once.
const TURNS: usize = 16;

/// The longest time that a look may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The longest time that a turn is held; a look that is polled has given up before.
const LONGEST: Duration = PATIENCE.saturating_add(Duration::from_secs(1));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_micros;

    fn at(seconds: i64) -> Moment {
        from_micros((1_700_000_000 + seconds) * 1_000_000).unwrap()
    }

    #[test]
    fn a_turn_is_free_again_when_it_is_dropped_or_has_lasted_too_long() {
        let turns = Turns::new();
        let mut held: Vec<_> = (0..TURNS).map(|_| turns.take(at(0)).unwrap()).collect();
        assert!(turns.take(at(0)).is_none());
        held.pop();
        held.push(turns.take(at(1)).unwrap());
        assert!(turns.take(at(5)).is_none());
        // All but the last one are too old.
        let others: Vec<_> = (1..TURNS).map(|_| turns.take(at(6)).unwrap()).collect();
        assert!(turns.take(at(6)).is_none());
        // Those who had them do not give away what is not theirs any more.
        drop(held);
        let last = turns.take(at(6));
        assert!(last.is_some());
        assert!(turns.take(at(6)).is_none());
        drop(others);
        assert!(turns.take(at(6)).is_some());
    }

    #[test]
    fn a_clock_that_is_set_back_frees_the_turns() {
        let turns = Turns::new();
        let held: Vec<_> = (0..TURNS).map(|_| turns.take(at(3_600)).unwrap()).collect();
        assert!(turns.take(at(3_600)).is_none());
        assert!(turns.take(at(0)).is_some());
        drop(held);
    }
}
