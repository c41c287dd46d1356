use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, Script, cmd, pipe};
use session_core::{Cursor, Moment, StoreError};
use tokio::time::timeout;

use super::table::{PROBE, Page, Row, Table};
use crate::redis::choose_cryptography;

/// One Redis server with a string under each id.
struct RedisTable {
    connection: ConnectionManager,
    prefix: String,
    limit: Duration,
}

pub(super) async fn connect(
    url: &str,
    prefix: Option<&str>,
    limit: Duration,
) -> Result<Box<dyn Table>, StoreError> {
    if url.starts_with("rediss") {
        choose_cryptography();
    }
    let failed = |error: RedisError| {
        StoreError::new("can't connect to the Redis server of another library's sessions")
            .caused_by(error)
    };
    let client = Client::open(url).map_err(|_| {
        StoreError::new("the URL must have the form redis://user:password@host:port/number")
    })?;
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(1)
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit));
    let connection = ConnectionManager::new_with_config(client, config);
    let connection = timeout(limit * 2, connection).await;
    let connection = connection
        .map_err(|_| slow("connect to"))?
        .map_err(failed)?;
    Ok(Box::new(RedisTable {
        connection,
        prefix: prefix.unwrap_or_default().to_owned(),
        limit,
    }))
}

impl RedisTable {
    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, doing: &str, command: &Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        self.within(doing, command.query_async(&mut connection))
            .await
    }

    async fn within<T>(
        &self,
        doing: &str,
        call: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, StoreError> {
        let answer = timeout(self.limit, call).await.map_err(|_| slow(doing))?;
        answer.map_err(|error| {
            StoreError::new(format!("can't {doing} another library's Redis")).caused_by(error)
        })
    }

    async fn script(
        &self,
        doing: &str,
        text: &str,
        id: &str,
        values: &[&[u8]],
    ) -> Result<bool, StoreError> {
        let script = Script::new(text);
        let mut call = script.key(self.key(id));
        for value in values {
            call.arg(*value);
        }
        let mut connection = self.connection.clone();
        let done: i64 = self
            .within(doing, call.invoke_async(&mut connection))
            .await?;
        Ok(done > 0)
    }
}

#[async_trait]
impl Table for RedisTable {
    async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
        let key = self.key(id);
        let mut both = pipe();
        both.atomic().cmd("GET").arg(&key).cmd("PTTL").arg(&key);
        let mut connection = self.connection.clone();
        let both = both.query_async(&mut connection);
        let (data, left): (Option<Vec<u8>>, i64) = self.within("read a session of", both).await?;
        let left = (left >= 0).then(|| session_core::time::Duration::milliseconds(left));
        Ok(data.map(|data| Row { data, left }))
    }

    async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.script("mark a session of", SWAP, id, &[old, new])
            .await
    }

    async fn remove(&self, id: &str, only: Option<&[u8]>, _: Moment) -> Result<bool, StoreError> {
        if let Some(only) = only {
            return self
                .script("remove a session of", REMOVE, id, &[only])
                .await;
        }
        let remove = cmd("DEL").arg(self.key(id)).to_owned();
        let removed: i64 = self.ask("remove a session of", &remove).await?;
        Ok(removed > 0)
    }

    async fn page(&self, from: &Cursor, limit: usize) -> Result<Page, StoreError> {
        let place = str::from_utf8(from.as_bytes()).ok();
        let place = place.filter(|place| !place.is_empty()).unwrap_or("0");
        let scan = cmd("SCAN")
            .arg(place)
            .arg("COUNT")
            .arg(limit)
            .arg("TYPE")
            .arg("string")
            .to_owned();
        let (next, keys): (String, Vec<Vec<u8>>) = self.ask("list the sessions of", &scan).await?;
        let ids = keys.into_iter().filter_map(|key| {
            let key = String::from_utf8(key).ok()?;
            Some(key.strip_prefix(&self.prefix)?.to_owned())
        });
        Ok(Page {
            ids: ids.collect(),
            next: (next != "0").then(|| Cursor::from_bytes(next.as_bytes())),
        })
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(PROBE).await?;
        // A script that finds nothing writes nothing, and so succeeds on a replica, or without memory.
        let write = cmd("SET").arg(self.key(PROBE)).arg("").arg("XX").to_owned();
        self.ask::<Option<String>>("write to", &write).await?;
        Ok(())
    }

    async fn close(&self) {}
}

const SWAP: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
    redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1 end return 0";

const REMOVE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

fn slow(doing: &str) -> StoreError {
    StoreError::new(format!(
        "can't {doing} another library's Redis: it took too long to answer"
    ))
}

impl fmt::Debug for RedisTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({:?})", self.prefix)
    }
}
