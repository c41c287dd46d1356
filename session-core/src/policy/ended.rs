use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::{Key, Moment, to_micros};

/// Sessions that this process has seen to be over and that may still be stored.
///
/// A record that is over is deleted only when all clocks agree on it. Until then a clock that is
/// set back would bring it to life again, so it is noted here. Nothing is looked up as long as no
/// clock was set back.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The latest moment at which a session was seen to be over, in microseconds.
    latest: AtomicI64,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    set: HashSet<Key>,
    order: VecDeque<Key>,
}

impl Ended {
    /// Notes it, and says whether it was not known.
    pub(crate) fn note(&self, key: Key, now: Moment) -> bool {
        self.latest.fetch_max(to_micros(now), Ordering::Relaxed);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.set.insert(key) {
            return false;
        }
        keys.order.push_back(key);
        if keys.order.len() > LIMIT
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.set.remove(&oldest);
        }
        true
    }

    /// Says whether a session that is not over at `now` was seen to be over, because the clock was
    /// set back since.
    pub(crate) fn has(&self, key: Key, now: Moment) -> bool {
        let latest = self.latest.load(Ordering::Relaxed);
        if latest == i64::MIN || to_micros(now) >= latest {
            return false;
        }
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.set.contains(&key)
    }
}

impl Default for Ended {
    fn default() -> Self {
        Self {
            latest: AtomicI64::new(i64::MIN),
            keys: Mutex::default(),
        }
    }
}

/// Made-up ids lead to no record and take no space here; this bounds those that do.
const LIMIT: usize = 4_096;

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    fn key(number: usize) -> Key {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Key::new(bytes)
    }

    #[test]
    fn a_clock_that_goes_back_is_noticed_in_every_year() {
        for noon in [
            datetime!(-9999-01-01 12:00 UTC),
            datetime!(1600-01-01 12:00 UTC),
            datetime!(1969-12-31 23:59:59.9 UTC),
            datetime!(2300-01-01 12:00 UTC),
            datetime!(9999-12-31 12:00 UTC),
        ] {
            let (ended, noon) = (Ended::default(), Moment::of(noon));
            ended.note(key(1), noon);
            assert!(ended.has(key(1), noon - Duration::MICROSECOND), "{noon}");
            assert!(!ended.has(key(1), noon), "{noon}");
        }
    }

    #[test]
    fn the_newest_are_known_while_the_clock_is_behind() {
        let ended = Ended::default();
        let noon = Moment::UNIX_EPOCH + Duration::hours(12);
        let before = noon - Duration::SECOND;
        assert!(!ended.has(key(0), before));
        for number in 0..=LIMIT {
            ended.note(key(number), noon);
            ended.note(key(number), noon);
        }
        assert!(!ended.has(key(0), before));
        assert!(ended.has(key(1), before) && ended.has(key(LIMIT), before));
        assert!(!ended.has(key(1), noon) && !ended.has(key(LIMIT + 1), before));
    }
}
