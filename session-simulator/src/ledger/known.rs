use session_core::PublicId;

use super::{Ledger, Point};
use crate::secret::Secret;

/// A session that somebody was told of.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) key: PublicId,
    pub(crate) site: u8,
    pub(crate) owner: Option<u8>,
    /// The session whose values it was begun with.
    pub(crate) parent: Option<Parent>,
    /// The request that has begun it.
    pub(crate) creator: u16,
    /// When that request began.
    pub(crate) begun: Point,
    /// When it was acknowledged.
    pub(crate) learned: Point,
    /// The cookies of it that were sent.
    pub(crate) issued: Vec<Issued>,
}

/// The session that a sign-in has left for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) key: PublicId,
    /// Whether all its values must have come along; otherwise they may.
    pub(crate) is_certain: bool,
}

/// A cookie that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) secret: Secret,
    pub(crate) by: u16,
    /// When the request began whose answer has it.
    pub(crate) begun: Point,
    pub(crate) at: Point,
}

impl Known {
    /// Notes a cookie; the first time counts.
    pub(crate) fn issue(&mut self, issued: Issued) {
        if self.find(&issued.secret).is_none() {
            self.issued.push(issued);
        }
    }

    pub(crate) fn find(&self, secret: &Secret) -> Option<&Issued> {
        self.issued.iter().find(|issued| issued.secret == *secret)
    }
}

impl Ledger {
    /// Returns the session of which a cookie was sent, and that cookie.
    pub(crate) fn opened_by(&self, secret: &Secret) -> Option<(&Known, &Issued)> {
        let known = self.sessions.get(&secret.key)?;
        Some((known, known.find(secret)?))
    }

    /// Returns a session and those whose values it was begun with, each with whether they all came along.
    pub(crate) fn chain(&self, key: PublicId) -> Vec<(PublicId, bool)> {
        let mut chain = vec![(key, true)];
        while let Some((last, is_certain)) = chain.last().copied()
            && let Some(parent) = self.sessions.get(&last).and_then(|known| known.parent)
            && chain.iter().all(|(key, _)| *key != parent.key)
        {
            chain.push((parent.key, is_certain && parent.is_certain));
        }
        chain
    }

    /// Says whether the cookie's secret is the session's present one for sure.
    pub(crate) fn is_present(&self, known: &Known, issued: &Issued, except: u16) -> bool {
        self.turns_since(known, issued, except) == 0
    }

    /// Returns how often the session's secret may have changed since the cookie was made.
    pub(crate) fn turns_since(&self, known: &Known, issued: &Issued, except: u16) -> usize {
        let renewed = usize::from(self.setting.rotate_every > 0);
        self.turns(known, issued, except, renewed)
    }

    /// The same where each request may have renewed the secret so many times beside what it has asked for.
    pub(crate) fn turns(
        &self,
        known: &Known,
        issued: &Issued,
        except: u16,
        renewed: usize,
    ) -> usize {
        let issuer = self.visits.get(&issued.by);
        let own = issuer.map_or(0, |visit| {
            let answer = visit.answer.as_ref();
            let has_failed = visit.is_faulty
                || visit.failed_commits > 0
                || answer.is_none_or(|answer| answer.is_error);
            if has_failed { visit.turns + renewed } else { 0 }
        });
        let others = self.visits.iter().filter(|(id, visit)| {
            let over = self.over(**id);
            let is_before = over.is_some_and(|over| over.order < issued.begun.order);
            visit.shows(known.key)
                && !is_before
                && !visit.is_probe
                && **id != issued.by
                && **id != except
        });
        own + others
            .map(|(_, visit)| visit.turns + renewed)
            .sum::<usize>()
    }
}
