use std::sync::Arc;

use session_core::{
    Device, Digest, Expiry, Moment, PublicId, Record, Remembered, Revision, Secrets, Values,
    from_micros, to_micros,
};

/// A table's element.
///
/// It is small because a sweep reads all slots, and because half of a table's buckets may be spare.
pub(super) struct Slot {
    pub(super) expires: i64,
    pub(super) entry: Box<Entry>,
}

/// A record in little more than half its size.
pub(super) struct Entry {
    pub(super) id: PublicId,
    pub(super) revision: Revision,
    present: Digest,
    created: Moment,
    pub(super) seen: Moment,
    /// `NEVER` if the record has no such moment.
    authenticated: i64,
    pub(super) owner: Option<Arc<str>>,
    data: Values,
    rare: Option<Box<Rare>>,
}

/// Fields that most sessions leave at their defaults.
struct Rare {
    /// If the secret was issued later than the session was created.
    issued: Option<Moment>,
    remembered: Option<Remembered>,
    closed: bool,
    expiry: Expiry,
    label: Option<Arc<str>>,
    address: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    credential: Option<Digest>,
}

const NEVER: i64 = i64::MIN;

/// The bytes of a session beside its data, with spare buckets and the allocator's share.
const OVERHEAD: usize = 200;

/// The bytes of an owner beside the name, with the index; of a tag those in the index.
const OWNED: usize = 64;

/// The bytes of rare fields beside their texts, and of a text beside its letters.
const RARE: usize = size_of::<Rare>() + 16;
const TEXT: usize = 32;

impl Rare {
    /// Returns a record's; `None` if all are at their defaults.
    fn of(record: &Record) -> Option<Box<Self>> {
        (!Self::are_missing(record)).then(|| {
            let Secrets {
                issued, remembered, ..
            } = &record.secrets;
            Box::new(Self {
                issued: (*issued != record.created).then_some(*issued),
                remembered: remembered.clone(),
                closed: record.closed,
                expiry: record.expiry,
                label: record.label.clone(),
                address: record.address.clone(),
                tag: record.tag.clone(),
                credential: record.credential,
            })
        })
    }

    fn are_missing(record: &Record) -> bool {
        record.secrets.remembered.is_none()
            && record.secrets.issued == record.created
            && !record.closed
            && record.expiry == Expiry::Policy
            && texts_of(record).iter().all(Option::is_none)
            && record.credential.is_none()
    }

    /// Returns the bytes of a record's.
    fn bytes_of(record: &Record) -> usize {
        if Self::are_missing(record) {
            0
        } else {
            rare_bytes(texts_of(record), record.tag.is_some())
        }
    }

    fn bytes(&self) -> usize {
        let texts = [&self.label, &self.address, &self.tag].map(Option::as_deref);
        rare_bytes(texts, self.tag.is_some())
    }
}

fn texts_of(record: &Record) -> [Option<&str>; 3] {
    [&record.label, &record.address, &record.tag].map(Option::as_deref)
}

fn rare_bytes(texts: [Option<&str>; 3], is_tagged: bool) -> usize {
    let texts = texts.into_iter().flatten();
    let texts: usize = texts.map(|text| TEXT + text.len()).sum();
    RARE + texts + if is_tagged { OWNED } else { 0 }
}

impl Slot {
    pub(super) fn id(&self) -> &PublicId {
        &self.entry.id
    }

    pub(super) fn tag(&self) -> Option<&Arc<str>> {
        self.entry.rare.as_ref()?.tag.as_ref()
    }

    pub(super) fn new(id: PublicId, record: &Record) -> Self {
        Self {
            expires: to_micros(record.expires),
            entry: Box::new(Entry {
                id,
                revision: record.revision,
                present: record.secrets.present,
                created: record.created,
                seen: record.seen,
                authenticated: record.authenticated.map_or(NEVER, to_micros),
                owner: record.owner.clone(),
                data: record.data.clone(),
                rare: Rare::of(record),
            }),
        }
    }

