//! An owner's sessions. Their index has a slot of its own. PROTOCOL.md has the laws.

use std::cmp::Reverse;

use futures_util::future::{join_all, try_join_all};
use redis::{Value, cmd};
use session_core::{Device, Key, PublicId, Revoke};
use time::OffsetDateTime;

use super::call::Call;
use super::failure::Failure;
use super::row::{self, HEAD, Head};

/// The number of sessions that are read at a time.
pub(super) const BATCH: usize = 500;

impl Call<'_> {
    /// Lists a session in the owner's index, and returns the end of the listing.
    ///
    /// The listing outlives the session by half of its remaining life, so that few touches list
    /// again.
    pub(super) async fn list(
        &self,
        owner: &str,
        key: &Key,
        expires: OffsetDateTime,
    ) -> Result<OffsetDateTime, Failure> {
        let until = expires
            .saturating_add((expires - self.now) / 2)
            .max(expires);
        let arguments = [key.as_bytes(), &*row::moment(until)];
        let index = self.index(owner);
        self.script(&self.scripts.list, &index, &arguments).await?;
        Ok(until)
    }

    /// Removes the listings of removed sessions from the owner's index.
    pub(super) async fn unlist(&self, owner: &str, keys: &[Key]) -> Result<(), Failure> {
        let index = self.index(owner);
        let mut remove = cmd("ZREM");
        remove.arg(&index);
        for key in keys {
            remove.arg(key.as_bytes());
        }
        self.command(&index, &remove).await.map(drop)
    }

    /// Returns the owner's sessions that are neither over nor closed, the newest sign-in first.
    pub(super) async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        limit: usize,
    ) -> Result<Vec<Device>, Failure> {
        let keys = self.listed(owner).await?;
        let mut found = self.owned(&keys, owner).await?;
        found.retain(|(_, head)| head.expires > self.now && !head.closed);
        found.sort_by_key(|(key, head)| Reverse((head.created, *key)));
        let first = from.map_or(Some(0), |from| {
            let mut keys = found.iter().map(|(key, _)| key.public_id());
            keys.position(|public_id| public_id == *from)
        });
        let page = found.iter().skip(first.unwrap_or(found.len())).take(limit);
        let reads = page.map(|(key, _)| async move {
            let record = self.read(key, None, row::read).await?;
            Ok::<_, Failure>(record.map(|record| record.device(key)))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    /// Removes those sessions that are the owner's, and returns how many of them were listed.
    ///
    /// An error for one session does not stop the removal of the others.
    pub(super) async fn revoke(&self, owner: &str, keys: &[Key]) -> Result<usize, Failure> {
        let (mut live, mut ended, mut failed) = (0, Vec::new(), None);
        let named = &row::owner(Some(owner));
        for keys in keys.chunks(BATCH) {
            let answers = keys.iter().map(|key| self.end(key, b"owned", named));
            for (key, answer) in keys.iter().zip(join_all(answers).await) {
                match answer {
                    Ok(Some(record)) => {
                        ended.push(*key);
                        live += usize::from(record.was_listed(self.now));
                    }
                    Ok(None) => {}
                    Err(failure) => failed = Some(failure),
                }
            }
        }
        if !ended.is_empty() {
            // Listings that stay expire by themselves.
            let _ = self.unlist(owner, &ended).await;
        }
        failed.map_or(Ok(live), Err)
    }

    /// Returns the keys that may belong to the sessions to revoke.
    pub(super) async fn chosen(&self, owner: &str, which: Revoke<'_>) -> Result<Vec<Key>, Failure> {
        let mut keys = match which {
            // A session's handle is its key.
            Revoke::One(ended) => Key::from_bytes(ended.as_bytes()).into_iter().collect(),
            Revoke::All | Revoke::AllBut(_) => self.listed(owner).await?,
        };
        if let Revoke::AllBut(kept) = which {
            keys.retain(|key| key.public_id() != *kept);
        }
        Ok(keys)
    }

    /// Reads the heads of those of the sessions that are the owner's.
    pub(super) async fn owned(
        &self,
        keys: &[Key],
        owner: &str,
    ) -> Result<Vec<(Key, Head)>, Failure> {
        let owner = &row::owner(Some(owner));
        let mut heads = Vec::new();
        for keys in keys.chunks(BATCH) {
            let reads = keys.iter().map(|key| {
                let read = |part: &[u8]| Some(Head::read(part)?.of(part, owner));
                self.read(key, Some(HEAD + owner.len()), read)
            });
            let found = keys.iter().zip(try_join_all(reads).await?);
            heads.extend(found.filter_map(|(key, head)| Some((*key, head??))));
        }
        Ok(heads)
    }

    async fn listed(&self, owner: &str) -> Result<Vec<Key>, Failure> {
        let index = self.index(owner);
        let range = cmd("ZRANGE").arg(&index).arg(0).arg(-1).take();
        let (Value::Array(members), _) = self.command(&index, &range).await? else {
            return Err(Failure::senseless(&self.servers.to_string()));
        };
        let keys = members.iter().filter_map(|member| match member {
            Value::BulkString(bytes) => Key::from_bytes(bytes),
            _ => None,
        });
        Ok(keys.collect())
    }

    fn index(&self, owner: &str) -> Vec<u8> {
        self.names.index(&row::owner(Some(owner)))
    }
}
