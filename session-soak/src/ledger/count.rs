/// What is known of a session's counter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// The least that it can be: what was acknowledged, or seen.
    least: u64,
    /// All that was asked for and may be done.
    most: u64,
    /// The increments whose answers are awaited.
    asked: u64,
}

impl Count {
    pub(crate) fn ask(&mut self) {
        self.asked += 1;
    }

    /// Says whether an answer that comes before those that are awaited are settled may show this number.
    pub(crate) fn allows(&self, found: u64) -> bool {
        (self.least..=self.most + self.asked).contains(&found)
    }

    /// Says whether an increment may be answered with this number.
    pub(crate) fn may_become(&self, found: u64) -> bool {
        found > self.least && self.allows(found)
    }

    /// Settles all that were asked for; `seen` are the numbers that were shown meanwhile.
    pub(crate) fn settle(&mut self, acknowledged: u64, doubtful: u64, seen: Option<u64>) {
        self.asked = 0;
        self.most += acknowledged + doubtful;
        self.least = (self.least + acknowledged).max(seen.unwrap_or_default());
    }

    pub(crate) fn least(&self) -> u64 {
        self.least
    }
}
