use std::fmt;
use std::sync::Arc;

use super::ask::{Ask, Decision};
use super::cap::Listing;
use super::commit::{Commit, Purpose};
use super::log::Log;
use super::rotation::{Renewal, Rotation};
use super::shared::Shared;
use super::state::State;
use crate::{
    Command, CommitError, Device, Digest, Event, EventKind, Key, Moment, Outcome, Reason, Record,
    Reply, SessionError, StoreError,
};

/// The next step of a commit.
#[derive(Debug)]
#[must_use = "a commit is finished only when a step is done"]
#[allow(clippy::exhaustive_enums, reason = "a server handles each case")]
pub enum Step {
    /// Ask the store for a record.
    Load(Load),
    /// Ask the store for a list of an owner's sessions.
    List(List),
    /// Give the store a command.
    Write(Write),
    /// Nothing more; put the reply on the response.
    Done(Reply),
}

/// A question to the store: another request has changed the session.
pub struct Load(Box<Loading>);

struct Loading {
    commit: Box<Commit>,
    refused: Ask,
    key: Key,
    secret: Digest,
}

/// A question to the store: a login under a cap has to know its owner's sessions.
pub struct List {
    commit: Box<Commit>,
    listing: Listing,
}

/// A command for the store.
pub struct Write {
    work: Work,
    ask: Ask,
}

/// What a write is for.
enum Work {
    Commit(Box<Commit>),
    /// The session's life, after a request that has changed nothing. There is nothing to decide any more,
    /// whatever the answer.
    Life(Arc<Shared>),
}

/// Closes the session and decides what to write; see [`Opened::finish`](super::exchange::Opened).
pub(crate) fn finish(shared: Arc<Shared>, status: u16, now: Moment) -> Result<Step, CommitError> {
    let mut commit = {
        let mut state = shared.state();
        state.is_finished = true;
        let purpose = if is_failure(status) || state.undone > 0 {
            Purpose::Fail
        } else {
            Purpose::Finish
        };
        if purpose == Purpose::Fail {
            state.changes = Log::default();
        }
        let purpose = if state.rests() {
            Purpose::Fail
        } else {
            purpose
        };
        let is_unchanged = state.changes.is_empty()
            && state.pending_deletes.is_empty()
            && state.outdated.is_none();
        if is_unchanged {
            match Upkeep::of(&shared, &state, purpose, now) {
                Upkeep::Nothing => return Ok(Step::Done(shared.reply_of(&state, now))),
                Upkeep::Touch(ask) => {
                    drop(state);
                    let work = Work::Life(shared);
                    return Ok(Step::Write(Write { work, ask }));
                }
                Upkeep::Commit => {}
            }
        }
        Commit::new(Arc::clone(&shared), &mut state, purpose)
    };
    // From here on it is the commit's alone, unless a task of the handler has a clone of the session.
    drop(shared);
    let decided = commit.advance(now);
    next(commit, decided, now)
}

/// Says whether a response's status drops the changes: an error of the server, or a time-out or a closed
/// connection (408, and nginx's 499), after which the handler may have done half of its work.
#[inline]
fn is_failure(status: u16) -> bool {
    matches!(status, 408 | 499 | 500..)
}

/// Decides what to write now; see [`Opened::commit`](super::exchange::Opened).
pub(crate) fn commit(shared: &Arc<Shared>, now: Moment) -> Result<Step, CommitError> {
    let mut commit = {
        let mut state = shared.state();
        if state.is_finished {
            let reply = shared.reply_of(&state, now);
            return Err(CommitError::new(SessionError::Finished, reply));
        }
        let purpose = state.purpose_of_save();
        // An early save leaves the outdated session to the response.
        let ends = purpose != Purpose::Save && state.outdated.is_some();
        if state.changes.is_empty() && state.pending_deletes.is_empty() && !ends {
            return Ok(Step::Done(shared.reply_of(&state, now)));
        }
        Commit::new(Arc::clone(shared), &mut state, purpose)
    };
    let decided = commit.advance(now);
    next(commit, decided, now)
}

/// What a request that has changed nothing has to write all the same.
enum Upkeep {
    Nothing,
    /// An extension of the session's life.
    Touch(Ask),
    /// What a commit decides.
    Commit,
}

impl Upkeep {
    fn of(shared: &Shared, state: &State, purpose: Purpose, now: Moment) -> Self {
        let Some(stored) = &state.base else {
            return Self::Nothing;
        };
        let policy = &shared.policy;
        if stored.owes_a_presentation() {
            return Self::Commit;
        }
        if purpose != Purpose::Finish {
            return Self::Nothing;
        }
        if Rotation::is_due(policy, stored, &state.changes, Renewal::IfOld, now) {
            return Self::Commit;
        }
        let lifetime = policy.lifetimes.of_record(&stored.record);
        let why = state.activity.use_of(false);
        let extension = lifetime.extension(&stored.record, now, why);
        match extension.filter(|_| stored.may_extend(now)) {
            None => Self::Nothing,
            Some(_) if policy.ended.has(stored.key, now) || state.may_have_written(stored.key) => {
                Self::Commit
            }
            Some(extension) => Self::Touch(Ask::Touch(Arc::clone(stored), extension)),
        }
    }
}

