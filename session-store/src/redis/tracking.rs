//! Notices of writes, which the servers send.
//!
//! A connection to every primary asks for the names of all written keys of the application (`CLIENT
//! TRACKING ON BCAST`). Writers do nothing for it, so old versions, operators and evictions are
//! noticed too. A script that publishes would need a right that users of Redis 7 lack by default.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{Either, select, try_join_all};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, Value, cmd};
use session_core::StoreError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::RedisStore;
use super::failure::Failure;
use super::link::Link;
use super::names::Names;
use super::servers::Servers;
use super::slot_map::Address;
use super::store::Redis;
use crate::cached::{Notice, Notices, Notifies};

#[async_trait]
impl Notifies for RedisStore {
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
        let begin = async |store| {
            let tracking = Tracking::begin(store).await;
            tracking.map_err(|failure| failure.during(DOING))
        };
        Ok(Box::new(self.0.call(begin).await?))
    }
}

const DOING: &str = "listen to";

/// A connection to each primary that receives notices.
struct Tracking {
    endpoint: String,
    names: Names,
    pushes: UnboundedReceiver<PushInfo>,
    heard: VecDeque<Notice>,
    /// Ends when notices may be missing; it owns the connections.
    trouble: Task<Failure>,
}

/// A task that ends with its owner.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Notices for Tracking {
    async fn next(&mut self) -> Result<Notice, StoreError> {
        loop {
            if let Some(notice) = self.heard.pop_front() {
                return Ok(notice);
            }
            let push = match select(pin!(self.pushes.recv()), &mut self.trouble.0).await {
                Either::Left((push, _)) => push,
                Either::Right((Ok(failure), _)) => return Err(failure.during(DOING)),
                Either::Right((Err(_), _)) => None,
            };
            match push {
                Some(push) if push.kind != PushKind::Disconnection => self.take(push),
                _ => {
                    let closed = Failure::because(&self.endpoint, "it has closed the connection");
                    return Err(closed.during(DOING));
                }
            }
        }
    }
}

impl Tracking {
    /// Connects, and watches the connections with a task of the present runtime.
    async fn begin(store: Arc<Redis>) -> Result<Self, Failure> {
        let deadline = store.deadline();
        let (sender, pushes) = unbounded_channel();
        let (links, primaries) = match &store.servers {
            Servers::Single(link) => (vec![link.clone()], Vec::new()),
            Servers::Cluster(cluster) => {
                let primaries = cluster.look(deadline).await?;
                (cluster.primaries(deadline).await?, primaries)
            }
        };
        let beginning = &store.names.beginning();
        let ears = links
            .iter()
            .map(|link| Ear::open(link, beginning, sender.clone(), deadline));
        let ears = try_join_all(ears).await?;
        Ok(Self {
            endpoint: store.servers.to_string(),
            names: store.names.clone(),
            pushes,
            heard: VecDeque::new(),
            trouble: Task(tokio::spawn(trouble(store, ears, primaries))),
        })
    }

    fn take(&mut self, push: PushInfo) {
        if push.kind != PushKind::Invalidate {
            return;
        }
        match push.data.into_iter().next() {
            Some(Value::Array(names)) => {
                let keys = names.iter().filter_map(|name| match name {
                    Value::BulkString(name) => self.names.key(name),
                    _ => None,
                });
                self.heard.extend(keys.map(Notice::Key));
            }
            // The server was flushed.
            _ => self.heard.push_back(Notice::All),
        }
    }
}

/// Waits until a server does not answer, or the primaries change.
///
/// Probes are needed because a connection may be dead without having been closed.
async fn trouble(store: Arc<Redis>, ears: Vec<Ear>, primaries: Vec<Address>) -> Failure {
    loop {
        sleep(BEAT).await;
        let deadline = store.deadline();
        if let Err(failure) = try_join_all(ears.iter().map(|ear| ear.probe(deadline))).await {
            return failure;
        }
        if let Servers::Cluster(cluster) = &store.servers {
            match cluster.look(deadline).await {
                Ok(now) if now == primaries => {}
                Ok(_) => {
                    return Failure::because(&cluster.to_string(), "its primaries have changed");
                }
                Err(failure) => return failure,
            }
        }
    }
}

/// The interval at which each server is probed.
const BEAT: Duration = Duration::from_secs(1);

