use session_core::{Digest, IdForm, Key, Moment, PublicId, Record, Store};

use crate::filter::Conditions;
use crate::found::Found;
use crate::progress::Progress;
use crate::state::State;
use crate::trouble::Trouble;
use crate::walk::{Walk, now};

/// The sessions that meet conditions, a batch in memory at a time.
///
/// Those of an owner come from the owner's index and one comes by its key; all others by a walk through everything, as
/// do those of a store whose keys are whole ids.
pub(crate) struct Selection<'a> {
    store: &'a dyn Store,
    conditions: &'a Conditions,
    /// Whether those that are over, or that a sign-in has left, belong to it.
    over: bool,
    now: Moment,
    source: Source<'a>,
    /// How many were looked at, if that is shown.
    progress: Option<Progress>,
}

enum Source<'a> {
    Key(Key),
    Owner(&'a str, Option<PublicId>),
    Walk(Walk<'a>),
    End,
}

impl<'a> Selection<'a> {
    pub(crate) fn of(store: &'a dyn Store, conditions: &'a Conditions, over: bool) -> Self {
        let keys_are_handles = store.id_form() == IdForm::Hashed;
        let key = conditions.handle.filter(|_| keys_are_handles);
        let key = key.and_then(|handle| Key::from_bytes(handle.as_bytes()));
        let owner = conditions.owner.as_deref();
        // A list of an owner's shows no tags, and those that live alone.
        let owner = owner.filter(|_| keys_are_handles && conditions.tag.is_none() && !over);
        let source = match (key, owner) {
            (Some(key), _) => Source::Key(key),
            (None, Some(owner)) => Source::Owner(owner, None),
            (None, None) => Source::Walk(Walk::of(store)),
        };
        Self {
            store,
            conditions,
            over,
            now: now(),
            source,
            progress: None,
        }
    }

    /// Shows how many sessions were looked at, and of how many if that is all.
    pub(crate) async fn showing(mut self, doing: &'static str) -> Self {
        self.progress = Some(match self.source {
            Source::Walk(_) => Progress::through(self.store, doing).await,
            _ => Progress::of(doing),
        });
        self
    }

    /// Returns the next sessions, perhaps none; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Found>>, Trouble> {
        let looked_at = |count| {
            if let Some(progress) = &self.progress {
                progress.add(count);
            }
        };
        match &mut self.source {
            Source::End => Ok(None),
            Source::Key(key) => {
                let key = *key;
                self.source = Source::End;
                let record = load(self.store, &key, self.now).await?;
                let found = record.filter(|record| self.includes(&key, record));
                Ok(Some(
                    found.iter().map(|record| Found::of(&key, record)).collect(),
                ))
            }
            Source::Owner(owner, after) => {
                let from = *after;
                let devices = self
                    .store
                    .devices(owner, from.as_ref(), self.now, PAGE + 1)
                    .await?;
                // The session that this page begins with has ended, and with it the place in the list.
                if from.is_some() && devices.is_empty() {
                    let text = "the list changed while it was read: run it again";
                    return Err(Trouble::Undone(text.into()));
                }
                looked_at(devices.len().min(PAGE));
                let next = devices.get(PAGE).map(|device| device.public_id);
                let owner = *owner;
                self.source = next.map_or(Source::End, |next| Source::Owner(owner, Some(next)));
                let page = devices.iter().take(PAGE);
                let found = page.filter_map(|device| Found::of_device(device, owner));
                let old = found.filter(|found| self.conditions.is_old(found.seen, self.now));
                Ok(Some(old.collect()))
            }
            Source::Walk(walk) => {
                let Some(sessions) = walk.next().await? else {
                    return Ok(None);
                };
                looked_at(sessions.len());
                let meant = sessions
                    .iter()
                    .filter(|(key, record)| self.includes(key, record));
                Ok(Some(
                    meant.map(|(key, record)| Found::of(key, record)).collect(),
                ))
            }
        }
    }

    fn includes(&self, key: &Key, record: &Record) -> bool {
        let is_live = State::of(record, self.now) == State::Live;
        (self.over || is_live) && self.conditions.hold(key, record, self.now)
    }
}

/// Reads a record by its key, whatever its secret.
pub(crate) async fn load(
    store: &dyn Store,
    key: &Key,
    now: Moment,
) -> Result<Option<Record>, Trouble> {
    // No store of this command's is a copy, which alone would look at it.
    let Some(any) = Digest::from_bytes(&[0; 16]) else {
        return Ok(None);
    };
    Ok(store.load(key, &any, now).await?)
}

const PAGE: usize = 200;

#[cfg(test)]
mod tests {
    use session_core::{Command, Only};
    use session_testkit::{ModelStore, changed, key_of, record_of};

    use super::*;

    #[tokio::test]
    async fn a_page_whose_beginning_has_ended_is_told_and_ends_no_list_early() {
        let store = ModelStore::new();
        let now = now();
        for number in 0..=2 * PAGE {
            let key = &key_of(number as u64);
            let record = &changed!(
                record_of(1),
                owner = Some("ada".into()),
                expires = now + time::Duration::DAY
            );
            let insert = Command::Insert { key, record };
            store.write(insert, now).await.unwrap();
        }
        let conditions = Conditions {
            owner: Some("ada".into()),
            ..Conditions::default()
        };
        let (mut whole, mut pages) = (Selection::of(&store, &conditions, false), Vec::new());
        while let Some(page) = whole.next().await.unwrap() {
            pages.push(page);
        }
        let lengths: Vec<_> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, [PAGE, PAGE, 1]);

        let mut selection = Selection::of(&store, &conditions, false);
        assert!(selection.next().await.unwrap().is_some());
        let delete = Command::Delete {
            key: &pages[1][0].key,
            only: Only::Always,
        };
        store.write(delete, now).await.unwrap();
        let told = selection.next().await.unwrap_err().to_string();
        assert!(told.contains("run it again"), "{told}");
    }
}
