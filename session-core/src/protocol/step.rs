use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::policy::lifetime::Use;
use crate::port::record::truncate;
use crate::protocol::changes::Changes;
use crate::protocol::commit::{Attempt, Commit, Kind, Purpose};
use crate::protocol::exchange::understand;
use crate::protocol::session::Session;
use crate::protocol::state::Stored;
use crate::{Command, CommitError, Found, Key, Outcome, Reply};

/// What to do next to commit a session.
#[derive(Debug)]
#[must_use = "a commit is finished only when a step is done"]
pub enum Step {
    /// Ask the store for a record.
    Load(Load),
    /// Give the store a command.
    Write(Write),
    /// Nothing more; put the reply on the response.
    Done(Reply),
}

/// A question to the store: somebody else has changed the session.
pub struct Load(Box<Reload>);

struct Reload {
    commit: Box<Commit>,
    attempt: Attempt,
    key: Key,
}

/// A command for the store.
pub struct Write {
    commit: Box<Commit>,
    kind: Box<Kind>,
}

/// More than the requests that can be under way for one visitor; it ends a store that refuses everything.
pub(crate) const MAX_TRIES: u32 = 500;

impl Session {
    /// Closes the session and decides what to write, now that the response's status is known.
    ///
    /// A status of 500 or more drops all changes, but a destroyed session is deleted all the same.
    ///
    /// # Errors
    ///
    /// No random bytes, an update that does not understand the present value, or more values than
    /// the policy allows, together with those that others wrote meanwhile. Answer with the
    /// [status](crate::SessionError::status) of the error, without a cookie.
    pub fn finish(&self, status: u16, now: OffsetDateTime) -> Result<Step, CommitError> {
        let commit = {
            let mut state = self.state();
            state.is_closed = true;
            if status >= 500 {
                state.changes = Changes::default();
            }
            let is_renewed = state.renewed.is_some();
            let idle = state.changes.is_empty() && state.doomed.is_empty();
            if idle && (status >= 500 || is_renewed || !self.touch_is_due(state.base.as_ref(), now))
            {
                let gone = state.is_gone;
                return Ok(Step::Done(Reply::new(
                    &self.0.policy,
                    state.cookie,
                    gone,
                    now,
                )));
            }
            Commit::new(self, &state, Purpose::Finish)
        };
        commit.advance(now)
    }

    /// Decides what to write now, and leaves the session open; `save` drives it to its end.
    ///
    /// Only one commit of a session may be under way.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish), or the session is closed.
    pub fn commit(&self, now: OffsetDateTime) -> Result<Step, CommitError> {
        let commit = {
            let state = self.state();
            if state.is_closed {
                return Err(CommitError::Closed);
            }
            if state.changes.is_empty() && state.doomed.is_empty() {
                let gone = state.is_gone;
                return Ok(Step::Done(Reply::new(&self.0.policy, None, gone, now)));
            }
            Commit::new(self, &state, Purpose::Save)
        };
        commit.advance(now)
    }

    fn touch_is_due(&self, base: Option<&Stored>, now: OffsetDateTime) -> bool {
        base.is_some_and(|stored| {
            let lifetime = &self.0.policy.lifetime;
            lifetime
                .renewal(&stored.record, truncate(now), Use::Read)
                .is_some()
        })
    }
}

impl Load {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// Takes what the store has under the key.
    ///
    /// Gone is gone: the changes are dropped and nothing comes back under any id. Changed: the
    /// log is replayed on what is there now, under another id if it has one; but what an anonymous
    /// visitor wrote does not follow the user who has just signed in.
    ///
    /// # Errors
    ///
    /// As [`Session::finish`], or too many others were faster.
    pub fn answer(self, found: Option<Found>, now: OffsetDateTime) -> Result<Step, CommitError> {
        let Reload {
            mut commit,
            mut attempt,
            key,
        } = *self.0;
        if commit.is_overtaken() {
            return Ok(Step::Done(commit.reply(now)));
        }
        let policy = Arc::clone(&commit.session.0.policy);
        let stored = match found.filter(|found| !policy.lifetime.is_over(found.record(), now)) {
            Some(Found::Here(record)) => Some(Stored { key, record }),
            // Our own move, which was sent twice: refused once it was applied.
            Some(Found::Moved { to, record }) if to == attempt.stored.key => Some(Stored {
                key: attempt.stored.key,
                record,
            }),
            Some(Found::Moved { to, record }) => {
                let to = commit.follow(to, &record);
                to.map(|key| Stored { key, record })
            }
            None => None,
        };
        let Some(Stored { key, record }) = stored else {
            return Ok(Step::Done(commit.gone(now)));
        };
        if record.revision == attempt.stored.record.revision {
            // Our own write, whose answer was lost.
            attempt.stored = Stored { key, record };
            return Ok(Step::Done(commit.applied(attempt, now)));
        }
        commit.forget_lost_answer(&record);
        commit.tries += 1;
        if commit.tries >= MAX_TRIES {
            return Err(CommitError::Contended {
                tries: commit.tries,
            });
        }
        commit.data = understand(&record);
        commit.base = Some(Stored { key, record });
        commit.advance(now)
    }
}

impl Write {
    pub(crate) fn new(commit: Box<Commit>, kind: Kind) -> Self {
        Self {
            commit,
            kind: Box::new(kind),
        }
    }

    /// Returns the command to give to the store.
    #[must_use]
    pub fn command(&self) -> Command<'_> {
        match &*self.kind {
            Kind::Delete(key) => Command::Delete { key },
            Kind::Insert(attempt) => Command::Insert {
                key: &attempt.stored.key,
                record: &attempt.stored.record,
            },
            Kind::Replace {
                key,
                expected,
                attempt,
                remembered,
            } => Command::Replace {
                key,
                expected: *expected,
                with: &attempt.stored.key,
                record: &attempt.stored.record,
                remembered: *remembered,
            },
            Kind::Touch { stored, renewal } => Command::Touch {
                key: &stored.key,
                expected: stored.record.revision,
                seen: renewal.seen,
                expires: renewal.expires,
            },
        }
    }

    /// Takes what the store did with the command.
    ///
    /// # Errors
    ///
    /// As [`Load::answer`].
    pub fn answer(self, outcome: Outcome, now: OffsetDateTime) -> Result<Step, CommitError> {
        let Self { mut commit, kind } = self;
        match (*kind, outcome) {
            (Kind::Delete(key), _) => {
                commit
                    .session
                    .state()
                    .doomed
                    .retain(|doomed| *doomed != key);
                commit.advance(now)
            }
            (Kind::Insert(attempt) | Kind::Replace { attempt, .. }, Outcome::Applied) => {
                Ok(Step::Done(commit.applied(attempt, now)))
            }
            (Kind::Insert(attempt), Outcome::Refused) => {
                commit.refused(&attempt);
                commit.tries += 1;
                if commit.tries >= MAX_TRIES {
                    return Err(CommitError::Contended {
                        tries: commit.tries,
                    });
                }
                commit.advance(now)
            }
            (Kind::Replace { key, attempt, .. }, Outcome::Refused) => {
                commit.refused(&attempt);
                Ok(Step::Load(Load(Box::new(Reload {
                    commit,
                    attempt,
                    key,
                }))))
            }
            (Kind::Touch { stored, renewal }, Outcome::Applied) => {
                Ok(Step::Done(commit.touched(stored, renewal, now)))
            }
            // Ended or renewed by another request; either way there is nothing to add.
            (Kind::Touch { .. }, Outcome::Refused) => Ok(Step::Done(commit.reply(now))),
        }
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
