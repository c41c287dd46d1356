//! An owner's sessions: lists and revocations. PROTOCOL.md has the laws.

use futures_util::future::{join_all, try_join_all};
use session_core::{Device, Key, PublicId, Record, Revoke};

use super::call::Call;
use super::failure::Failure;
use super::owner_index::{BATCH, Place};
use super::row;
use super::slot_map::Address;

impl Call<'_> {
    /// Returns the owner's sessions that are neither over nor closed, the newest sign-in first.
    pub(super) async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        limit: usize,
    ) -> Result<Vec<Device>, Failure> {
        // A session's handle is its key.
        let from = from.and_then(|from| Key::from_bytes(from.as_bytes()));
        let mut place = from.map_or(Place::Top, Place::At);
        let mut devices = Vec::new();
        while devices.len() < limit {
            let count = (limit - devices.len()).min(BATCH);
            let page = match self.page(owner, &place, count).await {
                Err(failure) if failure.is_wrong_type() => {
                    tracing::warn!("an owner's index in Redis can't be read and is taken as empty");
                    break;
                }
                page => page?,
            };
            let mut found = self.owned(&page.keys, owner).await?;
            found.retain(|(_, record)| record.expires > self.now && !record.closed);
            if let Place::At(from) = &place
                && found.first().is_none_or(|(first, _)| first != from)
            {
                break;
            }
            devices.extend(found.iter().map(|(key, record)| record.device(key)));
            match page.next {
                Some(next) => place = next,
                None => break,
            }
        }
        Ok(devices)
    }

    /// Removes sessions that the owner's index lists, and returns how many of them were live.
    pub(super) async fn revoke(&self, owner: &str, which: Revoke<'_>) -> Result<usize, Failure> {
        let mut ending = Ending::of(owner, which);
        if let Revoke::One(ended) = which {
            let key = Key::from_bytes(ended.as_bytes());
            ending.end(self, key.as_slice()).await;
            return ending.result();
        }
        let mut place = Place::Top;
        loop {
            let step = self.step();
            let page = step.page(owner, &place, BATCH).await?;
            ending.end(&step, &page.keys).await;
            match page.next {
                Some(next) if !ending.has_nobody_to_ask() => place = next,
                _ => return ending.result(),
            }
        }
    }

    /// Says whether the index lacks a session that is kept although it is the owner's.
    pub(super) async fn is_incomplete(
        &self,
        owner: &str,
        which: Revoke<'_>,
    ) -> Result<bool, Failure> {
        let Revoke::AllBut(kept) = which else {
            return Ok(false);
        };
        let Some(kept) = Key::from_bytes(kept.as_bytes()) else {
            return Ok(false);
        };
        // In this order, because a session is listed before it exists.
        let exists = !self.owned(&[kept], owner).await?.is_empty();
        Ok(exists && !self.lists(owner, &kept).await?)
    }

    /// Reads those of the sessions that are the owner's, without their data.
    pub(super) async fn owned(
        &self,
        keys: &[Key],
        owner: &str,
    ) -> Result<Vec<(Key, Record)>, Failure> {
        let mut records = Vec::new();
        for keys in keys.chunks(BATCH) {
            let reads = keys.iter().map(|key| self.record_without_data(key));
            let found = keys.iter().zip(try_join_all(reads).await?);
            records.extend(found.filter_map(|(key, record)| Some((*key, record?))));
        }
        records.retain(|(_, record)| record.owner.as_deref() == Some(owner));
        Ok(records)
    }
}

/// A revocation, whose sessions are ended in batches.
///
/// A session or a server that fails does not stop the removal of the others.
pub(super) struct Ending<'a> {
    owner: &'a str,
    kept: Option<PublicId>,
    live: usize,
    failed: Option<Failure>,
    /// The nodes that failed, which are asked no more; each attempt may take the time-out.
    broken: Vec<Option<Address>>,
}

impl<'a> Ending<'a> {
    pub(super) fn of(owner: &'a str, which: Revoke<'_>) -> Self {
        Self {
            owner,
            kept: match which {
                Revoke::AllBut(kept) => Some(*kept),
                Revoke::All | Revoke::One(_) => None,
            },
            live: 0,
            failed: None,
            broken: Vec::new(),
        }
    }

    /// Removes those of the sessions that are the owner's and not kept.
    pub(super) async fn end(&mut self, call: &Call<'_>, keys: &[Key]) {
        let named = &row::owner(Some(self.owner));
        for keys in keys.chunks(BATCH) {
            let node = |key: &Key| call.servers.node(&call.names.session(key));
            let asked = keys.iter().filter(|key| {
                self.kept != Some(key.public_id()) && !self.broken.contains(&node(key))
            });
            let asked: Vec<_> = asked.collect();
            let answers = asked.iter().map(|key| call.end(key, b"owned", named));
            let answers = join_all(answers).await;
            let mut ended = Vec::new();
            for (key, answer) in asked.into_iter().zip(answers) {
                match answer {
                    Ok(Some(record)) => {
                        ended.push(*key);
                        self.live += usize::from(record.was_listed(call.now));
                    }
                    Ok(None) => {}
                    Err(failure) => {
                        if failure.is_fatal() {
                            self.broken.push(node(key));
                        }
                        self.failed = Some(failure);
                    }
                }
            }
            if !ended.is_empty() {
                // Listings that stay expire by themselves.
                let _ = call.unlist(self.owner, &ended).await;
            }
        }
    }

    /// Says whether the only server has failed.
    fn has_nobody_to_ask(&self) -> bool {
        self.broken.contains(&None)
    }

    /// Returns the number of live sessions that were removed, or the last failure.
    pub(super) fn result(self) -> Result<usize, Failure> {
        self.failed.map_or(Ok(self.live), Err)
    }
}