    /// Takes another record of the same session.
    pub(super) fn set(&mut self, record: &Record) {
        self.expires = to_micros(record.expires);
        let entry = &mut *self.entry;
        entry.revision = record.revision;
        entry.present = record.secrets.present;
        entry.created = record.created;
        entry.seen = record.seen;
        entry.authenticated = record.authenticated.map_or(NEVER, to_micros);
        if entry.owner != record.owner {
            entry.owner.clone_from(&record.owner);
        }
        entry.data = record.data.clone();
        entry.rare = Rare::of(record);
    }

    /// Extends the session's life.
    pub(super) fn touch(&mut self, seen: Moment, expires: Moment) {
        self.entry.seen = self.entry.seen.max(seen);
        self.expires = self.expires.max(to_micros(expires));
    }

    /// Says whether reads would be much faster with an index of the values.
    pub(super) fn lacks_index(&self) -> bool {
        self.entry.data.lack_index()
    }

    pub(super) fn index(&mut self) {
        self.entry.data = self.entry.data.indexed();
    }

    /// Returns the bytes that a record takes in memory, about.
    pub(super) fn bytes_of(record: &Record) -> usize {
        let rare = Rare::bytes_of(record);
        bytes(&record.data, record.owner.as_deref(), rare)
    }

    /// Returns the same of the slot's; it changes only with the record, and with the index.
    pub(super) fn bytes(&self) -> usize {
        let entry = &*self.entry;
        let rare = entry.rare.as_deref().map_or(0, Rare::bytes);
        bytes(&entry.data, entry.owner.as_deref(), rare)
    }

    #[inline]
    pub(super) fn record(&self) -> Record {
        let entry = &*self.entry;
        let expires = moment(self.expires);
        let mut record = Record::new(entry.revision, entry.present, entry.created, expires);
        record.seen = entry.seen;
        record.authenticated = (entry.authenticated != NEVER).then(|| moment(entry.authenticated));
        record.owner.clone_from(&entry.owner);
        record.data = entry.data.clone();
        if let Some(rare) = entry.rare.as_deref() {
            record.secrets = self.secrets();
            record.closed = rare.closed;
            record.expiry = rare.expiry;
            record.label.clone_from(&rare.label);
            record.address.clone_from(&rare.address);
            record.tag.clone_from(&rare.tag);
            record.credential = rare.credential;
        }
        record
    }

    /// Returns the session's entry in its owner's list.
    pub(super) fn device(&self) -> Device {
        let entry = &*self.entry;
        let expires = moment(self.expires);
        let mut device = Device::new(entry.id, entry.created, entry.seen, expires);
        if let Some(rare) = entry.rare.as_deref() {
            device.label.clone_from(&rare.label);
            device.address.clone_from(&rare.address);
        }
        device
    }

    pub(super) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::new(self.entry.present, self.entry.created);
        if let Some(rare) = self.entry.rare.as_deref() {
            secrets.issued = rare.issued.unwrap_or(self.entry.created);
            secrets.remembered.clone_from(&rare.remembered);
        }
        secrets
    }

    /// Says whether the owner's list of devices shows the session.
    pub(super) fn is_listed(&self, now: i64) -> bool {
        self.expires > now && !self.is_closed()
    }

    fn is_closed(&self) -> bool {
        self.entry.rare.as_deref().is_some_and(|rare| rare.closed)
    }
}

fn bytes(data: &Values, owner: Option<&str>, rare: usize) -> usize {
    let owner = owner.map_or(0, |owner| OWNED + owner.len());
    OVERHEAD + data.len() + data.index_bytes() + owner + rare
}

/// Reads microseconds that `to_micros` wrote.
fn moment(micros: i64) -> Moment {
    from_micros(micros).unwrap_or(Moment::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use session_testkit::{key_of, record_of};

    use super::*;

    #[test]
    fn entries_are_small() {
        assert_eq!(size_of::<Entry>(), 104);
        assert_eq!(size_of::<Slot>(), 16);
        assert!(
            Slot::new(key_of(1).public_id(), &record_of(1))
                .entry
                .rare
                .is_none()
        );
    }
}
