//! A store, a clock and a browser small enough to be seen through.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used)]

pub mod shelf;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use session_core::{
    Clock, Command, Entropy, EntropyError, Exchange, Found, Key, ManualClock, Outcome, Policy,
    PolicyBuilder, Record, Reply, Session, Step,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

/// Bytes that are never the same and always the same: a counter, spread.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let mut x = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The port's laws over a map.
#[derive(Debug, Default, Clone)]
pub struct Model(
    pub HashMap<[u8; 32], Record>,
    /// Where each remembered key leads, and until when.
    pub HashMap<[u8; 32], ([u8; 32], OffsetDateTime)>,
);

impl Model {
    pub fn load(&self, key: &Key, now: OffsetDateTime) -> Option<Found> {
        if let Some(record) = self.record(key.digest(), now) {
            return Some(Found::Here(record));
        }
        let (to, until) = self.1.get(key.digest())?;
        let record = self.record(to, now).filter(|_| *until > now)?;
        let to = Key::from_digest(*to);
        Some(Found::Moved { to, record })
    }

    pub fn record(&self, digest: &[u8; 32], now: OffsetDateTime) -> Option<Record> {
        let found = self.0.get(digest);
        found.filter(|record| record.expires > now).cloned()
    }

    pub fn write(&mut self, command: Command<'_>, now: OffsetDateTime) -> Outcome {
        let live = |key: &Key| {
            self.0
                .get(key.digest())
                .filter(|record| record.expires > now)
        };
        match command {
            Command::Insert { key, record } => {
                if live(key).is_some() {
                    return Outcome::Refused;
                }
                self.0.insert(*key.digest(), record.clone());
            }
            Command::Replace {
                key,
                expected,
                with,
                record,
                remembered,
            } => {
                let fits = live(key).is_some_and(|old| old.revision == expected);
                if !fits || (with != key && live(with).is_some()) {
                    return Outcome::Refused;
                }
                self.0.remove(key.digest());
                self.0.insert(*with.digest(), record.clone());
                if with != key {
                    self.1.retain(|_, (to, _)| to != key.digest());
                    self.1.insert(*key.digest(), (*with.digest(), remembered));
                }
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                if !live(key).is_some_and(|old| old.revision == expected) {
                    return Outcome::Refused;
                }
                let record = self.0.get_mut(key.digest()).unwrap();
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
            }
            Command::Delete { key } => {
                let gone = match self.load(key, now) {
                    Some(Found::Moved { to, .. }) => to,
                    _ => *key,
                };
                self.0.remove(gone.digest());
            }
        }
        Outcome::Applied
    }

    pub fn live(&self, now: OffsetDateTime) -> Vec<&Record> {
        self.0
            .values()
            .filter(|record| record.expires > now)
            .collect()
    }
}

/// A store, a clock and the calls that were made.
pub struct World {
    pub policy: Arc<Policy>,
    pub clock: Arc<ManualClock>,
    pub model: Mutex<Model>,
    pub calls: Mutex<Vec<&'static str>>,
}

/// A response, as a browser sees it.
pub struct Seen {
    pub reply: Reply,
    pub calls: Vec<&'static str>,
}

impl World {
    pub fn new(configure: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let builder = Policy::builder()
            .clock(Arc::clone(&clock))
            .danger_entropy(Counter::default());
        Self {
            policy: Arc::new(configure(builder).build().unwrap()),
            clock,
            model: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub fn load(&self, key: &Key) -> Option<Found> {
        self.calls.lock().unwrap().push("load");
        self.model.lock().unwrap().load(key, self.now())
    }

    pub fn write(&self, command: Command<'_>) -> Outcome {
        self.calls.lock().unwrap().push(match command {
            Command::Insert { .. } => "insert",
            Command::Replace { .. } => "replace",
            Command::Touch { .. } => "touch",
            Command::Delete { .. } => "delete",
        });
        self.model.lock().unwrap().write(command, self.now())
    }

    pub fn open(&self, cookie: &str) -> Session {
        let header = format!("theme=dark; {}={cookie}", self.policy.cookie_name());
        let mut exchange = Exchange::open(&self.policy, [header.as_bytes()]);
        loop {
            match exchange {
                Exchange::Open(session) => return session,
                Exchange::Unread(question) => {
                    let found = self.load(question.key());
                    exchange = question.answer(found, self.now());
                }
            }
        }
    }

    pub fn drive(&self, mut step: Step) -> Reply {
        loop {
            step = match step {
                Step::Done(reply) => return reply,
                Step::Load(load) => {
                    let found = self.load(load.key());
                    load.answer(found, self.now()).unwrap()
                }
                Step::Write(write) => {
                    let outcome = self.write(write.command());
                    write.answer(outcome, self.now()).unwrap()
                }
            };
        }
    }

    /// One whole request that opens the session.
    pub fn request(&self, cookie: &str, status: u16, act: impl FnOnce(&Session)) -> Seen {
        self.calls.lock().unwrap().clear();
        let session = self.open(cookie);
        act(&session);
        let reply = self.drive(session.finish(status, self.now()).unwrap());
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        Seen { reply, calls }
    }

    /// A session with one value; returns its cookie.
    pub fn begin(&self) -> String {
        let seen = self.request("", 200, |session| session.insert("base", 1).unwrap());
        seen.id().unwrap()
    }

    pub fn rows(&self) -> usize {
        self.model.lock().unwrap().0.len()
    }

    pub fn record(&self, cookie: &str) -> Option<Record> {
        let key = Key::of(session_core::Id::parse(cookie.as_bytes()).unwrap());
        let model = self.model.lock().unwrap();
        model.record(key.digest(), self.now())
    }
}

impl Seen {
    /// The id that the response set.
    pub fn id(&self) -> Option<String> {
        id_of(&self.reply)
    }

    /// The response's `Max-Age`, if it set one.
    pub fn max_age(&self) -> Option<i64> {
        let cookie = self.reply.set_cookie()?;
        let rest = cookie.split("Max-Age=").nth(1)?;
        rest.split(';').next()?.parse().ok()
    }

    /// What the response does to a browser that sent `cookie`: `-`, `same`, `new` or `remove`.
    pub fn effect(&self, cookie: &str) -> &'static str {
        match self.reply.set_cookie() {
            None => "-",
            Some(text) if text.contains("Max-Age=0") => "remove",
            Some(_) if self.id().as_deref() == Some(cookie) => "same",
            Some(_) => "new",
        }
    }
}

pub fn id_of(reply: &Reply) -> Option<String> {
    let (_, rest) = reply.set_cookie()?.split_once('=')?;
    let id = rest.split(';').next()?;
    (!id.is_empty()).then(|| id.to_owned())
}