/// A connection that receives the notices of one server.
struct Ear {
    endpoint: String,
    /// Whether the server may become a replica while the connection stays.
    may_change: bool,
    connection: MultiplexedConnection,
}

impl Ear {
    async fn open(
        link: &Link,
        beginning: &[u8],
        sender: UnboundedSender<PushInfo>,
        deadline: Instant,
    ) -> Result<Self, Failure> {
        let server = link.server(deadline).await?;
        let info = server.get_connection_info().clone();
        // Only this version of the protocol has server pushes.
        let login = info.redis_settings().clone();
        let login = login.set_protocol(ProtocolVersion::RESP3);
        let connecting = async {
            let client = Client::open(info.set_redis_settings(login))?;
            // Calls have deadlines of their own.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(None)
                .set_response_timeout(None)
                .set_push_sender(sender);
            let connecting = client.get_multiplexed_async_connection_with_config(&config);
            let mut connection = connecting.await?;
            let mut tracking = cmd("CLIENT");
            tracking.arg("TRACKING").arg("ON").arg("BCAST");
            tracking.arg("PREFIX").arg(beginning);
            tracking.exec_async(&mut connection).await?;
            Ok(connection)
        };
        let endpoint = link.endpoint();
        match timeout_at(deadline, connecting).await {
            Ok(Ok(connection)) => Ok(Self {
                may_change: link.may_change(),
                connection,
                endpoint,
            }),
            Ok(Err(error)) => Err(Failure::of(&endpoint, error)),
            Err(_) => Err(Failure::slow(&endpoint)),
        }
    }

    async fn probe(&self, deadline: Instant) -> Result<(), Failure> {
        let question = cmd(if self.may_change { "ROLE" } else { "PING" });
        let mut connection = self.connection.clone();
        let asking = question.query_async::<Value>(&mut connection);
        let answer = match timeout_at(deadline, asking).await {
            // A user who must not ask has an answer too; then a change of primary is noticed by
            // the connection's end.
            Ok(Err(error)) if error.code() == Some("NOPERM") => return Ok(()),
            Ok(answer) => answer.map_err(|error| Failure::of(&self.endpoint, error))?,
            Err(_) => return Err(Failure::slow(&self.endpoint)),
        };
        match answer {
            Value::Array(role) if role.first() != Some(&Value::BulkString(b"master".into())) => {
                Err(Failure::because(
                    &self.endpoint,
                    "it is no longer a primary",
                ))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use session_core::{Command, Key, Only, Store as _};
    use session_servers::{Redis as Server, skips};
    use session_testkit::{changed, key_of, moment_at, record_of};
    use tokio::time::timeout;

    use super::*;

    /// Reads notices until this one.
    async fn hears(notices: &mut dyn Notices, expected: Notice) {
        let hearing = async { while notices.next().await.unwrap() != expected {} };
        let heard = timeout(BEAT * 10, hearing).await;
        assert!(heard.is_ok(), "{expected:?} was not told");
    }

    #[tokio::test]
    async fn every_command_leads_to_a_notice_of_the_session_s_key() {
        if skips("every_command_leads_to_a_notice", &Server::PROGRAMS) {
            return;
        }
        let redis = Server::start().unwrap();
        let store = RedisStore::open(redis.url()).await.unwrap();
        let notices = &mut *store.listen().await.unwrap();
        let write = async |command| store.write(command, moment_at(0)).await.unwrap();
        let record = &changed!(record_of(1), owner = Some("ada".into()));
        let keys: [Key; 3] = [1, 2, 3].map(key_of);
        for key in &keys {
            write(Command::Insert { key, record }).await;
            hears(notices, Notice::Key(*key)).await;
        }
        let expected = record.revision;
        let expires = moment_at(500);
        for command in [
            Command::Replace {
                key: &keys[0],
                expected,
                record: &record_of(2),
            },
            Command::Touch {
                key: &keys[1],
                expected,
                seen: moment_at(1),
                expires,
            },
            Command::Delete {
                key: &keys[2],
                only: Only::Always,
            },
        ] {
            write(command).await;
            hears(notices, Notice::Key(*command.key())).await;
        }
        redis.cli(&["FLUSHALL"]).unwrap();
        hears(notices, Notice::All).await;
    }
}
