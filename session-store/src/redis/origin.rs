use std::fmt;
use std::time::Duration;

use redis::ConnectionInfo;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    Client, ConnectionAddr, RedisConnectionInfo, RedisResult, TlsCertificates, Value, cmd,
};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::RedisConnection;
use super::failure::Failure;

/// The way to find the server of a link.
#[derive(Debug)]
pub(super) enum Origin {
    /// A connection of the application's.
    Given(RedisConnection),
    Server(Client),
    /// The primary that the sentinels know by the name.
    Primary {
        name: String,
        sentinels: Vec<Client>,
        access: Access,
    },
}

/// The login and the certificates for servers.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) login: RedisConnectionInfo,
    pub(super) tls: Option<TlsCertificates>,
}

/// The idle time after which the system probes a connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

impl Access {
    /// Makes a client of a server, which connects later.
    pub(super) fn client(&self, host: &str, port: u16) -> RedisResult<Client> {
        let host = host.to_owned();
        let address = match self.tls {
            Some(_) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
            None => ConnectionAddr::Tcp(host, port),
        };
        // Requests wait for their answers, so packets must not wait for more data.
        // Probes keep a firewall from forgetting a connection, and find out that it did.
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
        let info: ConnectionInfo = redis::IntoConnectionInfo::into_connection_info(address)?
            .set_tcp_settings(tcp)
            .set_redis_settings(self.login.clone());
        match &self.tls {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }
}

impl Origin {
    /// Says whether the next connection may lead to another server.
    pub(super) fn may_change(&self) -> bool {
        matches!(self, Self::Primary { .. })
    }

    /// Returns the server to connect to.
    pub(super) async fn server(&self, deadline: Instant) -> Result<Client, Failure> {
        let (name, sentinels, access) = match self {
            Self::Given(_) => {
                let why = "the application's connection leads there; give the store a URL instead";
                return Err(Failure::because(&self.to_string(), why));
            }
            Self::Server(client) => return Ok(client.clone()),
            Self::Primary {
                name,
                sentinels,
                access,
            } => (name, sentinels, access),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let mut last = Failure::because(&self.to_string(), "no sentinel was named");
        for sentinel in sentinels {
            // A frozen sentinel must leave time to ask the others.
            let limit = (left / 4).max(Duration::from_millis(50));
            match ask(sentinel, name, limit).await {
                Ok(Some((host, port))) => match access.client(&host, port) {
                    Ok(client) => return confirmed(client, deadline).await,
                    Err(error) => last = Failure::of(&endpoint(sentinel), error),
                },
                Ok(None) => {
                    last =
                        Failure::because(&endpoint(sentinel), "it knows no primary of that name");
                }
                Err(failure) => last = failure,
            }
        }
        // The message names every sentinel that was asked.
        let endpoint = self.to_string();
        Err(Failure { endpoint, ..last })
    }
}

/// Asks one sentinel for the primary's address.
async fn ask(
    sentinel: &Client,
    name: &str,
    limit: Duration,
) -> Result<Option<(String, u16)>, Failure> {
    let asking = async {
        let mut connection = sentinel.get_multiplexed_async_connection().await?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        question.query_async(&mut connection).await
    };
    match timeout(limit, asking).await {
        Ok(answer) => answer.map_err(|error| Failure::of(&endpoint(sentinel), error)),
        Err(_) => Err(Failure::slow(&endpoint(sentinel))),
    }
}

/// Checks that the server is a primary: sentinels learn of a change later.
async fn confirmed(client: Client, deadline: Instant) -> Result<Client, Failure> {
    let asking = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let role: RedisResult<Vec<Value>> = cmd("ROLE").query_async(&mut connection).await;
        match role {
            Ok(role) => Ok(role.first() == Some(&Value::BulkString(b"master".to_vec()))),
            // The user must not ask; a replica refuses the first write.
            Err(error) if error.code() == Some("NOPERM") => Ok(true),
            Err(error) => Err(error),
        }
    };
    let is_primary = match timeout_at(deadline, asking).await {
        Ok(answer) => answer.map_err(|error| Failure::of(&endpoint(&client), error))?,
        Err(_) => return Err(Failure::slow(&endpoint(&client))),
    };
    if is_primary {
        return Ok(client);
    }
    Err(Failure::because(
        &endpoint(&client),
        "it is no longer a primary, and the sentinels do not know it yet",
    ))
}

fn endpoint(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("the end of the application's connection"),
            Self::Server(client) => f.write_str(&endpoint(client)),
            Self::Primary {
                name, sentinels, ..
            } => {
                let sentinels: Vec<_> = sentinels.iter().map(endpoint).collect();
                write!(f, "{} (sentinels of {name:?})", sentinels.join(","))
            }
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(…)")
    }
}
