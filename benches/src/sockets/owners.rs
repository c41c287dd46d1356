//! Redis' own time for the sessions of owners, whom only ours have: a write also keeps the owner's list.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use session_core::{Policy, RequestSession, SessionError, Sessions};
use session_costs::{COUNTER, key, value, values};
use session_servers::Redis;
use session_store::RedisStore;
use tokio::runtime::Runtime;

use crate::sockets::commands::{REQUESTS, RedisTime, redis_time, sent_to_redis};

/// What Redis does for a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Row {
    pub request: String,
    pub commands: BTreeMap<String, f64>,
    pub time: RedisTime,
}

/// Counts and measures reads and writes in sessions of 1 KiB, and sign-ins.
///
/// # Errors
///
/// Redis fails.
pub fn measure(redis: &Redis) -> Result<Vec<Row>> {
    let runtime = Runtime::new()?;
    let store = runtime.block_on(RedisStore::open(&redis.url()))?;
    let sessions = Sessions::new(Policy::default(), store);
    let visit = |cookie: &str, act: &dyn Fn(&RequestSession) -> Result<(), SessionError>| {
        runtime.block_on(visit(&sessions, cookie, act))
    };
    let begin = |owner: Option<&str>| {
        visit("", &|session| {
            for number in 0..values() {
                session.insert(&key(number), value())?;
            }
            session.insert(COUNTER, 0)?;
            owner.map_or(Ok(()), |owner| session.sign_in(owner))
        })
    };
    let (nobodys, owners) = (begin(None)?, begin(Some("ada"))?);
    let count = |session: &RequestSession| {
        let count = session.update(COUNTER, |count: Option<u64>| count.unwrap_or(0) + 1);
        count.map(|_| ())
    };
    let mut number = 0;
    let mut rows = Vec::new();
    for (request, cookie) in [
        ("a read in nobody's session", Some(&nobodys)),
        ("a read in an owner's session", Some(&owners)),
        ("a write to nobody's session", Some(&nobodys)),
        ("a write to an owner's session", Some(&owners)),
        ("an owner's sign-in", None),
    ] {
        let mut requests = |times| {
            for _ in 0..times {
                let Some(cookie) = cookie else {
                    number += 1;
                    begin(Some(&format!("owner{number}")))?;
                    continue;
                };
                if request.starts_with("a read") {
                    visit(cookie, &|session| {
                        session.get::<String>(&key(5)).map(|_| ())
                    })?;
                } else {
                    visit(cookie, &count)?;
                }
            }
            Ok(())
        };
        requests(REQUESTS)?;
        let commands = sent_to_redis(redis, || requests(REQUESTS))?;
        redis.cli(&["CONFIG", "RESETSTAT"])?;
        requests(TIMES)?;
        rows.push(Row {
            request: request.to_owned(),
            time: redis_time(redis, &commands)?,
            commands,
        });
    }
    Ok(rows)
}

/// Makes a request, and returns the cookie that the browser has afterwards.
async fn visit(
    sessions: &Sessions,
    cookie: &str,
    act: &dyn Fn(&RequestSession) -> Result<(), SessionError>,
) -> Result<String> {
    let request = sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await?;
    act(&session)?;
    drop(session);
    let reply = request.commit(200).await?;
    let Some(set) = reply.set_cookie() else {
        return Ok(cookie.to_owned());
    };
    let (pair, _) = set.split_once(';').context("a cookie has attributes")?;
    Ok(pair.to_owned())
}

/// How many requests are measured.
const TIMES: u32 = 2_000;
