use super::changes::Changes;
use super::claim::Unfit;
use super::data::Data;
use super::entries::{Change, Entries, Entry};
use super::json::is_same;
use super::writer::{Writer, Written};
use crate::SessionError;

/// The result of a log on a base.
pub(crate) struct Applied {
    pub(crate) text: Written,
    /// Whether a value is another one than before.
    pub(crate) is_change: bool,
}

/// A log on the way onto a base.
struct Applying<'a> {
    base: &'a Data,
    text: Writer<'a>,
    is_change: bool,
    /// The number of entries whose values the base has.
    found: usize,
}

impl Applying<'_> {
    /// Applies an entry to the member at a place, which counts under its key.
    fn change(&mut self, place: usize, entry: &Entry) -> Result<(), SessionError> {
        self.found += 1;
        let value = self.base.value(&self.base.members()[place]);
        match entry.apply(Some(value), self.base)? {
            Some(new) if is_same(value, &new) => {}
            Some(new) => {
                self.is_change = true;
                self.text.replace(place, &new);
            }
            None => {
                self.is_change = true;
                self.text.leave_out(place);
            }
        }
        Ok(())
    }

    fn finish(self) -> Applied {
        Applied {
            text: self.text.finish(),
            is_change: self.is_change,
        }
    }

    /// Applies entries to the members of their keys.
    fn change_all(&mut self, entries: &Entries) -> Result<(), SessionError> {
        if self.base.members().is_empty() {
            return Ok(());
        }
        if let Some(entry) = entries.only() {
            let key = &*entry.key;
            match self.base.place(key) {
                None => return Ok(()),
                Some(place) if !self.base.hides(key, place) => return self.change(place, entry),
                Some(_) => {}
            }
        }
        for (place, member) in self.base.members().iter().enumerate() {
            if let Some(key) = self.base.key(member)
                && let Some(entry) = entries.get(key)
            {
                if self.base.place(key) == Some(place) {
                    self.change(place, entry)?;
                } else {
                    // Hidden by the one that counts.
                    self.text.leave_out(place);
                }
            }
        }
        Ok(())
    }
}

/// The log on a base.
impl Changes {
    /// Applies the log to a base and returns the resulting values. Untouched values stay, byte for byte,
    /// and so do those that equal ones replace.
    ///
    /// # Errors
    ///
    /// A computation fails, or the base has another value than the application was told.
    pub(crate) fn apply(&self, base: &Data) -> Result<Applied, SessionError> {
        let mut applied = Applying {
            base,
            text: Writer::new(base, self.most_size()),
            is_change: false,
            found: 0,
        };
        if self.is_cleared() {
            applied.text.leave_all_out();
        } else {
            applied.change_all(&self.entries)?;
        }
        if !self.is_cleared() && applied.found == self.entries.len() {
            return Ok(applied.finish());
        }
        let mut returned = 0;
        let is_bare = base.members().is_empty();
        for entry in self.entries.iter() {
            let key = &*entry.key;
            let old = if is_bare { None } else { base.get(key) };
            if (self.is_cleared() || old.is_none())
                && let Some(value) = entry.apply(old, base)?
            {
                applied.text.add(key, &value);
                returned += usize::from(old.is_some_and(|old| is_same(old, &value)));
                applied.is_change |= old.is_none();
            }
        }
        applied.is_change |= self.is_cleared() && returned != base.count();
        Ok(applied.finish())
    }

    /// Says whether nothing was logged since `saved`.
    pub(crate) fn is_no_later_than(&self, saved: &Self) -> bool {
        self.stamp == saved.stamp
    }

    /// Forgets what `saved`, an earlier state of this log, has brought into the base.
    ///
    /// It runs no closure: [`compute`](Self::compute) applies the remaining updates to the new base.
    pub(crate) fn forget(&mut self, saved: &Self) {
        let same = |mine: Option<u64>, theirs: Option<u64>| mine.is_some() && mine == theirs;
        if same(self.cleared, saved.cleared) {
            self.cleared = None;
        }
        if same(self.cycle, saved.cycle) {
            self.cycle = None;
        }
        if same(
            stamp_of(self.reauthentication.as_ref()),
            stamp_of(saved.reauthentication.as_ref()),
        ) {
            self.reauthentication = None;
        }
        if same(
            stamp_of(self.sign_in.as_ref()),
            stamp_of(saved.sign_in.as_ref()),
        ) {
            self.sign_in = None;
        }
        if same(
            stamp_of(self.expiry.as_ref()),
            stamp_of(saved.expiry.as_ref()),
        ) {
            self.expiry = None;
        }
        self.entries.retain(|entry| {
            let Some(old) = saved.entries.get(&entry.key) else {
                return true;
            };
            entry.change.follow(&old.change);
            entry.stamp != old.stamp
        });
    }

    /// Computes the updates' results on a new base, but for those that `known`, an earlier state of
    /// this log, has already; one that fails shows no value until the commit reports it.
    pub(crate) fn compute(&mut self, base: &Data, known: &Self) {
        let cleared = self.is_cleared();
        for entry in self.entries.iter_mut() {
            let twin = known.twin(entry);
            if let Change::Update(update) = &mut entry.change {
                let old = if cleared { None } else { base.get(&entry.key) };
                match twin {
                    Some(Change::Update(known)) => update.show(known),
                    _ => update.rebase(&entry.key, old, base),
                }
            }
        }
    }

    /// Takes over the updates' results that an earlier state of this log has.
    pub(crate) fn show(&mut self, computed: &Self) {
        for entry in self.entries.iter_mut() {
            let twin = computed.twin(entry);
            if let (Change::Update(update), Some(Change::Update(known))) = (&mut entry.change, twin)
            {
                update.show(known);
            }
        }
    }

    fn twin(&self, entry: &Entry) -> Option<&Change> {
        let twin = self.entries.get(&entry.key);
        let twin = twin.filter(|twin| twin.stamp == entry.stamp);
        twin.map(|twin| &twin.change)
    }

    /// Returns a base's values without those that the application has taken; `None` if it has taken none.
    pub(crate) fn without_taken(&self, base: &Data) -> Option<Written> {
        if !self.takes() {
            return None;
        }
        let mut text = Writer::new(base, 0);
        for (place, member) in base.members().iter().enumerate() {
            let claim = base.key(member).and_then(|key| self.entries.claim(key));
            if claim.is_some_and(|claim| !claim.or_absent) {
                text.leave_out(place);
            }
        }
        Some(text.finish())
    }

    /// Returns the claims that do not hold on a base. It runs closures of the application.
    pub(crate) fn conflicts(&self, base: &Data) -> Vec<Entry> {
        let is_conflict = |entry: &&Entry| {
            let applied = entry.fit(base.get(&entry.key), base);
            matches!(applied, Err(Unfit::Conflict))
        };
        self.entries.iter().filter(is_conflict).cloned().collect()
    }

    /// Forgets entries that were not changed since.
    pub(crate) fn forget_entries(&mut self, entries: &[Entry]) {
        self.entries.retain(|entry| {
            let is_same = |other: &Entry| other.key == entry.key && other.stamp == entry.stamp;
            !entries.iter().any(is_same)
        });
    }
}

fn stamp_of<T>(stamped: Option<&(u64, T)>) -> Option<u64> {
    stamped.map(|(stamp, _)| *stamp)
}
