use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::ask::{Ask, Decision};
use super::commit::{Commit, Purpose};
use super::log::Log;
use super::rotation::Rotation;
use super::shared::Shared;
use super::standing::{Standing, Stored};
use super::state::State;
use crate::policy::lifetime::Use;
use crate::port::moment::{truncate, utc};
use crate::{
    Command, CommitError, Digest, Event, Key, Outcome, Record, Reply, SessionError, StoreError,
};

/// The next step of a commit.
#[derive(Debug)]
#[must_use = "a commit is finished only when a step is done"]
#[allow(clippy::exhaustive_enums, reason = "a server handles each case")]
pub enum Step {
    /// Ask the store for a record.
    Load(Load),
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

/// A command for the store.
pub struct Write {
    commit: Box<Commit>,
    ask: Ask,
}

/// Closes the session and decides what to write; see [`Opened::finish`](super::exchange::Opened).
pub(crate) fn finish(
    shared: &Arc<Shared>,
    status: u16,
    now: OffsetDateTime,
) -> Result<Step, CommitError> {
    let now = utc(now);
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
        let is_unchanged = state.changes.is_empty() && state.pending_deletes.is_empty();
        if is_unchanged && !upkeep_is_due(shared, &state, purpose, truncate(now)) {
            return Ok(Step::Done(shared.reply_of(&state, now)));
        }
        Commit::new(shared, &mut state, purpose)
    };
    let decided = commit.advance(now);
    next(commit, decided, now)
}

/// Says whether a response's status drops the changes: an error of the server, or a time-out or a closed
/// connection (408, and nginx's 499), after which the handler may have done half of its work.
fn is_failure(status: u16) -> bool {
    matches!(status, 408 | 499 | 500..)
}

/// Decides what to write now; see [`Opened::commit`](super::exchange::Opened).
pub(crate) fn commit(shared: &Arc<Shared>, now: OffsetDateTime) -> Result<Step, CommitError> {
    let now = utc(now);
    let mut commit = {
        let mut state = shared.state();
        if state.is_finished {
            let reply = shared.reply_of(&state, now);
            return Err(CommitError::new(SessionError::Finished, reply));
        }
        if state.changes.is_empty() && state.pending_deletes.is_empty() {
            return Ok(Step::Done(shared.reply_of(&state, now)));
        }
        Commit::new(shared, &mut state, Purpose::Save)
    };
    let decided = commit.advance(now);
    next(commit, decided, now)
}

/// Says whether a request that has changed nothing has something to write all the same.
fn upkeep_is_due(shared: &Shared, state: &State, purpose: Purpose, now: OffsetDateTime) -> bool {
    let Some(stored) = &state.base else {
        return false;
    };
    let policy = &shared.policy;
    let is_presented = stored.standing == Standing::Present && stored.is_unpresented();
    let extends =
        || stored.may_extend(now) && policy.lifetime.is_due(&stored.record, now, Use::Read);
    let is_issued_again = || Rotation::is_due(policy, stored, &state.changes, now);
    is_presented || (purpose == Purpose::Finish && (extends() || is_issued_again()))
}

fn next(
    mut commit: Box<Commit>,
    decided: Result<Decision, SessionError>,
    now: OffsetDateTime,
) -> Result<Step, CommitError> {
    let ask = match decided.or_else(|error| commit.withdraw(error)) {
        Ok(Decision::Write(ask)) => ask,
        Ok(Decision::Done(reply)) => return Ok(Step::Done(reply)),
        Ok(Decision::Load(refused)) => {
            return Ok(match commit.base.as_deref().map(id_of) {
                Some((key, secret)) => Step::Load(Load(Box::new(Loading {
                    commit,
                    refused,
                    key,
                    secret,
                }))),
                None => Step::Done(commit.shared.reply(now)),
            });
        }
        Err(error) if is_upkeep(&commit, &error) => {
            commit.policy().tell(&Event::UpkeepFailed { error: &error });
            return Ok(Step::Done(commit.shared.reply(now)));
        }
        Err(error) => {
            if matches!(error, SessionError::Conflict { .. }) {
                commit.conflicted();
            }
            return Err(CommitError::new(error, commit.shared.reply(now)));
        }
    };
    Ok(Step::Write(Write { commit, ask }))
}

/// Says whether nothing but upkeep was left undone, which can't fail a response.
fn is_upkeep(commit: &Commit, error: &SessionError) -> bool {
    let is_ours = matches!(
        error,
        SessionError::Contended { .. } | SessionError::Entropy(_)
    );
    is_ours && commit.changes.is_empty() && !commit.shared.state().owes_a_delete()
}

fn id_of(stored: &Stored) -> (Key, Digest) {
    (stored.key, stored.record.secrets.present)
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
        now: OffsetDateTime,
    ) -> Result<Step, CommitError> {
        let now = utc(now);
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

impl Write {
    /// Returns the command to give to the store.
    #[must_use]
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
        now: OffsetDateTime,
    ) -> Result<Step, CommitError> {
        let now = utc(now);
        let Self { mut commit, ask } = self;
        let decided = match outcome {
            Ok(outcome) => commit.answered(ask, outcome == Outcome::Applied, now),
            Err(error) => failed(&mut commit, &ask, error, now),
        };
        next(commit, decided, now)
    }
}

/// Handles a failure of the store. Work that the response can do without is left undone.
fn failed(
    commit: &mut Commit,
    ask: &Ask,
    error: StoreError,
    now: OffsetDateTime,
) -> Result<Decision, SessionError> {
    if !can_do_without(commit, ask) {
        commit.give_up_entering();
        return Err(error.into());
    }
    let cause = SessionError::from(error);
    commit.policy().tell(&Event::UpkeepFailed { error: &cause });
    match ask {
        Ask::Delete(delete) => {
            let mut state = commit.shared.state();
            state.pending_deletes.retain(|pending| *pending != **delete);
            drop(state);
            commit.advance(now)
        }
        _ => Ok(commit.done(now)),
    }
}

/// Says whether the response is right although the store has failed with this.
fn can_do_without(commit: &Commit, ask: &Ask) -> bool {
    match ask {
        Ask::Delete(delete) => delete.is_optional(),
        Ask::Replace(_) | Ask::Touch(..) => commit.changes.is_empty(),
        _ => false,
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Load")
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Write({:?})", self.command())
    }
}
