use std::sync::Arc;

use super::ask::{Ask, Decided, Decision};
use super::commit::{Commit, Purpose};
use super::data::Data;
use super::draw::{Drawn, draw};
use super::pending::Creates;
use super::standing::{Standing, Stored};
use super::writer::Written;
use crate::{Expiry, IdForm, Moment, Record, SessionError};

/// The beginning of a session, or of one that gets another id where that is the key too.
impl Commit {
    /// A session begins when something is first stored in it, or somebody signs in.
    #[inline]
    pub(crate) fn create(&mut self, now: Moment) -> Decided {
        let (text, expiry) = self.carried()?;
        let owner = self.changes.signed_in().cloned();
        let moved = self.moves().cloned();
        let goes_on = moved.as_deref().filter(|_| owner.is_none());
        let is_empty = *text == *"{}" && owner.is_none() && expiry == Expiry::Policy;
        if is_empty && goes_on.is_none() {
            return Ok(self.done(now));
        }
        if self.purpose == Purpose::Reopened {
            return self.gone(now);
        }
        if owner.is_none() && goes_on.is_none() && self.shared.state().is_stale {
            return self.superseded(None, now);
        }
        if owner.is_none() && goes_on.is_none() && self.lacks_consent() {
            return Ok(self.done(now));
        }
        if let Some(listing) = self.asks_first(now) {
            return Ok(Decision::List(listing));
        }
        let policy = self.policy();
        let Drawn {
            id,
            revision,
            closing,
        } = draw(policy)?;
        let digest = policy.domain.digest(&id);
        let created = goes_on.map_or(now, |old| old.record.created);
        let goes_on_as = goes_on.and_then(|old| old.record.owner.as_ref());
        let lifetime = policy.lifetimes.of(owner.as_ref().or(goes_on_as));
        let expires = lifetime.expires(expiry, created, now);
        let mut record = Record::new(revision, digest, now, expires);
        let mut sees_moment = true;
        if let Some(old) = goes_on {
            sees_moment = old.sees_moment || self.changes.reauthenticates();
            record = old.moved(record, self.changes.reauthenticates());
        } else {
            record.authenticated = owner.as_ref().map(|_| now);
            record.created = self.rank(now);
        }
        if let Some(sign_in) = self.changes.signing_in() {
            sign_in.write_to(&mut record);
        }
        self.stamp(&mut record);
        record.expiry = expiry;
        // Untouched values stay as they are, also if they can't be read.
        let kept = goes_on.filter(|_| !self.changes.touches_values());
        record.data = kept.map_or_else(|| text.into(), |old| old.record.data.clone());
        let cookie = Some(self.cookie(id, &record));
        let stored = Arc::new(Stored {
            id,
            key: id.key(),
            digest,
            standing: Standing::Present,
            sees_moment,
            cookie,
            news: Some(self.news_of_beginning()),
            record,
        });
        Ok(Decision::Write(if let Some(from) = moved {
            let expected = from.record.revision;
            let attempt = self.attempt(stored, expected, Creates::Move);
            Ask::Move { from, attempt }
        } else {
            let expected = stored.record.revision;
            self.closing = Some(closing);
            self.inserts(self.attempt(stored, expected, Creates::Record), now)
        }))
    }

    /// Returns the session if it gets another id, and that is the key too.
    #[inline]
    pub(crate) fn moves(&self) -> Option<&Arc<Stored>> {
        let is_plain = self.policy().id_form == IdForm::Plain;
        let stored = self.base.as_ref()?;
        let is_renamed = self.changes.rotates() || self.changes.signed_in().is_some();
        let moves = is_plain && is_renamed && stored.standing == Standing::Present;
        moves.then_some(stored)
    }

    /// Returns the values and the lifetime that a new session begins with. Another owner's are never
    /// carried over.
    pub(crate) fn carried(&self) -> Result<(Written, Expiry), SessionError> {
        let base = self.base.as_ref();
        let base = base.filter(|stored| !self.changes.ousts(stored.record.owner.as_ref()));
        let text = match base {
            // The same owner signs in again, as by a double click.
            Some(hidden) if hidden.is_hidden() => {
                let data = Data::of_record(&self.shared.policy, hidden.key, &hidden.record);
                self.applied_to(&data)?.text
            }
            Some(_) => self.applied_to(&self.data)?.text,
            // All is cleared; but what was taken has to be there.
            None if self.base.is_some() => self.applied_to(&self.data)?.text,
            None => self.applied_to(&Data::default())?.text,
        };
        let old = base.map(|stored| &stored.record);
        self.check_size(&text, old)?;
        let inherited = old.map_or(Expiry::Policy, |old| old.expiry);
        Ok((text, self.changes.expiry().unwrap_or(inherited)))
    }
}
