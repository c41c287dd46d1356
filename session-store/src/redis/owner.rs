//! An owner's sessions, and those with a tag: lists and revocations. PROTOCOL.md has the laws.

use futures_util::future::{join_all, try_join_all};
use session_core::{Device, Key, PublicId, Record, Revoke, Whose};

use super::call::Call;
use super::failure::Failure;
use super::owner_index::{BATCH, Name, Place};
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
            let page = match self.page(Name::Owner(owner), &place, count).await {
                Err(failure) if failure.is_wrong_type() => {
                    tracing::warn!("an owner's index in Redis can't be read and is taken as empty");
                    break;
                }
                page => page?,
            };
            let mut found = self
                .those(&page.keys, Whose::Owner(owner, Revoke::All))
                .await?;
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

    /// Removes sessions that the index of an owner or a tag lists, and returns how many of them were live.
    pub(super) async fn revoke(&self, whose: Whose<'_>) -> Result<usize, Failure> {
        let mut ending = Ending::of(whose);
        let name = match whose {
            Whose::Owner(owner, _) => Name::Owner(owner),
            Whose::Tag(tag) => Name::Tag(tag),
            // They have no index.
            Whose::Everybody => return Ok(0),
        };
        if let Whose::Owner(_, Revoke::One(ended)) = whose {
            let key = Key::from_bytes(ended.as_bytes());
            ending.end(self, key.as_slice()).await;
            return ending.result();
        }
        let mut place = Place::Top;
        loop {
            let step = self.step();
            let page = step.page(name, &place, BATCH).await?;
            match name {
                Name::Owner(_) => ending.end(&step, &page.keys).await,
                Name::Tag(_) => ending.end_those(&step, &page.keys).await,
            }
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
        let theirs = self.those(&[kept], Whose::Owner(owner, which)).await?;
        Ok(!theirs.is_empty() && !self.lists(owner, &kept).await?)
    }

    /// Reads those of the sessions that are the owner's or have the tag, without their data.
    pub(super) async fn those(
        &self,
        keys: &[Key],
        whose: Whose<'_>,
    ) -> Result<Vec<(Key, Record)>, Failure> {
        let mut records = Vec::new();
        for keys in keys.chunks(BATCH) {
            let reads = keys.iter().map(|key| self.record_without_data(key));
            let found = keys.iter().zip(try_join_all(reads).await?);
            records.extend(found.filter_map(|(key, record)| Some((*key, record?))));
        }
        records.retain(|(_, record)| match whose {
            Whose::Owner(owner, _) => record.owner.as_deref() == Some(owner),
            Whose::Tag(tag) => record.tag.as_deref() == Some(tag),
            Whose::Everybody => true,
        });
        Ok(records)
    }
}

/// A revocation, whose sessions are ended in batches.
///
/// A session or a server that fails does not stop the removal of the others.
pub(super) struct Ending<'a> {
    whose: Whose<'a>,
    kept: Option<PublicId>,
    live: usize,
    failed: Option<Failure>,
    /// The nodes that failed, which are asked no more; each attempt may take the time-out.
    broken: Vec<Option<Address>>,
}

impl<'a> Ending<'a> {
    pub(super) fn of(whose: Whose<'a>) -> Self {
        Self {
            whose,
            kept: match whose {
                Whose::Owner(_, Revoke::AllBut(kept)) => Some(*kept),
                _ => None,
            },
            live: 0,
            failed: None,
            broken: Vec::new(),
        }
    }

    /// Removes those of the sessions that are meant, which it reads first; all that there are need no look.
    pub(super) async fn end_those(&mut self, call: &Call<'_>, keys: &[Key]) {
        if self.whose == Whose::Everybody {
            return self.end(call, keys).await;
        }
        for keys in keys.chunks(BATCH) {
            let asked = self.asked(call, keys);
            let step = call.step();
            let reads = asked.iter().map(|key| step.record_without_data(key));
            let reads = join_all(reads).await;
            let mut those = Vec::new();
            for (key, read) in asked.iter().zip(reads) {
                match read {
                    Ok(Some(record)) if self.whose.includes(key, &record) => those.push(*key),
                    Ok(_) => {}
                    Err(failure) => self.fail(node(call, key), failure),
                }
            }
            // One node may have used up the time that the others' sessions need.
            self.end(&call.step(), &those).await;
        }
    }

    /// Removes those of the sessions that are the owner's and not kept; of a tag, which a session keeps for life, or of
    /// everybody all of them.
    pub(super) async fn end(&mut self, call: &Call<'_>, keys: &[Key]) {
        let (condition, named): (&[u8], _) = match self.whose {
            Whose::Owner(owner, _) => (b"owned", row::owner(Some(owner))),
            Whose::Tag(_) | Whose::Everybody => (b"always", Vec::new()),
        };
        for keys in keys.chunks(BATCH) {
            let asked = self.asked(call, keys);
            let answers = asked.iter().map(|key| call.end(key, condition, &named));
            let answers = join_all(answers).await;
            let mut ended = Vec::new();
            for (key, answer) in asked.into_iter().zip(answers) {
                match answer {
                    Ok(Some(record)) => {
                        ended.push(key);
                        self.live += usize::from(record.was_listed(call.now));
                    }
                    Ok(None) => {}
                    Err(failure) => self.fail(node(call, &key), failure),
                }
            }
            if !ended.is_empty() {
                // Listings that stay expire by themselves.
                if let Whose::Owner(owner, _) = self.whose {
                    let _ = call.unlist(owner, &ended).await;
                }
            }
        }
    }

    /// Returns the sessions that are not kept and whose nodes have not failed.
    fn asked(&self, call: &Call<'_>, keys: &[Key]) -> Vec<Key> {
        let asked = keys.iter().filter(|key| {
            self.kept != Some(key.public_id()) && !self.broken.contains(&node(call, key))
        });
        asked.copied().collect()
    }

    fn fail(&mut self, node: Option<Address>, failure: Failure) {
        if failure.is_fatal() {
            self.broken.push(node);
        }
        self.failed = Some(failure);
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

/// Returns the node of a cluster that has the session.
fn node(call: &Call<'_>, key: &Key) -> Option<Address> {
    call.servers.node(&call.names.session(key))
}
