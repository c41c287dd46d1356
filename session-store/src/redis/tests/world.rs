use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use session_core::{Found, Key, Record, Revision, Revoke};
use time::OffsetDateTime;

use super::super::ask::{Answer, Ask, Which};

/// The slots of a cluster, with what the scripts of `lua/` do in them, at one moment.
#[derive(Debug, Clone)]
pub(super) struct World {
    now: OffsetDateTime,
    rows: BTreeMap<[u8; 32], Row>,
    pointers: BTreeMap<[u8; 32], Key>,
    notes: BTreeSet<([u8; 32], i64)>,
    index: BTreeMap<String, BTreeSet<[u8; 32]>>,
    /// How many live records were ended.
    pub(super) ended: usize,
    /// The revisions of the records that moves were committed for.
    pub(super) commits: BTreeSet<i64>,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (digest, row) in &self.rows {
            digest.hash(state);
            row.from.hash(state);
            row.previous.hash(state);
            row.listed.hash(state);
            row.record.revision.to_i64().hash(state);
            row.record.expires.hash(state);
        }
        self.pointers.hash(state);
        self.notes.hash(state);
        self.index.hash(state);
        self.ended.hash(state);
        self.commits.hash(state);
    }
}

#[derive(Debug, Clone)]
struct Row {
    record: Record,
    /// Not live by itself: moving here from there.
    from: Option<Key>,
    previous: Option<(Key, OffsetDateTime)>,
    listed: Option<OffsetDateTime>,
}

