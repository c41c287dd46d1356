//! Scans of every session: sweeps if clocks differ, and revocations if indexes may be incomplete.

use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use redis::{Value, cmd};
use session_core::{Batch, Cursor, Key, Moment, Whose, from_micros, to_micros};

use super::call::Look;
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
    pub(super) async fn remove_expired(&self, now: Moment, limit: usize) -> Result<usize, Failure> {
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

    async fn go_on(&self, sweep: &mut Sweep, now: Moment, limit: usize) -> Result<usize, Failure> {
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
    async fn find(&self, sweep: &mut Sweep, now: Moment) -> Result<bool, Failure> {
        while sweep.keys.is_empty() {
            match &mut sweep.scan {
                Some(scan) => match scan.next(self, COUNT).await? {
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

    /// Removes sessions without the index.
    ///
    /// A server that fails does not stop the removal on the others.
    pub(super) async fn revoke_unlisted(
        &self,
        whose: Whose<'_>,
        now: Moment,
    ) -> Result<usize, Failure> {
        let links = self.servers.primaries(self.deadline()).await?;
        let scans = links.into_iter().map(async |link| {
            let (mut scan, mut ending) = (Scan::of(link), Ending::of(whose));
            while let Some(keys) = scan.next(self, COUNT).await? {
                let call = self.call(now);
                ending.end_those(&call, &keys).await;
            }
            ending.result()
        });
        join_all(scans).await.into_iter().sum()
    }

    /// Returns the sessions of a step through one server after the other, in the order of their addresses.
    pub(super) async fn batch(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Batch, Failure> {
        let mut links = self.servers.primaries(self.deadline()).await?;
        links.sort_by_key(|link| link.endpoint());
        let (cursor, endpoint) = match place(from) {
            Some((cursor, endpoint)) if links.iter().any(|link| link.endpoint() == endpoint) => {
                (cursor, endpoint)
            }
            // A place on one server is none on another, and the rest of that one's sessions would be passed over.
            Some((_, endpoint)) => {
                let why = "it is no longer a primary; begin the walk anew";
                return Err(Failure::because(endpoint, why));
            }
            None => (&b"0"[..], ""),
        };
        let mut links = links
            .into_iter()
            .skip_while(|link| *link.endpoint() < *endpoint);
        let Some(link) = links.next() else {
            return Ok(Batch::default());
        };
        let mut scan = Scan::of(link);
        scan.cursor = Some(cursor.to_vec());
        let keys = scan.next(self, limit.max(1)).await?.unwrap_or_default();
        let call = self.call(now);
        let mut batch = Batch::default();
        for keys in keys.chunks(COUNT) {
            let step = call.step();
            let found = try_join_all(keys.iter().map(|key| step.look(key))).await?;
            for (key, look) in keys.iter().zip(found) {
                match look {
                    Look::Is(record) => batch.sessions.push((*key, *record)),
                    Look::Unreadable => batch.unreadable += 1,
                    Look::Nothing => {}
                }
            }
        }
        let here = scan.cursor.map(|cursor| (cursor, scan.link.endpoint()));
        let next = here.or_else(|| links.next().map(|link| (b"0".to_vec(), link.endpoint())));
        batch.next = next.map(|(cursor, endpoint)| {
            Cursor::from_bytes(&[&cursor, &b" "[..], endpoint.as_bytes()].concat())
        });
        Ok(batch)
    }

    /// Says whether a server's clock is so far behind that records over by `now` are not freed.
    async fn is_behind(&self, link: &Arc<Link>, now: Moment) -> Result<bool, Failure> {
        // If the user must not ask: Redis frees by its own clock, which is late at worst.
        let theirs = self.time_of(link).await?;
        Ok(theirs.is_some_and(|(seconds, _)| {
            to_micros(now).div_euclid(1_000_000) > seconds.saturating_add(TOLERANCE)
        }))
    }

    /// Returns the time by a server's clock, of a cluster by one server's; `None` if the user must not ask.
    pub(super) async fn time(&self) -> Result<Option<Moment>, Failure> {
        let links = self.servers.primaries(self.deadline()).await?;
        let Some(link) = links.first() else {
            return Ok(None);
        };
        let theirs = self.time_of(link).await?;
        Ok(theirs.and_then(|(seconds, micros)| {
            from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
        }))
    }

    /// Returns seconds and microseconds of a server's clock.
    async fn time_of(&self, link: &Arc<Link>) -> Result<Option<(i64, i64)>, Failure> {
        let answer = match link.ask(&cmd("TIME"), self.deadline()).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_refusal() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let time = redis::from_redis_value(answer);
        time.map(Some)
            .map_err(|_| Failure::senseless(&link.endpoint()))
    }
}

/// Returns the place on a server, and the server's address; `None` at the start.
fn place(cursor: &Cursor) -> Option<(&[u8], &str)> {
    let bytes = cursor.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b' ')?;
    let endpoint = str::from_utf8(&bytes[end + 1..]).unwrap_or_default();
    Some((&bytes[..end], endpoint))
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
    async fn next(&mut self, store: &Redis, count: usize) -> Result<Option<Vec<Key>>, Failure> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let names = &store.names;
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(names.pattern());
        scan.arg("COUNT").arg(count);
        let answer: Value = self.link.ask(&scan, store.deadline()).await?;
        let (next, found): (Vec<u8>, Vec<Vec<u8>>) = redis::from_redis_value(answer)
            .map_err(|_| Failure::senseless(&self.link.endpoint()))?;
        self.cursor = (next != b"0").then_some(next);
        Ok(Some(
            found.iter().filter_map(|name| names.key(name)).collect(),
        ))
    }
}
