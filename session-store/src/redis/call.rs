use redis::{Cmd, cmd};
use session_core::{Key, Record, Revision, StoreError};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::ask::{Answer, Ask, Slots, Which};
use super::failure::{Cause, Failure, Reach};
use super::link::Repeat;
use super::names::Names;
use super::row;
use super::scripts::{Script, Scripts};
use super::servers::Servers;

/// One call of the store: what is asked in it has one deadline and one `now`.
pub(super) struct Call<'a> {
    pub(super) servers: &'a Servers,
    pub(super) scripts: &'a Scripts,
    pub(super) names: &'a Names,
    pub(super) now: OffsetDateTime,
    pub(super) deadline: Instant,
}

/// How a step is said to a server.
enum Step<'a> {
    Script(&'a Script, Vec<Vec<u8>>, Vec<Vec<u8>>),
    Command(Vec<u8>, Cmd),
}

impl Slots for Call<'_> {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, StoreError> {
        let answer = match (ask, self.ask_once(ask).await) {
            (Ask::Insert { key, record, .. }, Err(failure)) if failure.is_cut_off() => {
                self.insert_again(ask, key, record.revision).await
            }
            (_, answer) => answer,
        };
        answer.map_err(|failure| failure.during(ask.doing()))
    }

    fn now(&self) -> OffsetDateTime {
        self.now
    }
}

