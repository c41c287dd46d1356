//! About how many sessions a store has, from a sample of their keys.

/// How many keys a sample has. An estimate's standard error is a part in the square root of that, 3 %.
pub(crate) const SAMPLE: usize = 1_024;

/// Estimates a number of sessions from the smallest of their keys, which are drawn at random: if the first thousand fill a
/// thousandth of all places, there are a million.
///
/// `met` is how many there were when [`SAMPLE`] were asked for, and `last` the place of the last one among so many places as
/// `places` says. Where a sample has all, their number is exact.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(crate) fn from_smallest(met: usize, (last, places): (u64, u128)) -> u64 {
    if met < SAMPLE {
        return met as u64;
    }
    // One less, because the last one is at the end of its part: the estimate is neither too high nor too low on average.
    let others = SAMPLE as u128 - 1;
    u64::try_from(others * places / (u128::from(last) + 1)).unwrap_or(u64::MAX)
}

/// Returns the place of a key that is random bytes.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(crate) fn place_of_bytes(key: &[u8]) -> (u64, u128) {
    let mut first = [0; 8];
    for (place, byte) in first.iter_mut().zip(key) {
        *place = *byte;
    }
    (u64::from_be_bytes(first), 1 << 64)
}

/// Returns the place of a key that is random digits and small letters. All collations have digits first, and nearly all
/// have letters in this order.
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
pub(crate) fn place_of_text(key: &str) -> (u64, u128) {
    const DIGITS: u32 = 12;
    let digits = key.chars().map(|digit| digit.to_digit(36).unwrap_or(35));
    let first = digits.chain(std::iter::repeat(0)).take(DIGITS as usize);
    let place = first.fold(0, |place, digit| place * 36 + u64::from(digit));
    (place, 36_u128.pow(DIGITS))
}

/// Estimates a number of sessions from how many of a sample of names are theirs.
#[cfg(feature = "redis")]
pub(crate) fn from_share(all: u64, (theirs, sampled): (usize, usize)) -> u64 {
    let estimate = u128::from(all) * theirs as u128 / sampled.max(1) as u128;
    u64::try_from(estimate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #[allow(
        clippy::wildcard_imports,
        reason = "which there are depends on features"
    )]
    use super::*;

    #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
    #[test]
    fn a_few_are_counted_and_many_estimated() {
        let half = 1 << 63;
        for (met, last, expected) in [
            (0, (0, 1 << 64), 0),
            (1, (half, 1 << 64), 1),
            (SAMPLE - 1, (7, 1 << 64), 1_023),
            (SAMPLE, (u64::MAX, 1 << 64), 1_023),
            (SAMPLE, (half - 1, 1 << 64), 2_046),
            (SAMPLE, ((1 << 44) - 1, 1 << 64), 1_023 << 20),
            (SAMPLE, (0, 1 << 64), u64::MAX),
            (SAMPLE, (49, 100), 2_046),
        ] {
            assert_eq!(from_smallest(met, last), expected, "{met}, {last:?}");
        }
    }

    /// The standard error that the docs state.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
    #[test]
    fn the_estimates_of_random_keys_are_near() {
        const COUNT: u32 = 20_000;
        let mut state = 1_u64;
        // SplitMix64.
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..100 {
            let mut keys: Vec<u64> = (0..COUNT).map(|_| draw()).collect();
            let (_, last, _) = keys.select_nth_unstable(SAMPLE - 1);
            let place = place_of_bytes(&[&last.to_be_bytes()[..], &[9; 8]].concat());
            let estimate = u32::try_from(from_smallest(SAMPLE, place)).unwrap();
            let error = f64::from(estimate) / f64::from(COUNT) - 1.0;
            assert!(error.abs() < 0.12, "{estimate}");
            sum += error;
            squares += error * error;
        }
        let (mean, deviation) = (sum / 100.0, (squares / 100.0_f64).sqrt());
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((0.02..0.04).contains(&deviation), "{deviation}");
    }

    #[cfg(all(
        feature = "django",
        any(feature = "mysql", feature = "postgres", feature = "sqlite")
    ))]
    #[test]
    fn the_place_of_a_text_is_that_of_its_digits() {
        let places = 36_u128.pow(12);
        for (key, place) in [
            ("", 0),
            ("00000000000100000000", 1),
            ("1", 36_u64.pow(11)),
            ("zzzzzzzzzzzzzzzzzzzz", 36_u64.pow(12) - 1),
            // None of Django's, but somebody's.
            ("é", 35 * 36_u64.pow(11)),
        ] {
            assert_eq!(place_of_text(key), (place, places), "{key}");
        }
        let middle = place_of_text("i000000000000000000000000");
        assert_eq!(from_smallest(SAMPLE, middle), 2_045);
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_share_of_a_sample_is_one_of_all() {
        for (all, sample, expected) in [
            (0, (0, 0), 0),
            (7, (0, 0), 0),
            (1_000_000, (512, 1_024), 500_000),
            (3, (2, 3), 2),
            (u64::MAX, (9, 9), u64::MAX),
        ] {
            assert_eq!(from_share(all, sample), expected, "{all}, {sample:?}");
        }
    }
}
