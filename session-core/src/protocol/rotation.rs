use super::changes::Changes;
use super::commit::{Commit, Purpose};
use super::draw::draw_salt;
use super::standing::{Standing, Stored};
use crate::{Id, Moment, Policy, Remembered, Revision, Secrets, SessionError, to_micros};

/// A session's new secrets, and the id by which the browser will open it.
pub(crate) struct Rotation {
    pub(crate) id: Id,
    pub(crate) secrets: Secrets,
    /// The revision that was drawn together with a new salt.
    pub(crate) revision: Option<Revision>,
}

/// Whether a secret may be renewed for its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    IfOld,
    Never,
}

impl Renewal {
    fn is_due(self, policy: &Policy, stored: &Stored, now: Moment) -> bool {
        let Some(age) = policy.rotate_every else {
            return false;
        };
        let issued = to_micros(stored.record.secrets.issued);
        self == Self::IfOld && to_micros(now) - issued >= age
    }
}

impl Commit {
    /// A secret is renewed with the response, whose status is known, and not again if others were faster.
    pub(crate) fn renewal(&self) -> Renewal {
        if self.purpose == Purpose::Finish && self.attempts == 0 {
            Renewal::IfOld
        } else {
            Renewal::Never
        }
    }
}

impl Rotation {
    /// Decides whether a request's secret is rotated, or issued again because its first answer was
    /// lost.
    pub(crate) fn due(
        policy: &Policy,
        stored: &Stored,
        changes: &Changes,
        renewal: Renewal,
        now: Moment,
    ) -> Result<Option<Self>, SessionError> {
        let reauthenticates = changes.reauthenticates();
        match stored.standing {
            // Within the grace of one rotation there is no other, but for a re-authentication.
            Standing::Present if Self::is_due(policy, stored, changes, renewal, now) => {
                Self::fresh(policy, stored, reauthenticates, now).map(Some)
            }
            Standing::Remembered if reauthenticates => {
                // Twice at once, or again since the answer was lost: both get the same new id.
                match stored
                    .is_reauthenticated()
                    .then(|| Self::again(policy, stored, now))
                {
                    Some(Some(mut again)) => {
                        again.secrets.issued = now;
                        Ok(Some(again))
                    }
                    _ => Self::fresh(policy, stored, true, now).map(Some),
                }
            }
            // The new secret has reached nobody. The bearer of the old one gets it again, unless that
            // would hand a stolen id the rights of a re-authentication.
            Standing::Remembered if !stored.is_in_grace(now) && !stored.is_reauthenticated() => {
                Ok(Self::again(policy, stored, now))
            }
            Standing::Closed | Standing::Present | Standing::Remembered => Ok(None),
        }
    }

    /// Says whether [`due`](Self::due) finds a rotation.
    pub(crate) fn is_due(
        policy: &Policy,
        stored: &Stored,
        changes: &Changes,
        renewal: Renewal,
        now: Moment,
    ) -> bool {
        match stored.standing {
            Standing::Closed => false,
            Standing::Present => {
                let rotates = || changes.rotates() || renewal.is_due(policy, stored, now);
                changes.reauthenticates() || (rotates() && !stored.is_in_grace(now))
            }
            Standing::Remembered => {
                let is_owed = !stored.is_in_grace(now) && !stored.is_reauthenticated();
                changes.reauthenticates() || (is_owed && Self::again(policy, stored, now).is_some())
            }
        }
    }

    /// A new secret, derived from the one that the browser presented.
    fn fresh(
        policy: &Policy,
        stored: &Stored,
        reauthenticates: bool,
        now: Moment,
    ) -> Result<Self, SessionError> {
        let old = &stored.record.secrets;
        // The two newest that the browser may have in use when a re-authentication comes between.
        let in_use = stored.standing == Standing::Remembered || stored.is_in_grace(now);
        let remembered = old.remembered.as_ref().filter(|_| in_use);
        let (salt, revision) = draw_salt(policy)?;
        let id = policy.domain.rotate(&stored.id, &salt);
        // That both moments are the same says that the secret comes from a re-authentication.
        let issued = match stored.record.authenticated {
            Some(authenticated) if authenticated == now && !reauthenticates => {
                now.saturating_add(time::Duration::MICROSECOND)
            }
            _ => now,
        };
        let secrets = Secrets {
            present: policy.domain.digest(&id),
            issued,
            remembered: Some(Remembered {
                digest: old.present,
                earlier: remembered.map(|remembered| remembered.digest),
                until: grace_end(policy, now),
                salt: Some(salt),
            }),
        };
        let revision = Some(revision);
        Ok(Self {
            id,
            secrets,
            revision,
        })
    }

    /// The present secret once more, if it was derived from the one that the browser presented and
    /// has not been presented itself; with another grace.
    fn again(policy: &Policy, stored: &Stored, now: Moment) -> Option<Self> {
        let mut secrets = stored.record.secrets.clone();
        let remembered = secrets.remembered.as_mut()?;
        let id = policy.domain.rotate(&stored.id, &remembered.salt?);
        if policy.domain.digest(&id) != secrets.present {
            return None;
        }
        remembered.until = remembered.until.max(grace_end(policy, now));
        Some(Self {
            id,
            secrets,
            revision: None,
        })
    }
}

/// Returns when the grace ends that begins now.
pub(crate) fn grace_end(policy: &Policy, now: Moment) -> Moment {
    now.saturating_add(policy.rotation_grace)
}
