use super::news::News;
use crate::http::reply::CookieChange;
use crate::{Digest, Id, Key, Moment, Record, Remembered};

/// The secret by which a request has come to a session. Later variants count for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// A secret of a session that a sign-in has left: it reads the values from before, and no more.
    Closed,
    /// The secret before the present one.
    Remembered,
    /// The present secret.
    Present,
}

/// A record, and the request that has found it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The id that the browser presented, or that this request has drawn for a new session.
    pub(crate) id: Id,
    pub(crate) key: Key,
    pub(crate) digest: Digest,
    pub(crate) standing: Standing,
    /// Whether the request may see the record's moment of authentication: it was let in with it, or it is
    /// its own.
    pub(crate) sees_moment: bool,
    /// The cookie that tells the browser of this state, if a write of this request brings it about.
    pub(crate) cookie: Option<CookieChange>,
    /// What that write is told as.
    pub(crate) news: Option<News>,
    pub(crate) record: Record,
}

impl Standing {
    /// Returns the standing of a secret's digest; `None` if it does not open the record, which is then as
    /// good as unknown.
    ///
    /// It is decided anew each time a record is loaded.
    pub(crate) fn of(record: &Record, digest: &Digest, now: Moment) -> Option<Self> {
        let standing = if record.secrets.present == *digest {
            Self::Present
        } else {
            let remembered = remembered(record, digest)?;
            // Until the grace ends or the present secret was presented, whichever is later.
            if now >= remembered.until && remembered.salt.is_none() {
                return None;
            }
            Self::Remembered
        };
        Some(if record.closed {
            Self::Closed
        } else {
            standing
        })
    }
}

fn remembered<'a>(record: &'a Record, digest: &Digest) -> Option<&'a Remembered> {
    let remembered = record.secrets.remembered.as_ref();
    remembered.filter(|remembered| remembered.includes(digest))
}

/// The relation of a secret to a record.
pub(crate) enum Found {
    /// It opens the record.
    Open(Standing),
    /// It was rotated, and opened the record until this moment.
    Dead(Moment),
    /// The record has nothing to do with it.
    Unknown,
}

impl Found {
    /// Compares a secret's digest with the record that was found under its key.
    pub(crate) fn of(record: &Record, digest: &Digest, now: Moment) -> Self {
        match Standing::of(record, digest, now) {
            Some(standing) => Self::Open(standing),
            None => match remembered(record, digest) {
                Some(remembered) => Self::Dead(remembered.until),
                None => Self::Unknown,
            },
        }
    }
}

impl Stored {
    pub(crate) fn new(id: Id, digest: Digest, standing: Standing, record: Record) -> Self {
        let mut stored = Self {
            id,
            key: id.key(),
            digest,
            standing,
            sees_moment: true,
            cookie: None,
            news: None,
            record,
        };
        // The secret from before a re-authentication gains nothing by it.
        stored.sees_moment = standing == Standing::Present || !stored.is_reauthenticated();
        stored
    }

    /// The same request after the record was loaded again or written.
    ///
    /// A session that it was let into stays open to it, so a slow request can still write although its
    /// secret was rotated longer ago than the grace. A moment of authentication that is another than before
    /// stays hidden from it.
    #[must_use]
    pub(crate) fn with(&self, record: Record, now: Moment) -> Self {
        let is_same = record.authenticated == self.record.authenticated;
        let sees_moment = self.sees_moment && is_same;
        let mut stored = Self {
            sees_moment,
            record,
            ..*self
        };
        stored.stand(now);
        stored
    }

    /// The same in place, for a record that was changed.
    pub(crate) fn stand(&mut self, now: Moment) {
        let standing = Standing::of(&self.record, &self.digest, now);
        let fallen = if self.record.closed {
            Standing::Closed
        } else {
            Standing::Remembered
        };
        self.standing = standing.unwrap_or(fallen);
    }

    /// Returns the record of a session that goes on under another key, of which `begun` is a new one.
    pub(crate) fn moved(&self, begun: Record, reauthenticates: bool) -> Record {
        let old = &self.record;
        Record {
            revision: begun.revision,
            authenticated: if reauthenticates {
                Some(begun.seen)
            } else {
                old.authenticated
            },
            secrets: begun.secrets,
            seen: begun.seen,
            expires: begun.expires,
            ..old.clone()
        }
    }

    fn remembered(&self) -> Option<&Remembered> {
        self.record.secrets.remembered.as_ref()
    }

    /// Says whether the present secret is not known to have reached the browser.
    pub(crate) fn is_unpresented(&self) -> bool {
        self.remembered()
            .is_some_and(|remembered| remembered.salt.is_some())
    }

    /// Says whether this request is the first that presents the present secret.
    pub(crate) fn owes_a_presentation(&self) -> bool {
        self.standing == Standing::Present && self.is_unpresented()
    }

    /// Says whether the last rotation is so recent that both secrets are in use.
    pub(crate) fn is_in_grace(&self, now: Moment) -> bool {
        self.remembered()
            .is_some_and(|remembered| now < remembered.until)
    }

    /// Says whether the present secret was issued by a re-authentication.
    pub(crate) fn is_reauthenticated(&self) -> bool {
        let Record {
            secrets,
            authenticated,
            ..
        } = &self.record;
        secrets.remembered.is_some() && *authenticated == Some(secrets.issued)
    }

    /// Says whether the request may not see the session: a sign-in has left it, and it was somebody's.
    pub(crate) fn is_hidden(&self) -> bool {
        self.standing == Standing::Closed && self.record.owner.is_some()
    }

    /// Says whether the request may extend the session's life. Within the grace the bearer of the
    /// present secret does, together with the cookie's.
    pub(crate) fn may_extend(&self, now: Moment) -> bool {
        match self.standing {
            Standing::Present => true,
            Standing::Remembered => !self.is_in_grace(now),
            Standing::Closed => false,
        }
    }

    /// Returns when the owner signed in or re-authenticated, as far as this request may know.
    pub(crate) fn authenticated(&self) -> Option<Moment> {
        self.record.authenticated.filter(|_| self.sees_moment)
    }
}
