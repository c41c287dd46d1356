/// What one client was told: the counts that its requests returned, which the store has to keep.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Acknowledged counts that the store still had when it was last asked.
    kept: Vec<u64>,
    acknowledged: u64,
    unknown: u64,
    lost: u64,
}

impl Ledger {
    /// Notes an acknowledged request, which raised the count to `count`.
    pub fn acknowledge(&mut self, count: u64) {
        self.find(count - 1);
        self.kept.push(count);
        self.acknowledged += 1;
    }

    /// Notes a request that failed: it may be done.
    pub fn fail(&mut self) {
        self.unknown += 1;
    }

    /// Notes the count that the store has: acknowledged ones above it are lost.
    pub fn find(&mut self, count: u64) {
        let possible = self.acknowledged + self.unknown;
        assert!(
            count <= possible,
            "{count} counts of {possible} requests: one counted twice"
        );
        while self.kept.pop_if(|last| *last > count).is_some() {
            self.lost += 1;
        }
    }

    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_and_undone_is_lost_once() {
        let mut ledger = Ledger::default();
        for count in [1, 2, 3, 4] {
            ledger.acknowledge(count);
        }
        assert_eq!(ledger.lost(), 0);
        // The store went back to 2, and counted on.
        ledger.acknowledge(3);
        assert_eq!(ledger.lost(), 2);
        ledger.fail();
        ledger.acknowledge(5);
        assert_eq!(ledger.lost(), 2);
        ledger.find(4);
        assert_eq!(ledger.lost(), 3);
        // The session is gone.
        ledger.find(0);
        assert_eq!(ledger.lost(), 6);
    }

    #[test]
    #[should_panic(expected = "counted twice")]
    fn a_request_that_counted_twice_is_noticed() {
        let mut ledger = Ledger::default();
        ledger.acknowledge(1);
        ledger.find(2);
    }
}
