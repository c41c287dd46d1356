use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, TlsCertificates,
};
use session_core::StoreError;

use super::cluster::Cluster;
use super::link::Link;
use super::origin::{Access, Origin};
use super::servers::Servers;
use super::slot_map::Address;

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
    url: String,
    pub(super) prefix: String,
    pub(super) timeout: Duration,
    max_idle: Duration,
    pub(super) scan: RevocationScan,
    sentinel_login: Option<(Option<String>, String)>,
    authority: Option<Vec<u8>>,
    identity: Option<ClientTlsConfig>,
}

impl RedisOptions {
    /// Chooses the server or servers by a URL; opening the store refuses an invalid one.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
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

    /// Parses the URL; no server is asked yet.
    pub(super) fn servers(&self) -> Result<Servers, StoreError> {
        let (scheme, rest) = self.url.split_once("://").ok_or_else(no_url)?;
        let (scheme, is_tls) = match scheme.strip_prefix("rediss") {
            Some(kind) => (kind, true),
            None => (scheme.strip_prefix("redis").ok_or_else(no_url)?, false),
        };
        let tls = is_tls.then(|| TlsCertificates {
            client_tls: self.identity.clone(),
            root_cert: self.authority.clone(),
        });
        if is_tls {
            choose_cryptography();
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let read = |database: &str| {
            let hosts = hosts.split(',');
            let infos = hosts.map(|host| format!("redis://{login}{host}/{database}"));
            let infos = infos.map(|url| url.into_connection_info().map_err(|_| no_url()));
            infos.collect::<Result<Vec<ConnectionInfo>, StoreError>>()
        };
        let access = |infos: &[ConnectionInfo]| Access {
            login: infos[0].redis_settings().clone(),
            tls: tls.clone(),
        };
        match scheme {
            "" => {
                let infos = read(path)?;
                let [Address { host, port }] = &*addresses(&infos)? else {
                    return Err(no_url());
                };
                let client = access(&infos).client(host, *port).map_err(unusable)?;
                Ok(Servers::Single(self.link(Origin::Server(client))))
            }
            "-sentinel" => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return Err(no_url());
                }
                let infos = read(database)?;
                let access = access(&infos);
                let guard = Access {
                    login: self.login_to_sentinels(),
                    tls: access.tls.clone(),
                };
                let sentinels: Result<Vec<Client>, _> = addresses(&infos)?
                    .iter()
                    .map(|Address { host, port }| guard.client(host, *port).map_err(unusable))
                    .collect();
                let origin = Origin::Primary {
                    name: name.to_owned(),
                    sentinels: sentinels?,
                    access,
                };
                Ok(Servers::Single(self.link(origin)))
            }
            "-cluster" if path.is_empty() => {
                let infos = read("")?;
                let cluster = Cluster::new(addresses(&infos)?, access(&infos), self.max_idle);
                Ok(Servers::Cluster(Box::new(cluster)))
            }
            _ => Err(no_url()),
        }
    }

    fn link(&self, origin: Origin) -> Arc<Link> {
        Arc::new(Link::new(origin, self.max_idle))
    }

    fn login_to_sentinels(&self) -> RedisConnectionInfo {
        let mut login = RedisConnectionInfo::default();
        if let Some((user, password)) = &self.sentinel_login {
            if let Some(user) = user {
                login = login.set_username(user);
            }
            login = login.set_password(password);
        }
        login
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

fn addresses(infos: &[ConnectionInfo]) -> Result<Vec<Address>, StoreError> {
    let addresses = infos.iter().map(|info| match info.addr() {
        ConnectionAddr::Tcp(host, port) => Ok(Address {
            host: host.clone(),
            port: *port,
        }),
        _ => Err(no_url()),
    });
    addresses.collect()
}

/// Installs ring's cryptography for TLS, unless the application has chosen another one.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // If another thread was faster, its choice serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Makes the error of an invalid URL, which it does not repeat: the URL may have a password in it.
fn no_url() -> StoreError {
    StoreError::new(
        "the URL is no URL of Redis: write redis://host:port/database, \
         redis-sentinel://host:port,host:port/name/database or redis-cluster://host:port,host:port",
    )
}

fn unusable(error: redis::RedisError) -> StoreError {
    StoreError::new("can't use the options for Redis").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<String, String> {
        let servers = RedisOptions::new(url).servers();
        let text = |servers: Servers| servers.to_string();
        servers.map(text).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_lead_to_servers() {
        for (url, expected) in [
            ("redis://h", "h:6379"),
            ("redis://:geheim@h:1/2", "h:1"),
            ("rediss://u:geheim@h:1", "h:1"),
            ("redis://[::1]:7", "::1:7"),
            ("redis-cluster://geheim@a:1,b:2", "a:1,b:2"),
            ("rediss-cluster://a:1", "a:1"),
            (
                "redis-sentinel://u:geheim@a:1,b:2/main",
                "a:1,b:2 (sentinels of \"main\")",
            ),
            ("redis-sentinel://a:1/main/3", "a:1 (sentinels of \"main\")"),
        ] {
            assert_eq!(endpoint(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn an_invalid_url_is_refused_without_repeating_it() {
        for bad in [
            "",
            "geheim",
            "redis:h",
            "redis://",
            "redis://a,b",
            "redis://geheim@a:x",
            "redis://h/geheim",
            "redis-sentinel://a:1",
            "redis-sentinel://a:1/",
            "redis-cluster://a:1/2",
            "redis-ring://a:1",
            "http://geheim@a",
        ] {
            let message = endpoint(bad).unwrap_err();
            assert!(!message.contains("geheim"), "{message}");
        }
    }

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
