use std::time::Instant;

use super::{HORIZON, Ledger, Standing, Told};
use crate::invariant::{Breach, Invariant};

/// An owner's devices.
impl Ledger {
    /// A sign-in was left in doubt: the session may be left, and another one may have begun.
    pub fn sign_in_is_doubtful(&mut self, left: Option<usize>, now: Instant) {
        self.strays.push(now);
        if let Some(left) = left {
            self.end(left, Told::Unanswered);
        }
    }

    /// The owner's other sessions were ended by a request of `kept` that began at `begun`, or perhaps.
    ///
    /// # Errors
    ///
    /// It has ended fewer than there were.
    pub fn end_others(
        &mut self,
        kept: usize,
        told: Told,
        revoked: Option<u64>,
        begun: Instant,
    ) -> Result<(), Breach> {
        let others = |it: &usize| *it != kept && self.sessions[*it].is_owned;
        let others: Vec<usize> = (0..self.sessions.len()).filter(others).collect();
        let is_alive = |it: &&usize| self.sessions[**it].is_alive();
        let alive = others.iter().filter(is_alive).count() as u64;
        for other in others {
            let standing = self.sessions[other].standing;
            if matches!(standing, Standing::Alive | Standing::Doubtful) {
                self.end(other, told);
            }
        }
        let Some(revoked) = revoked else {
            return Ok(());
        };
        // A sign-in that was on its way all the time may arrive later than the revocation.
        self.strays.retain(|since| begun < *since + HORIZON);
        self.checks
            .check(Invariant::ListIsLive, revoked >= alive, || {
                format!("{revoked} sessions were revoked, and {alive} lived")
            })
    }

    /// Judges the handles of an owner's list, which was asked for while nothing else was.
    ///
    /// # Errors
    ///
    /// One is missing, or one is there that has ended or that nobody can explain.
    pub fn judge_list(&mut self, listed: &[String]) -> Result<(), Breach> {
        let mut unknown = 0;
        let mut wrong = None;
        for handle in listed {
            let known = self.sessions.iter().find(|known| known.handle == *handle);
            match known.map(|known| (known.standing, known.is_owned)) {
                None => unknown += 1,
                Some((Standing::Alive | Standing::Doubtful, true)) => {}
                Some(other) => wrong = Some(format!("{handle} is listed: {other:?}")),
            }
        }
        let mut alive = self
            .sessions
            .iter()
            .filter(|it| it.is_owned && it.is_alive());
        if let Some(missing) = alive.find(|known| !listed.contains(&known.handle)) {
            wrong = Some(format!("{} is missing", missing.handle));
        }
        let strays = self.strays.len();
        if unknown > strays {
            wrong = Some(format!(
                "{unknown} are unknown, and {strays} sign-ins were doubtful"
            ));
        }
        self.checks
            .check(Invariant::ListIsLive, wrong.is_none(), || {
                format!("{} in {listed:?}", wrong.unwrap_or_default())
            })
    }
}
