use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Key, PublicId, StoreError};
use sqlx::Error;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::PostgresStore;
use super::dialect::Postgres;
use crate::cached::{Notice, Notices, Notifies};
use crate::server::{Pool, SqlStore};

#[async_trait]
impl Notifies for PostgresStore {
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
        let Postgres {
            listening: options,
            table,
            pooler,
            ..
        } = self.0.store().pool.server();
        if !within(&self.0.store().pool, pooler.leads_past(options)).await? {
            return Err(StoreError::new(
                "can't listen through a pooler; name the server itself by PostgresOptions::listen_url",
            ));
        }
        let listening = async {
            // A listener takes its connection from a pool of `sqlx`.
            let own = PgPoolOptions::new().max_connections(1);
            let own = own.connect_lazy_with(options.clone());
            let mut listener = PgListener::connect_with(&own).await?;
            // It would reconnect without telling that notices were missed.
            listener.eager_reconnect(false);
            listener.listen(table.channel()).await?;
            Ok(listener)
        };
        let listener = within(&self.0.store().pool, listening).await?;
        let store = Arc::clone(self.0.store());
        Ok(Box::new(Listening { store, listener }))
    }
}

/// A connection that receives the notices of a table's stores; see [`Notify`](super::Notify).
///
/// When it is dropped, `sqlx` closes the connection in a task of its own, which a frozen server
/// holds up.
struct Listening {
    store: Arc<SqlStore<Postgres>>,
    listener: PgListener,
}

#[async_trait]
impl Notices for Listening {
    async fn next(&mut self) -> Result<Notice, StoreError> {
        let pool = &self.store.pool;
        loop {
            let Ok(received) = timeout(BEAT, self.listener.try_recv()).await else {
                // A connection may be dead without having been closed. Notices that arrive during
                // the probe are buffered.
                let probe = sqlx::query("SELECT 1").execute(&mut self.listener);
                within(pool, probe).await?;
                continue;
            };
            match received {
                Ok(Some(notification)) => {
                    if let Some(key) = key(notification.payload()) {
                        return Ok(Notice::Key(key));
                    }
                }
                Ok(None) => {
                    let ended = Error::Io(io::ErrorKind::UnexpectedEof.into());
                    return Err(pool.failed(DOING, ended));
                }
                Err(error) => return Err(pool.failed(DOING, error)),
            }
        }
    }
}

const DOING: &str = "listen to";

/// The interval at which a silent server is probed.
const BEAT: Duration = Duration::from_secs(1);

async fn within<T>(
    pool: &Pool<Postgres>,
    asking: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match timeout(pool.timeout(), asking).await {
        Ok(answer) => answer.map_err(|error| pool.failed(DOING, error)),
        Err(_) => Err(pool.slow(DOING)),
    }
}

/// Reads a key, which is written like a handle; `None` for the payload of another program.
fn key(payload: &str) -> Option<Key> {
    Key::from_bytes(PublicId::parse(payload)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_is_no_key_is_ignored() {
        let digits = "0123456789abcdef".repeat(2);
        assert_eq!(key(&digits).unwrap().as_bytes()[..3], [0x01, 0x23, 0x45]);
        for bad in ["", "00", &digits[1..], &"xy".repeat(16), &"ä".repeat(16)] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
