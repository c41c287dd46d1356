mod call;
mod cluster;
mod commands;
mod failure;
mod hex;
mod link;
mod names;
mod options;
mod origin;
mod owner_index;
mod row;
mod scan;
mod scripts;
mod servers;
mod slot_map;
#[cfg(feature = "cached")]
mod tracking;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Command, Device, Digest, Key, Outcome, Record, Revoke, Store, StoreError};
use time::OffsetDateTime;
use tokio::time::Instant;

use self::call::Call;
use self::failure::Failure;
use self::names::Names;
pub use self::options::RedisOptions;
use self::scripts::Scripts;
use self::servers::Servers;

/// Keeps sessions in Redis 6.2 or newer, or Valkey: one server, Sentinel or a cluster.
///
/// Clones are the same store, and share one connection a server, which is made anew after it
/// broke. A session is one key for its whole life, so every command is one step on one server, on
/// a cluster too. A load is a `GET`. An owner's sessions are listed by an index of their own: a
/// sign-in and a logout take a second command for it, and nothing is wrong between the two.
///
/// Redis frees by itself what has expired, so it needs no [`Sweeper`](crate::Sweeper); for that
/// its clock and the policy's have to agree. What lives is decided by the policy's clock alone.
///
/// What Redis loses is lost: let it evict nothing (`maxmemory-policy noeviction`), and for
/// sessions that survive power failures set `appendfsync always`. Where it may evict, opening
/// warns, and a revocation of all sessions looks at every session there is, since an owner's index
/// may be gone. Replicas follow with a delay. When one takes over, the last writes may be undone: a
/// session that was ended just before is back. `min-replicas-to-write` narrows that.
///
/// It needs a tokio runtime with time. No command takes longer than [`RedisOptions::timeout`]. After
/// an outage it connects again by itself. A connection that breaks goes unnoticed: what was sent is
/// sent once more, and a write that was done the first time is recognised by its revision. Only if
/// others have written on top meanwhile it is an error, since nobody can tell.
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    servers: Servers,
    scripts: Scripts,
    names: Names,
    /// How long any command may take.
    limit: Duration,
    /// Whether an owner's index may be gone.
    may_evict: bool,
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
        let deadline = Instant::now() + options.timeout;
        let refused = servers.refuse_part_of_cluster(deadline).await;
        refused.map_err(|failure| failure.during("use"))?;
        // A user that may not ask is let in.
        let may_evict = servers.may_evict(deadline).await.unwrap_or(false);
        if may_evict {
            tracing::warn!(
                %servers,
                "Redis may evict sessions, and the indexes of their owners; set maxmemory-policy noeviction"
            );
        }
        let store = Self(Arc::new(Shared {
            servers,
            scripts: Scripts::new(),
            names: Names::new(options.prefix),
            limit: options.timeout,
            may_evict,
        }));
        store.check().await?;
        Ok(store)
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

    async fn probe(&self) -> Result<(), Failure> {
        let (shared, deadline) = (&*self.0, self.deadline());
        let probes = match &shared.servers {
            Servers::Single(_) => vec![shared.names.probe(0)],
            Servers::Cluster(cluster) => cluster.one_key_each(&shared.names, deadline).await?,
        };
        let call = self.call(OffsetDateTime::UNIX_EPOCH);
        for probe in probes {
            call.script(&shared.scripts.check, &probe, &[]).await?;
        }
        Ok(())
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

    /// Does nothing while the clocks agree to a minute, for then Redis frees by itself. Else it
    /// looks at every session, and each command of that has a time-out of its own.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let removed = self.remove_expired(now, limit).await;
        removed.map_err(|failure| failure.during("remove expired sessions from"))
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let devices = self.call(now).devices(owner).await;
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
            let keys = call.chosen(owner, which).await?;
            let mut revoked = call.revoke(owner, &keys).await?;
            if self.0.may_evict && !matches!(which, Revoke::One(_)) {
                revoked += self.revoke_unlisted(owner, which, now).await?;
            }
            Ok(revoked)
        };
        revoking
            .await
            .map_err(|failure: Failure| failure.during("end sessions in"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        let written = self.probe().await;
        written.map_err(|failure| failure.during("write to"))
    }
}
