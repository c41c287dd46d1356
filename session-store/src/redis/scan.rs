//! What looks at every session: sweeps where clocks differ, and revocations where indexes may be gone.

use futures_util::future::try_join_all;
use redis::{Value, cmd};
use session_core::{Key, Revoke};
use time::OffsetDateTime;

use super::RedisStore;
use super::failure::Failure;
use super::link::Link;
use super::owner_index::BATCH;
use super::row;

/// How many seconds clocks may differ before a sweep looks at every session.
const TOLERANCE: i64 = 60;

impl RedisStore {
    /// Removes what is over by the caller's clock, if that is ahead of the servers'.
    pub(super) async fn remove_expired(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<usize, Failure> {
        let (mut removed, moment) = (0, row::moment(now));
        for link in self.0.servers.primaries(self.deadline()).await? {
            if !self.is_behind(&link, now).await? {
                continue;
            }
            let mut scan = Scan::new();
            while let Some(keys) = scan.next(self, &link).await? {
                let mut rest = &*keys;
                while !rest.is_empty() {
                    if removed == limit {
                        return Ok(removed);
                    }
                    let (some, others) = rest.split_at(rest.len().min(limit - removed));
                    let call = &self.call(now);
                    let ends = some.iter().map(|key| call.end(key, b"over", &moment));
                    removed += try_join_all(ends).await?.into_iter().flatten().count();
                    rest = others;
                }
            }
        }
        Ok(removed)
    }

    /// Removes an owner's sessions wherever they are, whether an index lists them or not.
    pub(super) async fn revoke_unlisted(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, Failure> {
        let mut revoked = 0;
        for link in self.0.servers.primaries(self.deadline()).await? {
            let mut scan = Scan::new();
            while let Some(mut keys) = scan.next(self, &link).await? {
                if let Revoke::AllBut(kept) = which {
                    keys.retain(|key| key.public_id() != *kept);
                }
                let call = self.call(now);
                let theirs = call.owned(&keys, owner).await?;
                let theirs: Vec<_> = theirs.into_iter().map(|(key, _)| key).collect();
                revoked += call.revoke(owner, &theirs).await?;
            }
        }
        Ok(revoked)
    }

    /// Says whether a server has not yet freed what is over by the caller's clock.
    async fn is_behind(&self, link: &Link, now: OffsetDateTime) -> Result<bool, Failure> {
        let answer = link.ask(&cmd("TIME"), self.deadline()).await?;
        let (seconds, _): (i64, i64) =
            redis::from_redis_value(answer).map_err(|_| Failure::senseless(&link.endpoint()))?;
        Ok(now.unix_timestamp() > seconds + TOLERANCE)
    }
}

/// A walk through the sessions of one server; what is there all the while is met at least once.
struct Scan {
    cursor: Option<Vec<u8>>,
}

impl Scan {
    fn new() -> Self {
        Self {
            cursor: Some(b"0".to_vec()),
        }
    }

    /// Returns some more keys, perhaps not one; `None` at the end.
    async fn next(&mut self, store: &RedisStore, link: &Link) -> Result<Option<Vec<Key>>, Failure> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let names = &store.0.names;
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(names.pattern());
        scan.arg("COUNT").arg(BATCH);
        let answer: Value = link.ask(&scan, store.deadline()).await?;
        let (next, found): (Vec<u8>, Vec<Vec<u8>>) =
            redis::from_redis_value(answer).map_err(|_| Failure::senseless(&link.endpoint()))?;
        self.cursor = (next != b"0").then_some(next);
        Ok(Some(
            found.iter().filter_map(|name| names.key(name)).collect(),
        ))
    }
}
