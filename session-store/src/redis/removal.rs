use std::fmt;
use std::time::Duration;

use redis::cmd;
use session_core::StoreError;
use tokio::time::Instant;

use super::options::RedisOptions;
use super::servers::Servers;
use crate::home::Home;

/// The removal of keys that another program has in Redis.
#[derive(Debug)]
pub(crate) struct Removal {
    servers: Servers,
    limit: Duration,
}

impl Removal {
    /// Takes the servers of the options; none is asked yet. No removal takes longer than the limit.
    pub(crate) fn new(
        options: &RedisOptions,
        home: Home,
        limit: Duration,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            servers: options.servers(home)?,
            limit: limit.min(options.timeout),
        })
    }

    /// Removes a key if it is there.
    pub(crate) async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let remove = cmd("DEL").arg(key).take();
        let deadline = Instant::now() + self.limit;
        let removed = self.servers.call(key.as_bytes(), &remove, deadline).await;
        match removed {
            Err(failure) if failure.is_cut_off() => {
                let again = self.servers.call(key.as_bytes(), &remove, deadline).await;
                again.map(drop)
            }
            removed => removed.map(drop),
        }
        .map_err(|failure| failure.during("drop an entry of Django's cache from"))
    }

    pub(crate) fn close(&self) {
        self.servers.close();
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.servers.fmt(f)
    }
}
