use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

/// How many different owners there are, in as much memory as a few of them take.
///
/// It keeps the smallest hashes. As long as these are all, they are counted; beyond that the largest of them says how densely
/// they lie.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    hasher: RandomState,
    smallest: BTreeSet<u64>,
}

/// The standard error is a part in the square root of that, 0.6 %.
const MOST: usize = 1 << 15;

impl Owners {
    pub(crate) fn add(&mut self, owner: &str) {
        self.add_hash(self.hasher.hash_one(owner));
    }

    fn add_hash(&mut self, hash: u64) {
        let is_full = self.smallest.len() == MOST;
        if is_full && self.smallest.last().is_some_and(|last| hash >= *last) {
            return;
        }
        if self.smallest.insert(hash) && is_full {
            self.smallest.pop_last();
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(last) if self.smallest.len() == MOST => {
                let places = (MOST as u128 - 1) << 64;
                u64::try_from(places / (u128::from(*last) + 1)).unwrap_or(u64::MAX)
            }
            _ => self.smallest.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_counted_and_many_estimated() {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        for (count, error) in [(0, 0), (1, 0), (MOST as u64 - 1, 0), (1_000_000, 10_000)] {
            let mut owners = Owners::default();
            for number in [0..count, 0..count].into_iter().flatten() {
                owners.add_hash(number.wrapping_mul(GOLDEN));
            }
            let told = owners.count();
            assert!(told.abs_diff(count) <= error, "{told} for {count}");
            assert!(owners.smallest.len() <= MOST);
        }
    }

    #[test]
    fn an_owner_counts_once() {
        let mut owners = Owners::default();
        for owner in ["ada", "bob", "ada", ""] {
            owners.add(owner);
        }
        assert_eq!(owners.count(), 3);
    }
}
