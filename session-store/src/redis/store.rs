use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Revoke, Store,
    StoreError, StoreFacts, Whose,
};
use tokio::time::Instant;

use super::call::Call;
use super::failure::Failure;
use super::names::Names;
use super::options::{RedisOptions, RevocationScan};
use super::scan::Sweep;
use super::scripts::Scripts;
use super::servers::{Evictions, Servers};
use crate::home::Home;
use crate::time_out::check_timeout;

/// The store behind a [`RedisStore`](super::RedisStore), whose calls run where its connections live.
pub(super) struct Redis {
    pub(super) servers: Servers,
    scripts: Scripts,
    pub(super) names: Names,
    /// The time-out of a command.
    limit: Duration,
    /// When a revocation reads every session.
    scan: RevocationScan,
    pub(super) sweep: tokio::sync::Mutex<Sweep>,
}

impl Redis {
    /// Connects with options.
    pub(super) async fn open(options: RedisOptions, home: Home) -> Result<Self, StoreError> {
        options.check_prefix()?;
        check_timeout(options.timeout)?;
        let servers = options.servers(home)?;
        let store = Self {
            servers,
            scripts: Scripts::new(),
            names: Names::new(options.prefix),
            limit: options.timeout,
            scan: options.scan,
            sweep: tokio::sync::Mutex::default(),
        };
        let beginning = store.begin().await;
        beginning.map_err(|failure| failure.during("use"))?;
        Ok(store)
    }

    /// Drops the connections and makes no other ones.
    pub(super) fn close(&self) {
        self.servers.close();
    }

    /// Checks that the servers fit, and that the store can be read and written.
    async fn begin(&self) -> Result<(), Failure> {
        let (servers, deadline) = (&self.servers, self.deadline());
        let probes = if servers.refuse_part_of_cluster(deadline).await? {
            self.probes(deadline).await?
        } else {
            // A part of a cluster refuses some of so many keys.
            (0..32).map(|number| self.names.probe(number)).collect()
        };
        self.write_to(&probes, deadline).await?;
        // A courtesy, which an error does not make a duty.
        let evictions = servers.evictions(deadline).await;
        match evictions.unwrap_or(Evictions::Unknown) {
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

    pub(super) fn call(&self, now: Moment) -> Call<'_> {
        Call {
            servers: &self.servers,
            scripts: &self.scripts,
            names: &self.names,
            now,
            deadline: self.deadline(),
            limit: self.limit,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// Returns an unused key on every server.
    async fn probes(&self, deadline: Instant) -> Result<Vec<Vec<u8>>, Failure> {
        let names = &self.names;
        match &self.servers {
            Servers::Single(_) => Ok(vec![names.probe(0)]),
            Servers::Cluster(cluster) => cluster.one_key_each(names, deadline).await,
        }
    }

    async fn write_to(&self, probes: &[Vec<u8>], deadline: Instant) -> Result<(), Failure> {
        let call = Call {
            deadline,
            ..self.call(Moment::UNIX_EPOCH)
        };
        let check = &self.scripts.check;
        for probe in probes {
            call.script(check, probe, &[]).await?;
        }
        Ok(())
    }

    /// Says whether the only server did not answer in time; further steps would wait for it too.
    fn is_mute(&self, failure: &Failure) -> bool {
        matches!(self.servers, Servers::Single(_)) && failure.is_slow()
    }

    /// Ends sessions by the index of their tag; by a scan too where that may be incomplete.
    async fn revoke_tagged(&self, whose: Whose<'_>, now: Moment) -> Result<usize, Failure> {
        let revoked = match self.call(now).step().revoke(whose).await {
            Err(failure) if self.is_mute(&failure) => return Err(failure),
            Err(failure) if failure.is_wrong_type() => {
                return self.revoke_unlisted(whose, now).await;
            }
            revoked => revoked,
        };
        if !self.scans().await? {
            return revoked;
        }
        let unlisted = self.revoke_unlisted(whose, now).await;
        Ok(revoked? + unlisted?)
    }

    /// Says whether a revocation has to read every session, because an index may be incomplete.
    async fn scans(&self) -> Result<bool, Failure> {
        Ok(match self.scan {
            RevocationScan::Always => true,
            RevocationScan::Never => false,
            // Asked each time: the setting may have changed, or another server taken over.
            RevocationScan::IfNeeded => {
                self.servers.evictions(self.deadline()).await? != Evictions::Never
            }
        })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.servers, f)
    }
}

#[async_trait]
impl Store for Redis {
    async fn load(
        &self,
        key: &Key,
        _secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.call(now).load(key).await;
        found.map_err(|failure| failure.during("read a session from"))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let doing = match command {
            Command::Move { .. } => return Err(StoreError::keys_stay()),
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
    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let removed = self.remove_expired(now, limit).await;
        removed.map_err(|failure| failure.during("remove expired sessions from"))
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let devices = self.call(now).devices(owner, from, limit).await;
        devices.map_err(|failure| failure.during("list sessions in"))
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let revoking = async {
            let call = self.call(now);
            let (owner, which) = match whose {
                Whose::Owner(owner, which) => (owner, which),
                Whose::Tag(_) => return self.revoke_tagged(whose, now).await,
                Whose::Everybody => return self.revoke_unlisted(whose, now).await,
            };
            let checked = match call.is_incomplete(owner, which).await {
                Err(failure) if self.is_mute(&failure) => return Err(failure),
                checked => checked,
            };
            let mut is_incomplete = checked.as_ref().is_ok_and(|it| *it);
            let mut revoked = call.step().revoke(whose).await;
            match &revoked {
                Err(failure) if self.is_mute(failure) => return revoked,
                Err(failure) if failure.is_wrong_type() => (is_incomplete, revoked) = (true, Ok(0)),
                _ => {}
            }
            if matches!(which, Revoke::One(_)) || !(is_incomplete || self.scans().await?) {
                // The check comes first and its error last: it keeps no session alive.
                return checked.and(revoked);
            }
            // A scan goes on with the other servers if one fails.
            let unlisted = self.revoke_unlisted(whose, now).await;
            Ok(revoked? + unlisted?)
        };
        revoking
            .await
            .map_err(|failure: Failure| failure.during("end sessions in"))
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        let batch = self.batch(from, limit, now).await;
        batch.map_err(|failure| failure.during("list sessions in"))
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        let count = self.about().await;
        count
            .map(Some)
            .map_err(|failure| failure.during("count sessions in"))
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

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let mut facts = StoreFacts::of(format!("Redis at {}", self.servers));
        facts.outlives_process = Some(true);
        facts.sweeps = Some(true);
        let time = self.time().await;
        facts.time = time.map_err(|failure| failure.during("ask the time of"))?;
        Ok(facts)
    }
}
