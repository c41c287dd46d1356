use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::ask::{Ask, Decided, Decision};
use super::commit::Commit;
use super::data::Data;
use super::log::Log;
use super::session::Session;
use super::standing::Stored;
use super::state::State;
use crate::{
    Digest, Event, EventKind, IdForm, Moment, Policy, Reason, Record, Revision, Revoker,
    SessionError, Stamp,
};

/// A session whose credential has changed since its sign-in; the response ends it.
pub(crate) struct Outdated {
    pub(crate) stored: Arc<Stored>,
    present: Box<[Digest]>,
}

impl Session {
    /// Says whether the session's owner still has the credential of the sign-in: whether its stamp is one of these.
    ///
    /// Call it where the application has loaded the owner. With another stamp, the request counts as nobody's from
    /// then on, and the response ends the session, unless another request has meanwhile given it one of these
    /// ([`reauthenticate_with`](Self::reauthenticate_with)). The cookie is not removed, because the answer to
    /// a login may have set another. A [`destroy`](Self::destroy) after it is a logout like any other. So a change of the password ends the other sessions, also one whose sign-in
    /// has crossed it. (ASVS 5.0, 7.4.3.) Give several stamps while the [key](crate::StampKey) of stamps changes.
    ///
    /// A session without a stamp ends too, except where ids are plain or the policy
    /// [accepts it](crate::PolicyBuilder::accept_unstamped); a policy warns of the first one in the log. If nobody is signed in, it is
    /// `false`, and nothing ends.
    ///
    /// ```
    /// # use session_core::{SessionError, SignIn, StampKey};
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// let key = StampKey::new(&[7; 32]).unwrap();
    /// let [old, new] = ["old hash", "new hash"].map(|hash| key.stamp("ada", hash.as_bytes()));
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// session.sign_in(SignIn::of("ada").credential(old))?;
    /// session.save().await?;
    /// assert!(session.check_credential(&[old]));
    /// assert!(session.check_credential(&[new, old]));
    ///
    /// assert!(!session.check_credential(&[new]));
    /// assert_eq!(session.owner(), None);
    /// # request.commit(200).await?;
    /// # assert_eq!(sessions.devices("ada").await?, []);
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    #[must_use]
    pub fn check_credential(&self, present: &[Stamp]) -> bool {
        let present: Box<[Digest]> = present.iter().map(Stamp::digest).collect();
        let policy = &self.0.policy;
        let mut state = self.0.state();
        if state.owner().is_none() {
            return false;
        }
        let begins = state.changes.signed_in().is_some();
        let pending = state.changes.stamp().map(|stamp| stamp.digest());
        let stored = |state: &State| state.visible()?.record.credential;
        let own = pending.or_else(|| stored(&state).filter(|_| !begins));
        let is_right = is_right(policy, own.as_ref(), &present);
        if is_right || state.is_finished {
            return is_right;
        }
        let is_unstamped = own.is_none() && !present.is_empty();
        // A sign-in of this request goes too; what it would have left is somebody's only perhaps.
        state.changes = Log::default();
        state.version += 1;
        if state.owner().is_some() && !self::is_right(policy, stored(&state).as_ref(), &present) {
            state.outdate(present);
        }
        drop(state);
        if is_unstamped {
            policy.tell_unstamped();
        }
        false
    }
}

/// Compares all of them, whatever the first ones say.
fn is_right(policy: &Policy, own: Option<&Digest>, present: &[Digest]) -> bool {
    match own {
        Some(own) => present.iter().filter(|stamp| *stamp == own).count() > 0,
        None => policy.accepts_unstamped || policy.id_form == IdForm::Plain,
    }
}

impl Policy {
    /// Every sign-in of the application may lack the stamp, and then nobody gets in. Once, since old sessions may be many.
    fn tell_unstamped(&self) {
        if !self.told_unstamped.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                cookie = %self.cookie_name(),
                "a session without a stamp of its owner's credential was ended, as all of them are: \
                 sign in with SignIn::credential, or accept_unstamped for a while"
            );
        }
    }
}

impl State {
    /// Takes the session away from the request, whose values begin no other one.
    fn outdate(&mut self, present: Box<[Digest]>) {
        self.note_owner();
        let Some(stored) = self.base.take() else {
            return;
        };
        self.outdated = Some(Arc::new(Outdated { stored, present }));
        self.data = Data::default();
        self.is_stale = true;
        self.version += 1;
    }

    /// Takes a state that was written for the session meanwhile; `false` if it is not the outdated one.
    pub(crate) fn outdates(&mut self, stored: &Arc<Stored>) -> bool {
        let Some(outdated) = self.outdated.as_ref() else {
            return false;
        };
        if outdated.stored.key != stored.key {
            return false;
        }
        self.outdated = Some(Arc::new(Outdated {
            stored: Arc::clone(stored),
            present: outdated.present.clone(),
        }));
        true
    }
}

impl Commit {
    /// Ends the outdated session as it is.
    pub(crate) fn end(&self, outdated: Arc<Outdated>, now: Moment) -> Result<Ask, SessionError> {
        // A condition on the revision: another request may just have given it the present stamp.
        let ended = Record {
            revision: Revision::from_random(self.policy().random()?),
            expires: now,
            ..outdated.stored.record.clone()
        };
        let ended = Box::new(ended);
        Ok(Ask::End { outdated, ended })
    }

    /// Takes what the store has under the outdated session's key after it could not be ended.
    pub(crate) fn outdated_reloaded(
        &mut self,
        outdated: &Outdated,
        found: Option<Record>,
        now: Moment,
    ) -> Decided {
        let Outdated { stored, present } = outdated;
        let still = found.filter(|record| {
            let is_the_same = record.owner == stored.record.owner;
            let is_over = self.policy().is_over(stored.key, record, now);
            is_the_same && !is_over && !is_right(self.policy(), record.credential.as_ref(), present)
        });
        match still {
            // A store that refuses everything must not fail the commit, which is right without the end.
            Some(record) if self.count().is_ok() => {
                let stored = Arc::new(stored.with(record, now));
                self.shared.state().outdates(&stored);
                self.advance(now)
            }
            _ => self.outdated_done(now),
        }
    }

    /// The outdated session is ended, or not outdated any more; or the next check ends it.
    pub(crate) fn outdated_done(&mut self, now: Moment) -> Decided {
        self.shared.state().outdated = None;
        self.advance(now)
    }

    /// Writes the credential's stamp that the request has brought, if it has.
    pub(crate) fn stamp(&self, record: &mut Record) {
        if let Some(stamp) = self.changes.stamp() {
            record.credential = Some(stamp.digest());
        }
    }

    /// Returns what to load after a command was refused.
    pub(crate) fn to_load(&self, refused: &Ask) -> Option<Arc<Stored>> {
        match refused {
            Ask::End { outdated, .. } => Some(Arc::clone(&outdated.stored)),
            _ => self.base.clone(),
        }
    }

    /// Takes the store's answer to the end of the outdated session.
    pub(crate) fn end_answered(&mut self, ask: Ask, is_applied: bool, now: Moment) -> Decided {
        if is_applied {
            if let Ask::End { outdated, .. } = &ask {
                let event = Event::new(EventKind::Revoked, now).about(&outdated.stored);
                let event = event.because(Reason::By(Revoker::Credential));
                self.policy().tell(event);
            }
            self.outdated_done(now)
        } else {
            Ok(Decision::Load(ask))
        }
    }
}
