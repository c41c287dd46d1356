//! The URL of the server or servers.

use std::sync::Arc;

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo,
    TlsCertificates,
};
use session_core::StoreError;

use super::cluster::Cluster;
use super::lane::Limits;
use super::link::Link;
use super::options::{RedisOptions, Source};
use super::origin::{Access, Origin};
use super::servers::Servers;
use super::slot_map::Address;
use crate::home::Home;

impl RedisOptions {
    /// Parses the URL, if there is one; no server is asked yet.
    pub(super) fn servers(&self, home: Home) -> Result<Servers, StoreError> {
        let url = match &self.source {
            Source::Connection(connection) => {
                let link = self.link(Origin::Given(connection.clone()), home);
                return Ok(Servers::Single(link));
            }
            Source::Url(url) => url,
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(no_url)?;
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
                Ok(Servers::Single(self.link(Origin::Server(client), home)))
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
                Ok(Servers::Single(self.link(origin, home)))
            }
            "-cluster" if path.is_empty() => {
                let infos = read("")?;
                let cluster = Cluster::new(addresses(&infos)?, access(&infos), self.limits(), home);
                Ok(Servers::Cluster(Arc::new(cluster)))
            }
            _ => Err(no_url()),
        }
    }

    fn link(&self, origin: Origin, home: Home) -> Arc<Link> {
        Arc::new(Link::new(origin, self.limits(), home))
    }

    fn limits(&self) -> Limits {
        Limits {
            idle: self.max_idle,
            silence: self.timeout,
        }
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
pub(crate) fn choose_cryptography() {
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
        let servers = RedisOptions::new(url).servers(Home::new().unwrap());
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
}
