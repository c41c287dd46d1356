use session_core::{Expiry, Found, Key, PublicId, Record, Revision, from_micros};

/// A record as the columns of a row have it.
pub(crate) struct Fields<'r> {
    pub(crate) revision: i64,
    pub(crate) public_id: &'r [u8],
    pub(crate) created: i64,
    pub(crate) seen: i64,
    pub(crate) expires: i64,
    pub(crate) authenticated: Option<i64>,
    pub(crate) owner: Option<&'r [u8]>,
    pub(crate) expiry: &'r str,
    pub(crate) data: &'r [u8],
}

impl Fields<'_> {
    /// Reads a record; none from a row that says nothing sensible about whose it is or when it
    /// ends.
    ///
    /// Data that is no text is read as empty, which the core takes for what it is.
    pub(crate) fn record(&self) -> Option<Record> {
        let owner = self.owner.map(str::from_utf8).transpose().ok()?;
        Some(Record {
            revision: Revision::from_i64(self.revision),
            public_id: public_id(self.public_id)?,
            created: from_micros(self.created)?,
            seen: from_micros(self.seen)?,
            expires: from_micros(self.expires)?,
            authenticated: match self.authenticated {
                Some(micros) => Some(from_micros(micros)?),
                None => None,
            },
            owner: owner.map(Into::into),
            expiry: self.expiry.parse::<Expiry>().ok()?,
            data: str::from_utf8(self.data).unwrap_or_default().into(),
        })
    }
}

/// Says where a record is, from the key that it was asked by and the one that it is under.
pub(crate) fn found(asked: &Key, is_under: &[u8], record: Record) -> Option<Found> {
    if *is_under == asked.digest()[..] {
        return Some(Found::Here(record));
    }
    let to = Key::from_digest(is_under.try_into().ok()?);
    Some(Found::Moved { to, record })
}

pub(crate) fn public_id(bytes: &[u8]) -> Option<PublicId> {
    bytes.try_into().ok().map(PublicId::from_bytes)
}
