use std::fmt;
use std::time::Duration;

use redis::ClientTlsConfig;
use session_core::StoreError;

use super::connection::RedisConnection;

/// The options of a [`RedisStore`](crate::RedisStore).
///
/// | URL | server |
/// |---|---|
/// | `redis://user:password@host:6379/0` | one server |
/// | `redis-sentinel://host:26379,host:26379/name/0` | the primary that the sentinels know by this name |
/// | `redis-cluster://host:7000,host:7001` | a cluster; these nodes are asked first |
///
/// User, password and the database's number are optional. With `rediss`, `rediss-sentinel` and
/// `rediss-cluster` every connection uses TLS. The user and password are those of the Redis
/// servers; sentinels may have [their own](Self::sentinel_login).
///
/// ```
/// use session_store::RedisOptions;
/// use std::time::Duration;
///
/// let options = RedisOptions::new("rediss://app:secret@redis.internal")
///     .prefix("shop:")
///     .timeout(Duration::from_secs(2));
/// assert!(!format!("{options:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) source: Source,
    pub(super) prefix: String,
    pub(super) timeout: Duration,
    pub(super) max_idle: Duration,
    pub(super) scan: RevocationScan,
    pub(super) sentinel_login: Option<(Option<String>, String)>,
    pub(super) authority: Option<Vec<u8>>,
    pub(super) identity: Option<ClientTlsConfig>,
}

/// Where the connections come from.
#[derive(Clone)]
pub(super) enum Source {
    Connection(RedisConnection),
    Url(String),
}

impl RedisOptions {
    /// Chooses the server or servers by a URL; opening the store refuses an invalid one.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self::of(Source::Url(url.into()))
    }

    /// Uses a connection that the application has, to one server that is no part of a cluster.
    ///
    /// The calls are still bounded by the [time-out](Self::timeout). But the connection's database,
    /// its TLS and whether it finds the server again after an outage are the application's matter:
    /// [`redis::aio::ConnectionManager`] reconnects, [`redis::aio::MultiplexedConnection`] never does.
    /// A listening cache needs a store with a URL, because notices come on a connection of its own.
    #[must_use]
    pub fn over(connection: impl Into<RedisConnection>) -> Self {
        Self::of(Source::Connection(connection.into()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            prefix: "session:".to_owned(),
            timeout: Duration::from_secs(5),
            max_idle: Duration::from_mins(1),
            scan: RevocationScan::IfNeeded,
            sentinel_login: None,
            authority: None,
            identity: None,
        }
    }

    /// Sets the prefix of this application's keys; `session:` unless this is called.
    ///
    /// Applications with different prefixes never see each other's sessions. A prefix has 1 to 64
    /// of `[A-Za-z0-9_.:-]`; opening refuses others.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long a call may take, including connecting; 5 seconds unless this is called.
    ///
    /// It must be from 10 milliseconds to 10 minutes. A revocation takes steps, each of which may last
    /// so long; if a single server does not answer one, that is the last.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how long a connection may be idle and still be used; a minute unless this is called.
    ///
    /// After a longer time a new one is made, because firewalls drop idle connections without a
    /// word, and the first command would wait for its time-out.
    #[must_use]
    pub fn max_idle(mut self, limit: Duration) -> Self {
        self.max_idle = limit;
        self
    }

    /// Sets when a revocation of all sessions reads every session; if needed unless this is called.
    #[must_use]
    pub fn revocation_scan(mut self, scan: RevocationScan) -> Self {
        self.scan = scan;
        self
    }

    /// Sets the sentinels' password, and their user unless it is the default one.
    #[must_use]
    pub fn sentinel_login(mut self, user: Option<&str>, password: impl Into<String>) -> Self {
        self.sentinel_login = Some((user.map(str::to_owned), password.into()));
        self
    }

    /// Trusts these authorities (PEM) instead of the system's.
    #[must_use]
    pub fn tls_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// Presents a client certificate with its private key (both PEM).
    #[must_use]
    pub fn tls_identity(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some(ClientTlsConfig {
            client_cert: certificate.into(),
            client_key: key.into(),
        });
        self
    }

    /// Checks the prefix: patterns and braces have a meaning to Redis.
    pub(super) fn check_prefix(&self) -> Result<(), StoreError> {
        let prefix = &self.prefix;
        let fits = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        if (1..=64).contains(&prefix.len()) && prefix.chars().all(fits) {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "{prefix:?} can't begin the names of keys: use 1 to 64 of [A-Za-z0-9_.:-]"
        )))
    }
}

/// When a revocation of an owner's sessions reads every session, instead of the owner's index alone.
///
/// The index is a Redis key like any other, so it may be lost without its sessions: evicted, deleted
/// by hand, or, on a cluster, undone when a replica takes over. A scan finds every session all the
/// same. It takes time in proportion to the number of all sessions (about ten seconds for a
/// million), and no command of it delays other requests for long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationScan {
    /// At every revocation of all or all other sessions.
    Always,
    /// If a server's `maxmemory-policy` lets it evict keys, if it has evicted any since its start,
    /// or if the user must not ask for that (`INFO`). This is the default.
    ///
    /// A server that was started again has forgotten what it evicted before. So after a change to
    /// `noeviction`, use [`Always`](Self::Always) for as long as the sessions from before may live.
    #[default]
    IfNeeded,
    /// Never: the operator knows that no server evicts.
    Never,
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may have a password in it.
        f.debug_struct("RedisOptions")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_checked() {
        for good in ["session:", "a", "A_b.c-9:"] {
            assert!(
                RedisOptions::new("").prefix(good).check_prefix().is_ok(),
                "{good}"
            );
        }
        for bad in ["", "a{", "a}", "a*", "a b", "ä", &"a".repeat(65), "a\n"] {
            assert!(
                RedisOptions::new("").prefix(bad).check_prefix().is_err(),
                "{bad}"
            );
        }
    }
}
