mod call;
mod cluster;
mod commands;
mod connection;
mod count;
mod failure;
mod lane;
mod lanes;
mod link;
mod names;
mod options;
mod origin;
mod owner;
mod owner_index;
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
mod removal;
mod row;
mod scan;
mod scripts;
mod servers;
mod slot_map;
mod store;
#[cfg(feature = "cached")]
mod tracking;
mod url;

use std::sync::Arc;

use futures_util::FutureExt as _;
use session_core::StoreError;

pub use self::connection::RedisConnection;
pub use self::options::{RedisOptions, RevocationScan};
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
pub(crate) use self::removal::Removal;
use self::store::Redis;
#[cfg(feature = "legacy")]
pub(crate) use self::url::choose_cryptography;
use crate::home::{AtHome, store_at_home};

/// A store in Redis 6.2 or newer, or Valkey: one server, Sentinel or a cluster.
///
/// Clones are the same store and share one connection a server; a runtime of one thread that calls often, such as a
/// worker of actix-web, has one of its own. A session is one Redis key for its
/// whole life, so every command is one step on one server, on a cluster too. A load is a `GET`. An
/// owner's sessions are listed in an index under another key; a sign-in and a logout take a second
/// command for it, and may be interrupted between the two without harm.
///
/// Redis frees expired sessions by itself. Its clock and the policy's must roughly agree for that;
/// whether a session is over is decided by the policy's clock alone.
///
/// Configure Redis not to lose sessions: `maxmemory-policy noeviction`, and `appendfsync always`
/// for sessions that survive power failures. If Redis may evict keys, opening logs a warning, and a
/// revocation of all sessions scans every session, because an owner's index may have been evicted
/// ([`RevocationScan`]). A revocation works in steps, so that an owner with very many sessions keeps
/// nobody waiting: what was there at the call is gone when it returns, and a session that begins
/// meanwhile stays.
///
/// Replicas follow with a delay. When one takes over, the last writes may be undone, and a session
/// that was just ended is back; `min-replicas-to-write` narrows this window. A [walk](session_core::Store::walk) through all sessions
/// meets whatever stays on its server; after a failover or while slots move, make another.
///
/// Its connections belong to the tokio runtime that opens it, if that has several threads, and
/// otherwise to a thread of their own: a blocked worker of the server holds up no other one. Calls
/// may come from any runtime with time and I/O, or from outside; the runtime has to keep running. Every
/// command ends within the [time-out](RedisOptions::timeout). After an outage it reconnects by
/// itself. If a connection breaks, the command is sent once more, and a write that was applied the
/// first time is recognised by its revision. It is an error only if another write came after it,
/// because then the revision can't tell.
#[derive(Clone)]
pub struct RedisStore(AtHome<Redis>);

store_at_home!(RedisStore);

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
        let open = |home| Redis::open(options, home).boxed();
        Ok(Self(AtHome::open(open).await?.anywhere()))
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
    pub async fn close(&self) {
        let close = async |store: Arc<Redis>| {
            store.close();
            Ok(())
        };
        // Where the home is gone, so are the connections.
        let _ = self.0.call(close).await;
    }
}
