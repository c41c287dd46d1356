use std::io;
use std::time::Duration;

use async_trait::async_trait;
use session_core::StoreError;
use sqlx::Error;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::{Database, PostgresStore};
use crate::cached::{Notice, Notices, Notifies};

#[async_trait]
impl Notifies for PostgresStore {
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
        let Database { pool, table, .. } = &*self.0;
        let listening = async {
            // A listener takes its connection from a pool of sqlx's.
            let own = PgPoolOptions::new().max_connections(1);
            let own = own.connect_lazy_with(pool.server().0.clone());
            let mut listener = PgListener::connect_with(&own).await?;
            // It would connect again and not tell what it has missed.
            listener.eager_reconnect(false);
            listener.listen(table.channel()).await?;
            Ok(listener)
        };
        let listener = within(&self.0, listening).await?;
        Ok(Box::new(Listening {
            database: self.clone(),
            listener,
        }))
    }
}

/// A connection that hears what the stores of a table tell; see [`Notify`](super::Notify).
///
/// When it is dropped `sqlx` says goodbye in a task of its own, which a frozen server holds up.
struct Listening {
    database: PostgresStore,
    listener: PgListener,
}

#[async_trait]
impl Notices for Listening {
    async fn next(&mut self) -> Result<Notice, StoreError> {
        let database = &*self.database.0;
        loop {
            let Ok(received) = timeout(BEAT, self.listener.try_recv()).await else {
                // A connection that nobody has closed may be dead all the same. What is told
                // meanwhile is kept.
                let probe = sqlx::query("SELECT 1").execute(&mut self.listener);
                within(database, probe).await?;
                continue;
            };
            match received {
                Ok(Some(notification)) => {
                    if let Some(key) = digest(notification.payload()) {
                        return Ok(Notice::Key(key));
                    }
                }
                Ok(None) => {
                    let ended = Error::Io(io::ErrorKind::UnexpectedEof.into());
                    return Err(database.pool.failed(DOING, ended));
                }
                Err(error) => return Err(database.pool.failed(DOING, error)),
            }
        }
    }
}

const DOING: &str = "listen to";

/// How often the server is asked whether it is there when it tells nothing.
const BEAT: Duration = Duration::from_secs(1);

async fn within<T>(
    database: &Database,
    asking: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match timeout(database.pool.timeout(), asking).await {
        Ok(answer) => answer.map_err(|error| database.pool.failed(DOING, error)),
        Err(_) => Err(database.pool.slow(DOING)),
    }
}

/// Reads a digest, which is written in hexadecimal digits; who writes something else is none of ours.
fn digest(payload: &str) -> Option<[u8; 32]> {
    let digits = payload.as_bytes();
    let mut digest = [0; 32];
    if digits.len() != 2 * digest.len() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_is_no_digest_is_nobody_s() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(digest(&digits).unwrap()[..3], [0x01, 0x23, 0x45]);
        for bad in ["", "00", &digits[1..], &"xy".repeat(32), &"ä".repeat(32)] {
            assert_eq!(digest(bad), None, "{bad}");
        }
    }
}
