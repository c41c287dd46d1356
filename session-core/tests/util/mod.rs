//! A store, a clock and a browser small enough to be seen through.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used)]

pub mod shelf;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_core::{
    Carrier, Clock, Command, CommitError, Entropy, EntropyError, Exchange, Id, IdForm, Key,
    ManualClock, Moment, Only, Opened, Outcome, Policy, PolicyBuilder, Record, Reply, Session,
    Step, StoreError,
};
use time::macros::datetime;

pub const START: Moment = Moment::of(datetime!(2026-01-01 00:00 UTC));

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
pub struct Model(pub HashMap<Key, Record>);

impl Model {
    pub fn write(&mut self, command: Command<'_>, now: Moment) -> Outcome {
        let fits = |key: &Key, expected| {
            let record = self.0.get(key);
            record.is_some_and(|record| record.expires > now && record.revision == expected)
        };
        match command {
            Command::Insert { key, record } => {
                if self.0.contains_key(key) {
                    return Outcome::Refused;
                }
                self.0.insert(*key, record.clone());
            }
            Command::Replace {
                key,
                expected,
                record,
            } => {
                if !fits(key, expected) {
                    return Outcome::Refused;
                }
                if record.expires > now {
                    self.0.insert(*key, record.clone());
                } else {
                    self.0.remove(key);
                }
            }
            Command::Move {
                key,
                to,
                expected,
                record,
            } => {
                if !fits(key, expected) || self.0.contains_key(to) {
                    return Outcome::Refused;
                }
                self.0.remove(key);
                self.0.insert(*to, record.clone());
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                if !fits(key, expected) {
                    return Outcome::Refused;
                }
                let record = self.0.get_mut(key).unwrap();
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
            }
            Command::Delete { key, only } => {
                let is_meant = self.0.get(key).is_some_and(|record| match only {
                    Only::Always => true,
                    Only::Opened(digest) => record.secrets.include(digest),
                    Only::Over(moment) => record.expires <= moment,
                });
                if is_meant {
                    self.0.remove(key);
                }
            }
        }
        Outcome::Applied
    }

    /// An owner's list, the newest first.
    pub fn listed(&self, owner: &str, at: Moment) -> Vec<session_core::Device> {
        let of_owner = self.live(at);
        let of_owner = of_owner.filter(|(_, record)| record.owner.as_deref() == Some(owner));
        let open = of_owner.filter(|(_, record)| !record.closed);
        let mut listed: Vec<_> = open.map(|(key, record)| record.device(key)).collect();
        listed.sort_by_key(|device| std::cmp::Reverse((device.created, device.public_id)));
        listed
    }

