//! Scans of every session: sweeps if clocks differ, and revocations if indexes may be evicted.

use futures_util::future::try_join_all;
use redis::{Value, cmd};
use session_core::{Key, Revoke};
use time::OffsetDateTime;

use super::RedisStore;
use super::failure::Failure;
use super::link::Link;
use super::owner_index::BATCH;
use super::row;

/// The difference of clocks in seconds from which a sweep scans every session.
const TOLERANCE: i64 = 60;

impl RedisStore {
    /// Removes records that are over by the caller's clock, if that is ahead of the servers'.
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

    /// Removes an owner's sessions without the index.
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

    /// Says whether a server's clock is so far behind that records over by `now` are not freed.
    async fn is_behind(&self, link: &Link, now: OffsetDateTime) -> Result<bool, Failure> {
        let answer = link.ask(&cmd("TIME"), self.deadline()).await?;
        let (seconds, _): (i64, i64) =
            redis::from_redis_value(answer).map_err(|_| Failure::senseless(&link.endpoint()))?;
        Ok(now.unix_timestamp() > seconds + TOLERANCE)
    }
}

/// A scan of one server's sessions; it returns every session that exists throughout.
struct Scan {
    cursor: Option<Vec<u8>>,
}

impl Scan {
    fn new() -> Self {
        Self {
            cursor: Some(b"0".to_vec()),
        }
    }

    /// Returns the next keys, perhaps none; `None` at the end.
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