fn next(
    mut commit: Box<Commit>,
    decided: Result<Decision, SessionError>,
    now: Moment,
) -> Result<Step, CommitError> {
    let ask = match decided.or_else(|error| commit.withdraw(error)) {
        Ok(Decision::Write(ask)) => ask,
        Ok(Decision::Done(reply)) => return Ok(Step::Done(reply)),
        Ok(Decision::List(listing)) => return Ok(Step::List(List { commit, listing })),
        Ok(Decision::Load(refused)) => {
            return Ok(match commit.to_load(&refused) {
                Some(stored) => Step::Load(Load(Box::new(Loading {
                    commit,
                    refused,
                    key: stored.key,
                    secret: stored.record.secrets.present,
                }))),
                None => Step::Done(commit.shared.reply(now)),
            });
        }
        Err(error) if is_upkeep(&commit, &error) => {
            commit.tell(EventKind::UpkeepFailed, Reason::Error(&error), now);
            return Ok(Step::Done(commit.shared.reply(now)));
        }
        Err(error) => {
            if matches!(error, SessionError::Conflict { .. }) {
                commit.conflicted();
            }
            return Err(CommitError::new(
                commit.told(error, now),
                commit.shared.reply(now),
            ));
        }
    };
    let work = Work::Commit(commit);
    Ok(Step::Write(Write { work, ask }))
}

/// Says whether nothing but upkeep was left undone, which can't fail a response.
fn is_upkeep(commit: &Commit, error: &SessionError) -> bool {
    let is_ours = matches!(
        error,
        SessionError::Contended { .. } | SessionError::Entropy(_)
    );
    is_ours && commit.changes.is_empty() && !commit.shared.state().owes_a_delete()
}

impl Load {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// Returns the digest to load it with.
    #[must_use]
    pub fn secret(&self) -> &Digest {
        &self.0.secret
    }

    /// Takes the store's record under the key, or its failure.
    ///
    /// # Errors
    ///
    /// As [`Opened::finish`](crate::Opened::finish), or too many others were faster.
    pub fn answer(
        self,
        found: Result<Option<Record>, StoreError>,
        now: Moment,
    ) -> Result<Step, CommitError> {
        let Loading {
            mut commit,
            refused,
            ..
        } = *self.0;
        let decided = match found {
            Ok(found) => commit.reloaded(refused, found, now),
            Err(error) => failed(&mut commit, &refused, error, now),
        };
        next(commit, decided, now)
    }
}

impl List {
    /// Returns the owner.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.listing.owner
    }

    /// Returns the moment at which the listed sessions live. It is not the present one: sessions count that live by
    /// the clocks of other servers.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.listing.at
    }

    /// Returns how many sessions to list at most, from the newest.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.listing.limit
    }

    /// Takes the store's list, or its failure.
    ///
    /// # Errors
    ///
    /// As [`Load::answer`], or the owner has too many sessions.
    pub fn answer(
        self,
        found: Result<Vec<Device>, StoreError>,
        now: Moment,
    ) -> Result<Step, CommitError> {
        let Self {
            mut commit,
            listing,
        } = self;
        let decided = match found {
            Ok(found) if !commit.is_discarded() => commit.listed(&listing, found, now),
            Ok(_) => Ok(commit.done(now)),
            Err(error) => {
                commit.give_up_entering();
                Err(error.into())
            }
        };
        next(commit, decided, now)
    }
}

impl Write {
    /// Returns the command to give to the store.
    #[must_use]
    #[inline]
    pub fn command(&self) -> Command<'_> {
        self.ask.command()
    }

    /// Takes the store's answer to the command, or its failure.
    ///
    /// # Errors
    ///
    /// As [`Load::answer`].
    pub fn answer(
        self,
        outcome: Result<Outcome, StoreError>,
        now: Moment,
    ) -> Result<Step, CommitError> {
        let Self { work, ask } = self;
        let mut commit = match work {
            Work::Commit(commit) => commit,
            Work::Life(shared) => return Ok(Step::Done(lived(&shared, &ask, outcome, now))),
        };
        let decided = match outcome {
            Ok(outcome) => commit.answered(ask, outcome == Outcome::Applied, now),
            Err(error) => failed(&mut commit, &ask, error, now),
        };
        next(commit, decided, now)
    }
}

/// Takes the answer to an extension of the session's life, which the response can do without.
fn lived(shared: &Shared, ask: &Ask, outcome: Result<Outcome, StoreError>, now: Moment) -> Reply {
    match (outcome, ask) {
        (Ok(Outcome::Applied), Ask::Touch(stored, extension)) => {
            shared.touched(stored, *extension);
        }
        // Ended or written by another request; either way there is nothing to add.
        (Ok(_), _) => {}
        (Err(error), _) => {
            let error = &SessionError::from(error);
            let mut event = Event::new(EventKind::UpkeepFailed, now).because(Reason::Error(error));
            if let Ask::Touch(stored, _) = ask {
                event = event.about(stored);
            }
            shared.policy.tell(event);
        }
    }
    shared.reply(now)
}

/// Handles a failure of the store. Work that the response can do without is left undone.
fn failed(
    commit: &mut Commit,
    ask: &Ask,
    error: StoreError,
    now: Moment,
) -> Result<Decision, SessionError> {
    if !can_do_without(commit, ask) {
        commit.give_up_entering();
        return Err(error.into());
    }
    let cause = SessionError::from(error);
    commit.tell(EventKind::UpkeepFailed, Reason::Error(&cause), now);
    match ask {
        Ask::Delete(delete) => {
            let mut state = commit.shared.state();
            state
                .pending_deletes
                .retain(|pending| !pending.is_same(delete));
            drop(state);
            commit.advance(now)
        }
        Ask::End { .. } => commit.outdated_done(now),
        _ => Ok(commit.done(now)),
    }
}

/// Says whether the response is right although the store has failed with this.
fn can_do_without(commit: &Commit, ask: &Ask) -> bool {
    match ask {
        Ask::Delete(delete) => delete.is_optional(),
        Ask::End { .. } => true,
        Ask::Replace(_) | Ask::Touch(..) => commit.changes.is_empty(),
        _ => false,
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Load")
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("List")
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Write({:?})", self.command())
    }
}
