mod ask;
mod call;
mod cluster;
mod failure;
mod journey;
mod link;
mod names;
mod one;
mod options;
mod origin;
mod protocol;
mod row;
mod scripts;
mod servers;
mod slot_map;
#[cfg(test)]
mod tests;
#[cfg(feature = "cached")]
mod tracking;
mod visits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Value, cmd};
use session_core::{Command, Device, Found, Key, Outcome, Revoke, Store, StoreError};
use time::OffsetDateTime;
use tokio::time::Instant;

use self::ask::{Answer, Ask, Slots as _};
use self::call::Call;
use self::failure::{Cause, Failure, Reach};
use self::link::{Link, Repeat};
use self::names::Names;
pub use self::options::RedisOptions;
use self::scripts::{Layout, Scripts};
use self::servers::Servers;

/// Keeps sessions in Redis 6.2 or newer, or Valkey: one server, Sentinel or a cluster.
///
/// Clones are the same store, and share one connection a server, which is made anew after it
/// broke. On one server, or behind Sentinel, every command is one script, which sees to it that
/// nobody comes between. On a cluster, no script sees two sessions or a session and its owner's
/// index; there a session gets a new id in steps, and at no point of failure do both ids live, or
/// neither.
///
/// Redis frees by itself what has expired, so it needs no [`Sweeper`](crate::Sweeper); for that
/// its clock and the policy's have to agree. What lives is decided by the policy's clock alone.
///
/// What Redis loses, is lost: see to it that it evicts nothing (`maxmemory-policy noeviction`), and
/// for sessions that survive power failures set `appendfsync always`. Replicas follow with a
/// delay. When one takes over, the last writes may be undone; a session that was ended just
/// before is back. `min-replicas-to-write` narrows that.
///
/// It needs a tokio runtime with time. No call takes longer than [`RedisOptions::timeout`]. After an
/// outage it connects again by itself. A read, a touch, a logout or a session that begins does not
/// notice then that its connection was broken; another write fails once, since it may have been done.
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    servers: Servers,
    scripts: Scripts,
    names: Names,
    /// How long any call may take.
    limit: Duration,
}

