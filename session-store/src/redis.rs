mod call;
mod cluster;
mod commands;
mod connection;
mod failure;
mod link;
mod names;
mod options;
mod origin;
mod owner;
mod owner_index;
mod row;
mod scan;
mod scripts;
mod servers;
mod slot_map;
#[cfg(feature = "cached")]
mod tracking;
mod url;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError,
};
use time::OffsetDateTime;
use tokio::time::Instant;

use self::call::Call;
pub use self::connection::RedisConnection;
use self::failure::Failure;
use self::names::Names;
pub use self::options::{RedisOptions, RevocationScan};
use self::scan::Sweep;
use self::scripts::Scripts;
use self::servers::{Evictions, Servers};

/// A store in Redis 6.2 or newer, or Valkey: one server, Sentinel or a cluster.
///
/// Clones are the same store and share one connection a server. A session is one Redis key for its
/// whole life, so every command is one step on one server, on a cluster too. A load is a `GET`. An
/// owner's sessions are listed in an index under another key; a sign-in and a logout take a second
/// command for it, and may be interrupted between the two without harm.
///
/// Redis frees expired sessions by itself, so it needs no `Sweeper`. Its clock and the policy's
/// must roughly agree for that; whether a session is over is decided by the policy's clock alone.
///
/// Configure Redis not to lose sessions: `maxmemory-policy noeviction`, and `appendfsync always`
/// for sessions that survive power failures. If Redis may evict keys, opening logs a warning, and a
/// revocation of all sessions scans every session, because an owner's index may have been evicted.
/// Replicas follow with a delay. When one takes over, the last writes may be undone, and a session
/// that was just ended is back; `min-replicas-to-write` narrows this window.
///
/// It needs a tokio runtime with time. Every command ends within the
/// [time-out](RedisOptions::timeout). After an outage it reconnects by itself. If a connection
/// breaks, the command is sent once more, and a write that was applied the first time is recognised
/// by its revision. It is an error only if another write came after it, because then the revision
/// can't tell.
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    servers: Servers,
    scripts: Scripts,
    names: Names,
    /// The time-out of a command.
    limit: Duration,
    /// When a revocation reads every session.
    scan: RevocationScan,
    sweep: tokio::sync::Mutex<Sweep>,
}

impl RedisStore {
    /// Connects with the defaults of [`RedisOptions`].
    ///
    /// # Errors
    ///
    /// The URL is invalid, or the server can't be reached or refuses writes. The message names the
    /// host and port, and never the password.
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        // Boxed, as a deep future would reach the compiler's limit in applications.
        Box::pin(Self::open_with(RedisOptions::new(url))).await
    }

    /// Connects with options.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: RedisOptions) -> Result<Self, StoreError> {
        options.check_prefix()?;
        let servers = options.servers()?;
        let store = Self(Arc::new(Shared {
            servers,
            scripts: Scripts::new(),
            names: Names::new(options.prefix),
            limit: options.timeout,
            scan: options.scan,
            sweep: tokio::sync::Mutex::default(),
        }));
        let beginning = store.begin().await;
        beginning.map_err(|failure| failure.during("use"))?;
        Ok(store)
    }

    /// Connects over a connection that the application has; [`RedisOptions::over`] has the options.
    ///
    /// # Errors
    ///
    /// The server refuses commands, or is a part of a cluster.
    pub async fn from_connection(
        connection: impl Into<RedisConnection>,
    ) -> Result<Self, StoreError> {
        Box::pin(Self::open_with(RedisOptions::over(connection))).await
    }

    /// Drops the connections; every later call, of clones too, is an error.
    ///
    /// Calls that are under way end as usual. A connection of the application's stays open.
    #[allow(
        clippy::unused_async,
        reason = "closing a store is async for every database"
    )]
    pub async fn close(&self) {
        self.0.servers.close();
    }

    /// Checks that the servers fit, and that the store can be read and written.
    async fn begin(&self) -> Result<(), Failure> {
        let (servers, deadline) = (&self.0.servers, self.deadline());
        let probes = if servers.refuse_part_of_cluster(deadline).await? {
            self.probes(deadline).await?
        } else {
            // A part of a cluster refuses some of so many keys.
            (0..32).map(|number| self.0.names.probe(number)).collect()
        };
        self.write_to(&probes, deadline).await?;
        match servers.evictions(deadline).await? {
            Evictions::Never => {}
            Evictions::Possible => tracing::warn!(
                %servers,
                "Redis may evict sessions and owner indexes; set maxmemory-policy noeviction"
            ),
            Evictions::Unknown => tracing::debug!(
                %servers,
                "this user must not ask whether Redis may evict owner indexes (INFO), \
                 so each revocation of all sessions scans every session"
            ),
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
            limit: self.0.limit,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.limit
    }

    /// Returns an unused key on every server.
    async fn probes(&self, deadline: Instant) -> Result<Vec<Vec<u8>>, Failure> {
        let names = &self.0.names;
        match &self.0.servers {
            Servers::Single(_) => Ok(vec![names.probe(0)]),
            Servers::Cluster(cluster) => cluster.one_key_each(names, deadline).await,
        }
    }

    async fn write_to(&self, probes: &[Vec<u8>], deadline: Instant) -> Result<(), Failure> {
        let call = Call {
            deadline,
            ..self.call(OffsetDateTime::UNIX_EPOCH)
        };
        let check = &self.0.scripts.check;
        for probe in probes {
            call.script(check, probe, &[]).await?;
        }
        Ok(())
    }

    /// Says whether a revocation has to read every session, because an index may be incomplete.
    async fn scans(&self) -> Result<bool, Failure> {
        Ok(match self.0.scan {
            RevocationScan::Always => true,
            RevocationScan::Never => false,
            // Asked each time: the setting may have changed, or another server taken over.
            RevocationScan::IfNeeded => {
                self.0.servers.evictions(self.deadline()).await? != Evictions::Never
            }
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisStore({})", self.0.servers)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn load(
        &self,
        key: &Key,
        _secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.call(now).load(key).await;
        found.map_err(|failure| failure.during("read a session from"))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let doing = match command {
            Command::Delete { .. } => "end a session in",
            _ => "write a session to",
        };
        let outcome = self.call(now).write(command).await;
        outcome.map_err(|failure| failure.during(doing))
    }

    /// Scans every session if the clocks differ by more than a minute.
    ///
    /// Otherwise it does nothing, because Redis frees by itself. Each command of the scan has its
    /// own time-out.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let removed = self.remove_expired(now, limit).await;
        removed.map_err(|failure| failure.during("remove expired sessions from"))
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let devices = self.call(now).devices(owner, from, limit).await;
        devices.map_err(|failure| failure.during("list sessions in"))
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let revoking = async {
            let call = self.call(now);
            let mut is_incomplete = call.is_incomplete(owner, which).await?;
            let mut revoked = call.revoke(owner, which).await;
            if matches!(&revoked, Err(failure) if failure.is_wrong_type()) {
                (is_incomplete, revoked) = (true, Ok(0));
            }
            if matches!(which, Revoke::One(_)) || !(is_incomplete || self.scans().await?) {
                return revoked;
            }
            // A scan goes on with the other servers if one fails.
            let unlisted = self.revoke_unlisted(owner, which, now).await;
            Ok(revoked? + unlisted?)
        };
        revoking
            .await
            .map_err(|failure: Failure| failure.during("end sessions in"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        let deadline = self.deadline();
        let checking = async {
            let probes = self.probes(deadline).await?;
            self.write_to(&probes, deadline).await
        };
        checking
            .await
            .map_err(|failure: Failure| failure.during("write to"))
    }
}
