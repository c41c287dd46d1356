use std::pin::pin;

use futures_util::stream::{self, StreamExt as _};
use session_core::{Cursor, Key, Moment, StoreError};

use super::Moving;
use super::course::{InOld, Place};
use super::form::Claimed;

/// What [`Moving::move_batch`](super::Moving::move_batch) has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Moved {
    /// How many sessions are in `new` by this call.
    pub moved: usize,
    /// How many it has met in `old` that have to be moved, by whomever: if a whole pass meets none, `old` has none.
    pub met: usize,
    /// How many of those stay: `new` can't keep them, or has them already, or `old` can't read them.
    pub kept: usize,
    /// Why the last of those stays.
    pub trouble: Option<StoreError>,
    /// Where the next batch begins; `None` at the end of the pass.
    pub next: Option<Cursor>,
}

impl Moving {
    /// Moves the sessions that a batch of `old` has.
    pub(super) async fn move_some(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Moved, StoreError> {
        let batch = self.old.walk(from, limit, now).await?;
        let mut moved = Moved {
            met: batch.unreadable,
            kept: batch.unreadable,
            next: batch.next,
            ..Moved::default()
        };
        let sessions = batch.sessions.into_iter().filter_map(|(key, record)| {
            let claimed = Claimed::read(&record);
            let stays = record.expires <= now || (record.closed && claimed.is_none());
            (!stays).then_some((key, claimed))
        });
        // Each is one of many to its stores, and waits for several of their answers.
        let places = stream::iter(sessions)
            .map(|(key, claimed)| async move {
                match claimed {
                    Some(claimed) => self.finish(&key, &claimed, now).await,
                    None => self.carry_alone(&key, now).await,
                }
            })
            .buffer_unordered(AT_ONCE);
        let mut places = pin!(places);
        while let Some(place) = places.next().await {
            moved.met += 1;
            match place {
                Ok(Place::Moved) => moved.moved += 1,
                Ok(_) => {}
                Err(error) => {
                    // Is it the session, or a store?
                    self.both_work().await?;
                    moved.kept += 1;
                    moved.trouble = Some(error);
                }
            }
        }
        Ok(moved)
    }

    /// Moves a session; an error if it is in both stores, which no mover makes of one.
    async fn carry_alone(&self, key: &Key, now: Moment) -> Result<Place, StoreError> {
        let place = self.carry(key, now).await?;
        if place == Place::New
            && let InOld::Session(_) = self.in_old(key, now).await?
        {
            return Err(StoreError::new(
                "a session is in both stores: they are one, or a failover has brought back an earlier state of the old one",
            ));
        }
        Ok(place)
    }

    pub(super) async fn both_work(&self) -> Result<(), StoreError> {
        self.old.check().await?;
        self.new.check().await
    }
}

/// How many sessions move at a time.
const AT_ONCE: usize = 16;
