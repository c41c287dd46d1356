//! Scans of every session: sweeps if clocks differ, and revocations if indexes may be incomplete.

use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use redis::{Value, cmd};
use session_core::{Key, Revoke};
use time::OffsetDateTime;

use super::failure::Failure;
use super::link::Link;
use super::owner::Ending;
use super::row;
use super::store::Redis;

/// The number of keys that a step of a scan looks at.
const COUNT: usize = 500;

/// The difference of clocks in seconds from which a sweep scans every session.
const TOLERANCE: i64 = 60;

/// The progress of a sweep through all servers; each batch goes on where the last one ended.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// The servers that are still to be scanned.
    links: Vec<Arc<Link>>,
    scan: Option<Scan>,
    /// Keys that were found and not yet looked at.
    keys: Vec<Key>,
}

impl Redis {
    /// Removes records that are over by the caller's clock, if that is ahead of the servers'.
    pub(super) async fn remove_expired(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<usize, Failure> {
        let mut progress = self.sweep.lock().await;
        // After an error, the next batch begins a new round.
        let mut sweep = std::mem::take(&mut *progress);
        let mut removed = self.go_on(&mut sweep, now, limit).await?;
        if removed < limit {
            // The last round is over; what has expired behind it is found by a whole one.
            sweep.links = self.servers.primaries(self.deadline()).await?;
            removed += self.go_on(&mut sweep, now, limit - removed).await?;
        }
        *progress = sweep;
        Ok(removed)
    }

    async fn go_on(
        &self,
        sweep: &mut Sweep,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<usize, Failure> {
        let (mut removed, moment) = (0, row::moment(now));
        while removed < limit && self.find(sweep, now).await? {
            let kept = sweep.keys.len().saturating_sub(limit - removed);
            let keys = sweep.keys.split_off(kept);
            let call = &self.call(now);
            let ends = keys.iter().map(|key| call.end(key, b"over", &moment));
            removed += try_join_all(ends).await?.into_iter().flatten().count();
        }
        Ok(removed)
    }

    /// Finds keys to look at; returns whether there are any left in this round.
    async fn find(&self, sweep: &mut Sweep, now: OffsetDateTime) -> Result<bool, Failure> {
        while sweep.keys.is_empty() {
            match &mut sweep.scan {
                Some(scan) => match scan.next(self).await? {
                    Some(keys) => sweep.keys = keys,
                    None => sweep.scan = None,
                },
                None => match sweep.links.pop() {
                    Some(link) if self.is_behind(&link, now).await? => {
                        sweep.scan = Some(Scan::of(link));
                    }
                    Some(_) => {}
                    None => return Ok(false),
                },
            }
        }
        Ok(true)
    }

    /// Removes an owner's sessions without the index.
    ///
    /// A server that fails does not stop the removal on the others.
    pub(super) async fn revoke_unlisted(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, Failure> {
        let links = self.servers.primaries(self.deadline()).await?;
        let scans = links.into_iter().map(async |link| {
            let (mut scan, mut ending) = (Scan::of(link), Ending::of(owner, which));
            while let Some(keys) = scan.next(self).await? {
                let call = self.call(now);
                let theirs = call.owned(&keys, owner).await?;
                let theirs: Vec<_> = theirs.into_iter().map(|(key, _)| key).collect();
                ending.end(&call, &theirs).await;
            }
            ending.result()
        });
        join_all(scans).await.into_iter().sum()
    }

    /// Says whether a server's clock is so far behind that records over by `now` are not freed.
    async fn is_behind(&self, link: &Arc<Link>, now: OffsetDateTime) -> Result<bool, Failure> {
        let answer = match link.ask(&cmd("TIME"), self.deadline()).await {
            Ok(answer) => answer,
            // The user must not ask. Redis frees by its own clock, which is late at worst.
            Err(failure) if failure.is_refusal() => return Ok(false),
            Err(failure) => return Err(failure),
        };
        let (seconds, _): (i64, i64) =
            redis::from_redis_value(answer).map_err(|_| Failure::senseless(&link.endpoint()))?;
        Ok(now.unix_timestamp() > seconds + TOLERANCE)
    }
}

/// A scan of one server's sessions; it returns every session that exists throughout.
#[derive(Debug)]
struct Scan {
    link: Arc<Link>,
    cursor: Option<Vec<u8>>,
}

impl Scan {
    fn of(link: Arc<Link>) -> Self {
        let cursor = Some(b"0".to_vec());
        Self { link, cursor }
    }

    /// Returns the next keys, perhaps none; `None` at the end.
    async fn next(&mut self, store: &Redis) -> Result<Option<Vec<Key>>, Failure> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let names = &store.names;
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(names.pattern());
        scan.arg("COUNT").arg(COUNT);
        let answer: Value = self.link.ask(&scan, store.deadline()).await?;
        let (next, found): (Vec<u8>, Vec<Vec<u8>>) = redis::from_redis_value(answer)
            .map_err(|_| Failure::senseless(&self.link.endpoint()))?;
        self.cursor = (next != b"0").then_some(next);
        Ok(Some(
            found.iter().filter_map(|name| names.key(name)).collect(),
        ))
    }
}