impl World {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self {
            now,
            rows: BTreeMap::new(),
            pointers: BTreeMap::new(),
            notes: BTreeSet::new(),
            index: BTreeMap::new(),
            ended: 0,
            commits: BTreeSet::new(),
        }
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        self.now
    }

    /// Returns the keys under which a session lives, all told.
    pub(super) fn live(&self) -> Vec<Key> {
        let keys = self.rows.keys().map(|digest| Key::from_digest(*digest));
        keys.filter(|key| self.record(key).is_some()).collect()
    }

    /// Returns what lives under the key, committed moves included.
    pub(super) fn record(&self, key: &Key) -> Option<&Record> {
        let row = self.rows.get(key.digest())?;
        let is_here = row.from.is_none_or(|from| {
            let note = (*from.digest(), row.record.revision.to_i64());
            self.notes.contains(&note)
        });
        (is_here && row.record.expires > self.now).then_some(&row.record)
    }

    /// Returns what a store that does each command at once would find now.
    pub(super) fn found(&self, key: &Key) -> Option<Found> {
        if let Some(record) = self.record(key) {
            return Some(Found::Here(record.clone()));
        }
        self.live().into_iter().find_map(|to| {
            let (previous, until) = self.rows[to.digest()].previous?;
            let leads = previous == *key && until > self.now;
            let record = self.record(&to)?.clone();
            leads.then_some(Found::Moved { to, record })
        })
    }

    pub(super) fn is_listed(&self, owner: &str, key: &Key) -> bool {
        let listed = self.index.get(owner);
        listed.is_some_and(|keys| keys.contains(key.digest()))
    }

    /// Says whether there is nothing but the live record, its listing and pointers that end by themselves.
    pub(super) fn is_tidy(&self) -> bool {
        let live = self.live();
        let listings: usize = self.index.values().map(BTreeSet::len).sum();
        let owned = live.iter().filter_map(|key| self.record(key));
        let owned = owned.filter(|record| record.owner.is_some()).count();
        self.rows.len() == live.len()
            && self.rows.values().all(|row| row.from.is_none())
            && self.notes.is_empty()
            && listings == owned
    }

    #[allow(
        clippy::too_many_lines,
        reason = "a table, with some lines for each script"
    )]
    pub(super) fn execute(&mut self, ask: Ask<'_>) -> Answer {
        match ask {
            Ask::Load {
                key,
                led_by,
                confirmed,
            } => match self.settle(key, confirmed) {
                Ok(row) if led_by.is_none_or(|previous| self.leads(&row, previous)) => {
                    Answer::Here(Box::new(row.record))
                }
                Err(Some(pending)) => pending,
                _ if led_by.is_some() => Answer::Nothing,
                _ => self.pointer(key),
            },
            Ask::Insert {
                key,
                record,
                listed,
            } => self.put(key, record, None, None, listed),
            Ask::Replace {
                key,
                expected,
                record,
                listed,
                confirmed,
            } => match self.settle(key, confirmed) {
                Ok(row) if row.record.revision == expected => {
                    let mut new = Row {
                        record: record.clone(),
                        listed,
                        ..row.clone()
                    };
                    if row.record.owner == record.owner {
                        new.listed = listed.max(row.listed);
                    }
                    self.save(key, new)
                }
                answer => otherwise(answer),
            },
            Ask::Touch {
                key,
                expected,
                seen,
                expires,
                listed,
                confirmed,
            } => match self.settle(key, confirmed) {
                Ok(mut row) if row.record.revision == expected => {
                    row.listed = row.listed.max(listed);
                    row.record.seen = row.record.seen.max(seen);
                    row.record.expires = row.record.expires.max(expires);
                    self.save(key, row)
                }
                answer => otherwise(answer),
            },
            Ask::Finish {
                key,
                led_by,
                which,
                confirmed,
            } => match self.settle(key, confirmed) {
                Ok(row) => {
                    let leads = led_by.is_none_or(|previous| self.leads(&row, previous));
                    if !leads || !is_chosen(&row.record, which) {
                        return Answer::Kept;
                    }
                    self.rows.remove(key.digest());
                    self.ended += 1;
                    Answer::Ended(row.record.owner.as_deref().map(str::to_owned))
                }
                Err(Some(pending)) => pending,
                Err(None) if led_by.is_none() && matches!(which, Which::Any) => self.pointer(key),
                Err(None) => Answer::Nothing,
            },
            Ask::Prepare {
                key,
                from,
                record,
                remembered,
                listed,
            } => {
                let previous = (remembered > self.now).then_some((from, remembered));
                self.put(key, record, Some(from), previous, listed)
            }
            Ask::Commit {
                key,
                expected,
                with,
                record,
                remembered,
                confirmed,
            } => match self.settle(key, confirmed) {
                Ok(row) if row.record.revision == expected => {
                    self.rows.remove(key.digest());
                    let revision = record.revision.to_i64();
                    self.notes.insert((*key.digest(), revision));
                    self.commits.insert(revision);
                    if remembered > self.now {
                        self.pointers.insert(*key.digest(), with);
                    }
                    Answer::Ended(row.record.owner.as_deref().map(str::to_owned))
                }
                answer => otherwise(answer),
            },
            Ask::Abort { key, revision } => {
                let row = self.rows.get(key.digest());
                if row.is_some_and(|row| row.from.is_some() && row.record.revision == revision) {
                    self.rows.remove(key.digest());
                }
                Answer::Done
            }
            Ask::Committed { key, revision } => {
                if self.notes.contains(&(*key.digest(), revision.to_i64())) {
                    Answer::Done
                } else {
                    Answer::Nothing
                }
            }
            Ask::Settle { key, revision } => {
                self.notes.remove(&(*key.digest(), revision.to_i64()));
                Answer::Done
            }
            Ask::List { owner, key, .. } => {
                let listed = self.index.entry(owner.to_owned()).or_default();
                listed.insert(*key.digest());
                Answer::Done
            }
            Ask::Unlist { owner, keys } => {
                let listed = self.index.entry(owner.to_owned()).or_default();
                listed.retain(|digest| !keys.contains(&Key::from_digest(*digest)));
                Answer::Done
            }
            Ask::Listed { owner } => {
                let listed = self.index.get(owner).into_iter().flatten();
                Answer::Keys(listed.map(|digest| Key::from_digest(*digest)).collect())
            }
            Ask::Relocate { .. } | Ask::Devices { .. } | Ask::Revoke { .. } | Ask::Sweep { .. } => {
                panic!("no step of the protocol")
            }
        }
    }

    /// `live` of `record.lua`.
    fn settle(&mut self, key: Key, confirmed: Option<Revision>) -> Result<Row, Option<Answer>> {
        let now = self.now;
        let row = self.rows.get_mut(key.digest()).ok_or(None)?;
        if row.record.expires <= now {
            return Err(None);
        }
        if let Some(from) = row.from {
            if confirmed != Some(row.record.revision) {
                return Err(Some(Answer::Pending(from, row.record.revision)));
            }
            row.from = None;
        }
        Ok(row.clone())
    }

    fn save(&mut self, key: Key, row: Row) -> Answer {
        if let Some(owner) = row.record.owner.as_deref()
            && row.listed.is_none_or(|until| until < row.record.expires)
        {
            return Answer::Unlisted(owner.to_owned());
        }
        self.rows.insert(*key.digest(), row);
        Answer::Done
    }

    fn put(
        &mut self,
        key: Key,
        record: &Record,
        from: Option<Key>,
        previous: Option<(Key, OffsetDateTime)>,
        listed: Option<OffsetDateTime>,
    ) -> Answer {
        let now = self.now;
        let taken = self.rows.get(key.digest());
        if taken.is_some_and(|row| row.record.expires > now) {
            return Answer::Nothing;
        }
        let record = record.clone();
        let row = Row {
            record,
            from,
            previous,
            listed,
        };
        self.rows.insert(*key.digest(), row);
        Answer::Done
    }

    fn leads(&self, row: &Row, previous: Key) -> bool {
        row.previous
            .is_some_and(|(key, until)| key == previous && until > self.now)
    }

    fn pointer(&self, key: Key) -> Answer {
        let to = self.pointers.get(key.digest());
        to.map_or(Answer::Nothing, |to| Answer::Moved(*to))
    }
}

fn otherwise(answer: Result<Row, Option<Answer>>) -> Answer {
    match answer {
        Err(Some(pending)) => pending,
        _ => Answer::Nothing,
    }
}

fn is_chosen(record: &Record, which: Which<'_>) -> bool {
    match which {
        Which::Any => true,
        Which::Of(owner, which) => {
            record.owner.as_deref() == Some(owner)
                && match which {
                    Revoke::All => true,
                    Revoke::AllBut(kept) => record.public_id != *kept,
                    Revoke::One(ended) => record.public_id == *ended,
                }
        }
    }
}
