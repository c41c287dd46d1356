use session_core::{Command, Key, Moment, Only, Outcome, Record, StoreError};

use super::course::{InNew, InOld, Place};
use super::{Mode, Moving};

impl Moving {
    /// Loads from `new`, then from `old`, and then, if it is there no more, from `new`. In the first step, in which nearly
    /// all are in `old`, it begins there: a session goes from `old` to `new`, so it is not missed.
    pub(super) async fn find(&self, key: &Key, now: Moment) -> Result<Option<Record>, StoreError> {
        if self.mode == Mode::Moving
            && let InNew::Session(session) = self.in_new(key, now).await?
        {
            return Ok(Some(session));
        }
        let claimed = match self.in_old(key, now).await? {
            InOld::Session(session) => return Ok(Some(session)),
            InOld::Claimed(claimed) => Some(claimed),
            InOld::Nothing => None,
        };
        match (self.in_new(key, now).await?, claimed) {
            (InNew::Session(session), _) => Ok(Some(session)),
            (InNew::Placeholder(held), Some(claimed)) if held.revision == claimed.link => {
                match self.finish(key, &claimed, now).await? {
                    Place::Moved => Ok(Some(claimed.record)),
                    _ => match self.in_new(key, now).await? {
                        InNew::Session(session) => Ok(Some(session)),
                        _ => Ok(None),
                    },
                }
            }
            _ => Ok(None),
        }
    }

    /// Begins a session; its key is taken if the other store has it.
    pub(super) async fn begin(
        &self,
        command: Command<'_>,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        let key = command.key();
        let (is_free, store) = match self.mode {
            Mode::Preparing => {
                let found = self.in_new(key, now).await?;
                (!matches!(found, InNew::Session(_)), &self.old)
            }
            Mode::Moving => {
                let found = self.in_old(key, now).await?;
                (matches!(found, InOld::Nothing), &self.new)
            }
        };
        if !is_free {
            return Ok(Outcome::Refused);
        }
        store.write(command, now).await
    }

    /// Carries out a replacement or a touch where the session is; that may be in `new`, after this.
    pub(super) async fn change(
        &self,
        command: Command<'_>,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        if self.mode == Mode::Preparing {
            return self.change_in_old(command, now).await;
        }
        if self.new.write(command, now).await? == Outcome::Applied {
            return Ok(Outcome::Applied);
        }
        let ends = matches!(command, Command::Replace { record, .. } if record.expires <= now);
        if ends {
            return self.change_in_old(command, now).await;
        }
        match self.carry(command.key(), now).await {
            Ok(Place::Old) => self.change_in_old(command, now).await,
            Ok(_) => self.new.write(command, now).await,
            // Perhaps `new` can't keep it; then it stays in `old`, and is written there.
            Err(error) => match self.change_in_old(command, now).await? {
                Outcome::Applied => Ok(Outcome::Applied),
                Outcome::Refused => Err(error),
            },
        }
    }

    async fn change_in_old(
        &self,
        command: Command<'_>,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        let key = command.key();
        if self.old.write(command, now).await? == Outcome::Refused {
            if let InOld::Claimed(claimed) = self.in_old(key, now).await? {
                self.finish(key, &claimed, now).await?;
            }
            // It may have been moved since we looked there.
            return self.new.write(command, now).await;
        }
        match command {
            Command::Touch { .. } => {
                // Who moves it may have read it before the touch, and has put a placeholder before that.
                let is_free = matches!(self.in_new(key, now).await?, InNew::Nothing);
                if !is_free && self.carry(key, now).await? != Place::Old {
                    return self.new.write(command, now).await;
                }
            }
            // What was removed is claimed by nobody.
            Command::Replace { record, .. } if record.expires <= now => {
                if let InNew::Placeholder(held) = self.in_new(key, now).await? {
                    self.drop_placeholder(key, &held, now).await?;
                }
            }
            _ => {}
        }
        Ok(Outcome::Applied)
    }

    /// Ends a session, in `old` first: what is claimed afterwards is not there.
    pub(super) async fn end(
        &self,
        key: &Key,
        only: Only<'_>,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        let delete = Command::Delete { key, only };
        self.old.write(delete, now).await?;
        self.new.write(delete, now).await?;
        if let Only::Always = only {
            return Ok(Outcome::Applied);
        }
        // A placeholder has no secret and a later end; it stands for what we have removed from `old`, or did then.
        let stays = match self.in_new(key, now).await? {
            InNew::Nothing => false,
            InNew::Session(_) => true,
            InNew::Placeholder(held) => {
                let is_gone = matches!(self.in_old(key, now).await?, InOld::Nothing);
                is_gone && !self.drop_placeholder(key, &held, now).await?
            }
        };
        if stays {
            self.new.write(delete, now).await?;
        }
        Ok(Outcome::Applied)
    }
}
