use std::sync::atomic::{AtomicU64, Ordering};

use super::event::{Event, EventKind, Reason};
use crate::to_micros;

/// The events that strangers can cause, as many as are told in a second.
#[derive(Debug, Default)]
pub(crate) struct Rates([Rate; Flood::COUNT]);

/// What strangers can cause at will, without a write of the store; each has a rate of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flood {
    OldSecret,
    Refused,
    Tampered,
    TooLarge,
    /// Which needs no session, and so must not hide that one is too large.
    TooManyIds,
    UnknownId,
}

/// The events of one kind: the second of the last one, and how many were told in it.
#[derive(Debug, Default)]
struct Rate {
    /// The second in the upper bits, the number in the lowest [`BITS`].
    told: AtomicU64,
    left_out: AtomicU64,
}

impl Flood {
    const COUNT: usize = Self::UnknownId as usize + 1;

    /// Returns the one that an event is part of.
    #[inline]
    pub(crate) fn of(kind: EventKind, reason: Option<Reason<'_>>) -> Option<Self> {
        Some(match (kind, reason) {
            (EventKind::OldSecret, _) => Self::OldSecret,
            (EventKind::OverLimit, Some(Reason::TooManyIds)) => Self::TooManyIds,
            (EventKind::OverLimit, _) => Self::TooLarge,
            (EventKind::Refused, _) => Self::Refused,
            (EventKind::Tampered, _) => Self::Tampered,
            (EventKind::UnknownId, _) => Self::UnknownId,
            _ => return None,
        })
    }
}

impl Rates {
    /// Says whether an event is told, and then how many were left out before it.
    #[inline]
    pub(crate) fn admit(&self, event: &Event<'_>) -> Option<u64> {
        let Some(flood) = Flood::of(event.kind, event.reason) else {
            return Some(0);
        };
        let second = to_micros(event.at).div_euclid(1_000_000);
        self.0[flood as usize].admit(second.cast_unsigned())
    }
}

impl Rate {
    fn admit(&self, second: u64) -> Option<u64> {
        // Moments of two seconds mix, because loads take their time. A clock that went back further begins a second of
        // its own.
        let is_admitted = self
            .told
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |told| {
                let known = told >> BITS;
                let is_late = known.wrapping_sub(second) & SECONDS <= LATE;
                let (second, used) = if is_late {
                    (known, told & MASK)
                } else {
                    (second & SECONDS, 0)
                };
                (used < A_SECOND).then_some((second << BITS) | (used + 1))
            });
        if is_admitted.is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        if self.left_out.load(Ordering::Relaxed) == 0 {
            return Some(0);
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

const A_SECOND: u64 = 10;

/// The seconds by which an event's moment may be behind that of an earlier one.
const LATE: u64 = 30;

const BITS: u32 = 8;

const MASK: u64 = (1 << BITS) - 1;

const SECONDS: u64 = u64::MAX >> BITS;

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::Moment;

    #[test]
    fn ten_a_second_are_told_of_each_limited_kind_and_all_of_the_others() {
        let rates = Rates::default();
        let noon = Moment::UNIX_EPOCH + Duration::hours(12);
        for kind in EventKind::ALL {
            let told = |at| {
                let event = Event::new(*kind, at);
                (0..25).filter_map(|_| rates.admit(&event)).count()
            };
            let limited = if kind.is_limited() { 10 } else { 25 };
            assert_eq!(told(noon), limited, "{kind}");
            assert_eq!(told(noon + Duration::SECOND), limited, "{kind}");
        }
    }

    #[test]
    fn moments_of_several_seconds_that_mix_tell_no_more() {
        for start in [-1, 0, 1, 1_000_000] {
            let rate = Rate::default();
            let second = |number: i64| (start + number).cast_unsigned();
            let told = (0..100).filter_map(|number| rate.admit(second(number % 3)));
            assert_eq!(told.count(), 12, "{start}");
            // The next second has ten again, and so has a clock that was set back.
            assert_eq!(rate.admit(second(3)), Some(88), "{start}");
            assert_eq!(rate.admit(second(-60)), Some(0), "{start}");
        }
    }
}