impl Call<'_> {
    async fn ask_once(&self, ask: Ask<'_>) -> Result<Answer, Failure> {
        let repeat = if ask.is_repeatable() {
            Repeat::Once
        } else {
            Repeat::Never
        };
        let answer = match self.step(&ask) {
            Step::Script(script, keys, arguments) => {
                let how = (repeat, self.deadline);
                self.servers.run(script, &keys, &arguments, how).await
            }
            Step::Command(key, command) => {
                self.servers
                    .call(&key, &command, repeat, self.deadline)
                    .await
            }
        };
        let answer = answer.and_then(|value| {
            row::answer(value).ok_or_else(|| Failure {
                place: self.servers.to_string(),
                cause: Cause::Senseless,
                reach: Reach::Unknown,
            })
        });
        Ok(match (ask, answer?) {
            // EXISTS and UNLINK count.
            (Ask::Committed { .. }, Answer::Count(0)) => Answer::Nothing,
            (Ask::Committed { .. } | Ask::Settle { .. }, Answer::Count(_)) => Answer::Done,
            (_, answer) => answer,
        })
    }

    /// Asks for a session to begin after the connection broke on which that was asked first.
    ///
    /// Often it was broken before, by a server that was started anew. If it was done all the same, it can be
    /// told: the session's id has been drawn a moment ago and no browser knows it, so that nobody
    /// has written on top.
    async fn insert_again(
        &self,
        insert: Ask<'_>,
        key: Key,
        revision: Revision,
    ) -> Result<Answer, Failure> {
        let answer = self.ask_once(insert).await?;
        if answer != Answer::Nothing {
            return Ok(answer);
        }
        let load = Ask::Load {
            key,
            led_by: None,
            confirmed: None,
        };
        match self.ask_once(load).await? {
            Answer::Here(found) if found.revision == revision => Ok(Answer::Done),
            _ => Ok(Answer::Nothing),
        }
    }

    /// Writes down the script, its keys and its arguments; each script's head says which they are.
    #[allow(
        clippy::too_many_lines,
        reason = "a table, with a line or two for each step"
    )]
    fn step(&self, ask: &Ask<'_>) -> Step<'_> {
        let Self { scripts, names, .. } = self;
        let session = |key: &Key| vec![names.session(key)];
        let both = |key: &Key| vec![names.session(key), names.pointer(key)];
        let now = row::moment(self.now);
        match *ask {
            Ask::Load {
                key,
                led_by,
                confirmed,
            } => {
                let arguments = vec![now, digest(led_by), revision(confirmed)];
                Step::Script(&scripts.load, both(&key), arguments)
            }
            Ask::Insert {
                key,
                record,
                listed,
            } => {
                let arguments = with(record, [now, row::optional(listed)]);
                Step::Script(&scripts.insert, session(&key), arguments)
            }
            Ask::Replace {
                key,
                expected,
                record,
                listed,
                confirmed,
            } => {
                let (expected, listed) = (row::revision(expected), row::optional(listed));
                let arguments = with(record, [now, expected, listed, revision(confirmed)]);
                Step::Script(&scripts.replace, session(&key), arguments)
            }
            Ask::Touch {
                key,
                expected,
                seen,
                expires,
                listed,
                confirmed,
            } => {
                let (expected, listed) = (row::revision(expected), row::optional(listed));
                let mut arguments = vec![now, expected, listed, revision(confirmed)];
                arguments.extend([seen, expires].map(row::moment));
                Step::Script(&scripts.touch, session(&key), arguments)
            }
            Ask::Finish {
                key,
                led_by,
                which,
                confirmed,
            } => {
                let mut arguments = vec![now, digest(led_by), revision(confirmed)];
                arguments.extend(chosen(which));
                Step::Script(&scripts.finish, both(&key), arguments)
            }
            Ask::Relocate {
                key,
                expected,
                with: to,
                record,
                remembered,
            } => {
                let keys = [both(&key), session(&to)].concat();
                let (expected, remembered) = (row::revision(expected), row::moment(remembered));
                let arguments = with(record, [now, expected, remembered]);
                Step::Script(&scripts.relocate, keys, arguments)
            }
            Ask::Prepare {
                key,
                from,
                record,
                remembered,
                listed,
            } => {
                let (remembered, listed) = (row::moment(remembered), row::optional(listed));
                let arguments = with(record, [now, row::digest(&from), remembered, listed]);
                Step::Script(&scripts.prepare, session(&key), arguments)
            }
            Ask::Commit {
                key,
                expected,
                with: to,
                record,
                remembered,
                confirmed,
            } => {
                let note = names.note(&key, &row::revision(record.revision));
                let keys = [both(&key), vec![note]].concat();
                let (expected, to) = (row::revision(expected), row::digest(&to));
                let mut arguments = vec![now, expected, to];
                arguments.extend([remembered, record.expires].map(row::moment));
                arguments.push(revision(confirmed));
                Step::Script(&scripts.commit, keys, arguments)
            }
            Ask::Abort { key, revision } => {
                let arguments = vec![now, row::revision(revision)];
                Step::Script(&scripts.abort, session(&key), arguments)
            }
            Ask::Committed { key, revision } => self.note("EXISTS", &key, revision),
            Ask::Settle { key, revision } => self.note("UNLINK", &key, revision),
            Ask::Sweep { key } => Step::Script(&scripts.sweep, session(&key), vec![now]),
            Ask::Devices { owner } => {
                let arguments = vec![now, row::owner(Some(owner))];
                Step::Script(&scripts.devices, self.index(owner), arguments)
            }
            Ask::Revoke { owner, which } => {
                let mut arguments = vec![now];
                arguments.extend(chosen(Which::Of(owner, which)));
                Step::Script(&scripts.revoke, self.index(owner), arguments)
            }
            Ask::List { owner, key, until } => {
                let arguments = vec![now, row::digest(&key), row::moment(until)];
                Step::Script(&scripts.list, self.index(owner), arguments)
            }
            Ask::Unlist { owner, keys } => {
                let mut arguments = vec![now];
                arguments.extend(keys.iter().map(row::digest));
                Step::Script(&scripts.unlist, self.index(owner), arguments)
            }
            Ask::Listed { owner } => Step::Script(&scripts.listed, self.index(owner), vec![now]),
        }
    }

    fn index(&self, owner: &str) -> Vec<Vec<u8>> {
        vec![self.names.index(&row::owner(Some(owner)))]
    }

    fn note(&self, command: &str, key: &Key, revision: Revision) -> Step<'_> {
        let note = self.names.note(key, &row::revision(revision));
        let mut command = cmd(command);
        command.arg(&note);
        Step::Command(note, command)
    }
}

/// Adds a record's seven arguments to what comes before them.
fn with<const N: usize>(record: &Record, before: [Vec<u8>; N]) -> Vec<Vec<u8>> {
    before.into_iter().chain(row::record(record)).collect()
}

/// Writes whose session is to be ended, which, and the handle.
fn chosen(which: Which<'_>) -> [Vec<u8>; 3] {
    let (owner, which, handle) = which.parts();
    let handle = handle.map_or_else(Vec::new, |handle| handle.as_bytes().to_vec());
    [row::owner(owner), which.into(), handle]
}

fn digest(key: Option<Key>) -> Vec<u8> {
    key.map_or_else(Vec::new, |key| row::digest(&key))
}

fn revision(revision: Option<Revision>) -> Vec<u8> {
    revision.map_or_else(Vec::new, row::revision)
}