impl RedisStore {
    /// Connects with the defaults of [`RedisOptions`].
    ///
    /// # Errors
    ///
    /// The URL is none, or the server can't be reached and written to; the message names its host
    /// and port, and never the password.
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::open_with(RedisOptions::new(url)).await
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: RedisOptions) -> Result<Self, StoreError> {
        options.check_prefix()?;
        let servers = options.servers()?;
        let store = Self(Arc::new(Shared {
            scripts: Scripts::of(servers.layout()),
            servers,
            names: Names::new(options.prefix),
            limit: options.timeout,
        }));
        store.refuse_part_of_cluster().await?;
        store.check().await?;
        Ok(store)
    }

    /// Scripts of one server would find only some of their keys there.
    async fn refuse_part_of_cluster(&self) -> Result<(), StoreError> {
        let Servers::One(link) = &self.0.servers else {
            return Ok(());
        };
        let mut question = cmd("INFO");
        question.arg("cluster");
        let asked = link.call(&question, Repeat::Once, self.deadline()).await;
        let is_cluster = match asked.map_err(|failure| failure.during("connect to"))? {
            Value::BulkString(text) => String::from_utf8_lossy(&text).contains("cluster_enabled:1"),
            _ => false,
        };
        if is_cluster {
            let why = "it is a part of a cluster; use redis-cluster://";
            return Err(Failure::nobody(&link.place(), why).during("use"));
        }
        Ok(())
    }

    fn call(&self, now: OffsetDateTime) -> Call<'_> {
        let Shared {
            servers,
            scripts,
            names,
            ..
        } = &*self.0;
        Call {
            servers,
            scripts,
            names,
            now,
            deadline: self.deadline(),
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.limit
    }

    /// Says whether a caller's clock is so far ahead that Redis has not freed what it takes as over.
    async fn is_ahead(&self, call: &Call<'_>) -> Result<bool, Failure> {
        for link in self.0.servers.primaries(call.deadline).await? {
            let answer = link.call(&cmd("TIME"), Repeat::Once, call.deadline).await?;
            let seconds = match answer {
                Value::Array(parts) => match parts.first() {
                    Some(Value::BulkString(text)) => {
                        str::from_utf8(text).ok().and_then(|text| text.parse().ok())
                    }
                    _ => None,
                },
                _ => None,
            };
            let seconds: i64 = seconds.ok_or_else(|| senseless(&link))?;
            if call.now.unix_timestamp() > seconds + TOLERANCE {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns some of a server's sessions, and where to go on; that is at the beginning in the end.
    async fn scan(
        &self,
        link: &Link,
        cursor: Vec<u8>,
        deadline: Instant,
    ) -> Result<(Vec<Key>, Vec<u8>), Failure> {
        let names = &self.0.names;
        let mut scan = cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(names.pattern())
            .arg("COUNT")
            .arg(BATCH);
        let answer = link.call(&scan, Repeat::Once, deadline).await?;
        let (next, found): (Vec<u8>, Vec<Vec<u8>>) =
            redis::from_redis_value(answer).map_err(|_| senseless(link))?;
        Ok((
            found.iter().filter_map(|name| names.key(name)).collect(),
            next,
        ))
    }
}

/// How many seconds clocks may differ before a sweep looks at every session.
const TOLERANCE: i64 = 60;

/// How many keys a sweep looks at in one step.
const BATCH: u32 = 500;

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisStore({})", self.0.servers)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        let call = &self.call(now);
        match self.0.servers.layout() {
            Layout::One => one::load(call, *key).await,
            Layout::Many => protocol::load(call, *key).await,
        }
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let call = &self.call(now);
        match self.0.servers.layout() {
            Layout::One => one::write(call, command).await,
            Layout::Many => protocol::write(call, command).await,
        }
    }

    /// Does nothing while the clocks agree to a minute, for then Redis frees by itself. Else it looks at
    /// every key, which takes as long as it takes.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let doing = |failure: Failure| failure.during("remove expired sessions from");
        if !self.is_ahead(&self.call(now)).await.map_err(doing)? {
            return Ok(0);
        }
        let primaries = self.0.servers.primaries(self.deadline());
        let mut swept = 0;
        for link in primaries.await.map_err(doing)? {
            let mut cursor = b"0".to_vec();
            loop {
                let scan = self.scan(&link, cursor, self.deadline());
                let (keys, next) = scan.await.map_err(doing)?;
                for key in keys {
                    if swept == limit {
                        return Ok(swept);
                    }
                    let done = self.call(now).ask(Ask::Sweep { key }).await?;
                    swept += usize::from(done == Answer::Done);
                }
                if next == b"0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(swept)
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let call = &self.call(now);
        match self.0.servers.layout() {
            Layout::One => one::devices(call, owner).await,
            Layout::Many => visits::devices(call, owner).await,
        }
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let call = &self.call(now);
        match self.0.servers.layout() {
            Layout::One => one::revoke(call, owner, which).await,
            Layout::Many => visits::revoke(call, owner, which).await,
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        let Shared {
            servers,
            scripts,
            names,
            ..
        } = &*self.0;
        let deadline = self.deadline();
        let writing = async {
            let probes: Vec<_> = match servers {
                Servers::One(_) => vec![names.probe(0)],
                Servers::Cluster(cluster) => cluster.one_key_each(names, deadline).await?,
            };
            for probe in probes {
                let how = (Repeat::Once, deadline);
                servers.run(&scripts.check, &[probe], &[], how).await?;
            }
            Ok(())
        };
        writing
            .await
            .map_err(|failure: Failure| failure.during("write to"))
    }
}

fn senseless(link: &Link) -> Failure {
    Failure {
        place: link.place(),
        cause: Cause::Senseless,
        reach: Reach::Unknown,
    }
}
