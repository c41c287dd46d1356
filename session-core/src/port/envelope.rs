use std::fmt;

use crate::{Epochs, Moment, Record, StoreError, ValueRule};

/// A session in its cookie.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Enclosed {
    /// The session; its digests count for nothing here.
    pub record: Record,
    /// Its owner's [epoch](Epochs) when they signed in; 0 where there are none.
    pub epoch: u64,
}

impl From<Record> for Enclosed {
    fn from(record: Record) -> Self {
        let epoch = 0;
        Self { record, epoch }
    }
}

/// The form of sessions that travel in the cookie itself, without a store; see
/// [`Sessions::in_cookies`](crate::Sessions::in_cookies).
pub trait Envelope: fmt::Debug + Send + Sync + 'static {
    /// Reads a cookie's value; `None` if it is not genuine, or over.
    ///
    /// The record's digests are not looked at. Of one value its revision is always the same.
    fn open(&self, value: &[u8], now: Moment) -> Option<Enclosed>;

    /// Writes a cookie's value, of characters that a cookie may have (RFC 6265, 4.1.1).
    ///
    /// `before` is the value from which the session was read, so that what it has beside the record can
    /// be kept.
    ///
    /// # Errors
    ///
    /// The record can't be written.
    fn seal(
        &self,
        before: Option<&[u8]>,
        session: &Enclosed,
        now: Moment,
    ) -> Result<String, StoreError>;

    /// Returns whom to ask for owners' epochs, if the form keeps them.
    fn epochs(&self) -> Option<&dyn Epochs> {
        None
    }

    /// Returns what the form can't keep among a session's values; see
    /// [`Store::value_rule`](crate::Store::value_rule).
    fn value_rule(&self) -> ValueRule {
        ValueRule::ANY
    }
}
