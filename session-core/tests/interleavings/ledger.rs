use session_core::Key;

/// What a request has written since it began, or since it destroyed the session.
#[derive(Debug, Default)]
pub struct Ledger {
    pub written: Written,
    /// How much of that was acknowledged, by saves or by an answer that is no error, and of which
    /// session.
    pub acknowledged: Vec<(Key, Written)>,
}

#[derive(Debug, Clone, Default)]
pub struct Written {
    pub names: Vec<String>,
    /// Those of the names that nobody may see by an id from before the sign-in.
    pub private: Vec<String>,
    pub increments: u32,
}

impl Ledger {
    pub fn put(&mut self, name: String, is_private: bool) {
        if is_private {
            self.written.private.push(name.clone());
        }
        self.written.names.push(name);
    }

    pub fn increment(&mut self) {
        self.written.increments += 1;
    }

    /// What was written since the last time is in the session now.
    pub fn acknowledge(&mut self, held: Key) {
        let mut new = self.written.clone();
        for (_, old) in &self.acknowledged {
            new.names.retain(|name| !old.names.contains(name));
            new.increments -= old.increments;
        }
        self.acknowledged.push((held, new));
    }

    /// What was written and not saved was written for another owner, and is dropped.
    pub fn take_back(&mut self) {
        let saved = || self.acknowledged.iter().map(|(_, written)| written);
        let is_saved = |name: &String| saved().any(|written| written.names.contains(name));
        self.written.names.retain(is_saved);
        self.written.increments = saved().map(|written| written.increments).sum();
    }
}