    pub fn live(&self, now: Moment) -> impl Iterator<Item = (&Key, &Record)> {
        self.0
            .iter()
            .filter(move |(_, record)| record.expires > now)
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

    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    pub fn set_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub fn load(&self, key: &Key) -> Option<Record> {
        self.calls.lock().unwrap().push("load");
        self.model.lock().unwrap().0.get(key).cloned()
    }

    pub fn write(&self, command: Command<'_>) -> Outcome {
        self.calls.lock().unwrap().push(match command {
            Command::Insert { .. } => "insert",
            Command::Replace { .. } => "replace",
            Command::Move { .. } => "move",
            Command::Touch { .. } => "touch",
            Command::Delete { .. } => "delete",
        });
        self.model.lock().unwrap().write(command, self.now())
    }

    /// The `Cookie` header of a browser that has this cookie, and another.
    pub fn header(&self, cookie: &str) -> String {
        format!("theme=dark; {}={cookie}", self.policy.cookie_name())
    }

    pub fn open(&self, cookie: &str) -> Opened {
        let header = self.header(cookie);
        self.opened(match self.policy.carrier() {
            Carrier::Bearer => {
                let bearer = format!("Bearer {cookie}");
                Exchange::open_with(&self.policy, [], [bearer.as_bytes()])
            }
            _ => Exchange::open(&self.policy, [header.as_bytes()]),
        })
    }

    /// Answers an exchange's questions.
    pub fn opened(&self, mut exchange: Exchange) -> Opened {
        loop {
            match exchange {
                Exchange::Open(opened) => return opened,
                Exchange::Unread(question) => {
                    let found = self.load(question.key());
                    exchange = question.answer(found, self.now());
                }
            }
        }
    }

    /// Carries out one step.
    pub fn step(&self, step: Step) -> Result<Step, CommitError> {
        match step {
            Step::Done(reply) => Ok(Step::Done(reply)),
            Step::List(list) => {
                self.calls.lock().unwrap().push("list");
                let found = self.model.lock().unwrap().listed(list.owner(), list.at());
                let found = found.into_iter().take(list.limit()).collect();
                list.answer(Ok(found), self.now())
            }
            Step::Load(load) => {
                let found = self.load(load.key());
                load.answer(Ok(found), self.now())
            }
            Step::Write(write) => {
                let outcome = self.write(write.command());
                write.answer(Ok(outcome), self.now())
            }
        }
    }

    pub fn try_drive(&self, mut step: Step) -> Result<Reply, CommitError> {
        loop {
            match self.step(step)? {
                Step::Done(reply) => return Ok(reply),
                next => step = next,
            }
        }
    }

    pub fn drive(&self, step: Step) -> Reply {
        self.try_drive(step).unwrap()
    }

    /// Commits early.
    pub fn save(&self, opened: &Opened) -> Reply {
        self.drive(opened.commit(self.now()).unwrap())
    }

    pub fn finish(&self, opened: Opened, status: u16) -> Seen {
        let reply = self.drive(opened.finish(status, self.now()).unwrap());
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        Seen { reply, calls }
    }

    /// One whole request that opens the session.
    pub fn request(&self, cookie: &str, status: u16, act: impl FnOnce(&Session)) -> Seen {
        self.request_with(cookie, status, |opened| act(opened.session()))
    }

    /// The same, for a request that saves early.
    pub fn request_with(&self, cookie: &str, status: u16, act: impl FnOnce(&Opened)) -> Seen {
        self.calls.lock().unwrap().clear();
        let opened = self.open(cookie);
        act(&opened);
        self.finish(opened, status)
    }

    /// A session with one value; returns its cookie.
    pub fn begin(&self) -> String {
        let seen = self.request("", 200, |session| session.insert("base", 1).unwrap());
        seen.id().unwrap()
    }

    pub fn rows(&self) -> usize {
        self.model.lock().unwrap().0.len()
    }

    /// The live record under a cookie's key, whatever its secret.
    pub fn record(&self, cookie: &str) -> Option<Record> {
        let model = self.model.lock().unwrap();
        let record = model.0.get(&key_of(cookie));
        record.filter(|record| record.expires > self.now()).cloned()
    }

    /// Puts a record where a cookie leads.
    pub fn put(&self, cookie: &str, record: Record) {
        self.model.lock().unwrap().0.insert(key_of(cookie), record);
    }

    /// The only live record.
    pub fn only_record(&self) -> Record {
        let model = self.model.lock().unwrap();
        let mut live = model.live(self.now());
        let (_, record) = live.next().expect("there is a session");
        assert!(live.next().is_none(), "more than one session: {model:?}");
        record.clone()
    }
}

pub fn key_of(cookie: &str) -> Key {
    let forms = [IdForm::Hashed, IdForm::Plain];
    let id = forms.map(|form| Id::parse_as(form, cookie.as_bytes()));
    id.into_iter().flatten().next().unwrap().key()
}

pub fn outage() -> StoreError {
    StoreError::new("the store is down")
}

impl Seen {
    /// The id that the response set.
    pub fn id(&self) -> Option<String> {
        id_of(&self.reply)
    }

    /// The response's `Max-Age`, if it set one.
    pub fn max_age(&self) -> Option<u64> {
        let cookie = self.reply.set_cookie()?;
        let rest = cookie.split("Max-Age=").nth(1)?;
        rest.split(';').next()?.parse().ok()
    }

    /// What the response does to a browser that sent `cookie`: `-`, `same`, `new` or `remove`.
    pub fn effect(&self, cookie: &str) -> &'static str {
        if let Some(token) = self.reply.session_token() {
            return if token == cookie { "same" } else { "new" };
        }
        match self.reply.set_cookie() {
            None => "-",
            Some(text) if text.contains("Max-Age=0") => "remove",
            Some(_) if self.id().as_deref() == Some(cookie) => "same",
            Some(_) => "new",
        }
    }
}

pub fn id_of(reply: &Reply) -> Option<String> {
    if let Some(token) = reply.session_token() {
        return Some(token.to_owned());
    }
    let (_, rest) = reply.set_cookie()?.split_once('=')?;
    let id = rest.split(';').next()?;
    (!id.is_empty()).then(|| id.to_owned())
}
