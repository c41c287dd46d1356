use std::time::Duration;

use session_core::{
    Command, Device, Digest, Exchange, Key, Moment, Outcome, PublicId, Record, StoreError,
};

use crate::cast::{Setting, Who};
use crate::schedule::Choices;
use crate::util::{World, outage};

/// The store with its failures, the jars, and all that has happened.
pub struct Scene<'a> {
    pub world: World,
    pub setting: Setting,
    pub choices: &'a mut Choices,
    faults_left: usize,
    pub jar: Option<String>,
    pub strangers_jar: Option<String>,
    /// The cookie of the beginning.
    pub first: Known,
    /// Every cookie that was ever sent to somebody.
    pub known: Vec<Known>,
    pub events: Vec<Event>,
    pub trace: Vec<(usize, &'static str)>,
    /// Whether the first session was ended: by a logout, or because its time was over.
    pub is_first_ended: bool,
    /// How far the clock of the server is ahead that acts.
    pub ahead: i64,
    /// The sessions that were revoked.
    pub revoked: Vec<Key>,
    has_ceased_to_write: bool,
}

/// A cookie, and what it opens.
#[derive(Clone)]
pub struct Known {
    pub cookie: String,
    pub key: Key,
    pub digest: Digest,
}

/// A command that has reached the store.
pub struct Event {
    pub actor: usize,
    /// Of a record that moves, the new one.
    pub key: Key,
    /// The key of before, of a record that moves.
    pub from: Option<Key>,
    pub is_insert: bool,
    pub is_delete: bool,
    pub before: Option<Record>,
    pub after: Option<Record>,
    /// Whether the request has seen that it was applied.
    pub is_acknowledged: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Works,
    FailsBefore,
    DroppedBefore,
    FailsAfter,
    DroppedAfter,
}

/// What a store call can come to; what it reads makes no difference afterwards.
const READ_FATES: [Fate; 3] = [Fate::Works, Fate::FailsBefore, Fate::DroppedBefore];
const WRITE_FATES: [Fate; 5] = [
    Fate::Works,
    Fate::FailsBefore,
    Fate::DroppedBefore,
    Fate::FailsAfter,
    Fate::DroppedAfter,
];

impl<'a> Scene<'a> {
    pub fn new(setting: Setting, choices: &'a mut Choices) -> Self {
        let world = World::new(|policy| {
            let policy = policy.rotation_grace(setting.grace);
            let policy = match setting.rotate_every {
                Some(age) => policy.rotate_every(age),
                None => policy,
            };
            if setting.is_plain {
                policy.plain_ids()
            } else {
                policy
            }
        });
        let begun = world.request("", 200, |session| {
            session.insert("base", 1).unwrap();
            if let Some(owner) = setting.owner {
                session.sign_in(owner).unwrap();
            }
        });
        let cookie = begun.id().unwrap();
        let first = Known::new(&world, &cookie);
        // What happens later is told from the beginning by its moment.
        world.advance(setting.age);
        Self {
            world,
            setting,
            choices,
            faults_left: setting.faults,
            jar: Some(cookie.clone()),
            strangers_jar: Some(cookie),
            known: vec![first.clone()],
            first,
            events: Vec::new(),
            trace: Vec::new(),
            is_first_ended: false,
            ahead: 0,
            revoked: Vec::new(),
            has_ceased_to_write: false,
        }
    }

    pub fn cookie_of(&self, who: Who) -> Option<String> {
        match who {
            Who::Browser => self.jar.clone(),
            Who::Stranger => self.strangers_jar.clone(),
        }
    }

    fn fate(&mut self, fates: &[Fate]) -> Fate {
        if self.faults_left == 0 {
            return Fate::Works;
        }
        let fate = fates[self.choices.choose(fates.len())];
        if fate != Fate::Works {
            self.faults_left -= 1;
        }
        fate
    }

    /// Loads a record; `None` if the request is dropped instead.
    pub fn load(&mut self, actor: usize, key: &Key) -> Option<Result<Option<Record>, StoreError>> {
        let fate = self.fate(&READ_FATES);
        let (label, answer) = match fate {
            Fate::Works => ("loads", Some(Ok(self.world.load(key)))),
            Fate::DroppedBefore | Fate::DroppedAfter => ("is dropped before a load", None),
            _ => ("cannot load", Some(Err(outage()))),
        };
        self.trace.push((actor, label));
        answer
    }

    /// Lists an owner's sessions; `None` if the request is dropped instead.
    pub fn list(
        &mut self,
        actor: usize,
        owner: &str,
        at: Moment,
    ) -> Option<Result<Vec<Device>, StoreError>> {
        let fate = self.fate(&READ_FATES);
        let (label, answer) = match fate {
            Fate::Works => {
                let model = self.world.model.lock().unwrap();
                ("lists", Some(Ok(model.listed(owner, at))))
            }
            Fate::DroppedBefore | Fate::DroppedAfter => ("is dropped before a list", None),
            _ => ("cannot list", Some(Err(outage()))),
        };
        self.trace.push((actor, label));
        answer
    }

    /// Gives the store a command; `None` if the request is dropped before the answer.
    pub fn write(
        &mut self,
        actor: usize,
        command: Command<'_>,
    ) -> Option<Result<Outcome, StoreError>> {
        let fate = if self.ceases_to_write() {
            Fate::FailsBefore
        } else {
            self.fate(&WRITE_FATES)
        };
        if matches!(fate, Fate::FailsBefore | Fate::DroppedBefore) {
            let is_dropped = fate == Fate::DroppedBefore;
            let label = if is_dropped {
                "is dropped before a write"
            } else {
                "cannot write"
            };
            self.trace.push((actor, label));
            return (!is_dropped).then(|| Err(outage()));
        }
        let outcome = self.apply(actor, command, fate == Fate::Works);
        match fate {
            Fate::FailsAfter => {
                self.trace.push((actor, "(whose answer is lost)"));
                Some(Err(outage()))
            }
            Fate::DroppedAfter => {
                self.trace
                    .push((actor, "(and is dropped before the answer)"));
                None
            }
            _ => Some(Ok(outcome)),
        }
    }

    fn apply(&mut self, actor: usize, command: Command<'_>, is_answered: bool) -> Outcome {
        let key = *command.key();
        let before = self.record(&key);
        let now = self.now();
        let outcome = self.world.model.lock().unwrap().write(command, now);
        let is_applied = outcome == Outcome::Applied;
        let label = match (command, is_applied) {
            (Command::Insert { .. }, true) => "inserts",
            (Command::Replace { record, .. }, true) if record.closed => "closes",
            (Command::Replace { .. }, true) => "replaces",
            (Command::Move { .. }, true) => "moves",
            (Command::Touch { .. }, true) => "touches",
            (Command::Delete { .. }, _) => "deletes",
            (_, false) => "is refused",
        };
        self.trace.push((actor, label));
        if is_applied {
            let (key, from) = match command {
                Command::Move { to, .. } => (*to, Some(key)),
                _ => (key, None),
            };
            let after = self.record(&key);
            let (is_insert, is_delete) = (
                matches!(command, Command::Insert { .. }),
                matches!(command, Command::Delete { .. }),
            );
            if is_delete && key == self.first.key {
                let now = self.world.now();
                let was_open = |old: &Record| !old.closed && old.expires > now;
                self.is_first_ended |= before.as_ref().is_some_and(was_open) && after.is_none();
            }
            self.events.push(Event {
                actor,
                key,
                from,
                is_insert,
                is_delete,
                before,
                after,
                is_acknowledged: is_answered,
            });
        }
        outcome
    }

    /// The moment, by the clock of the server that acts.
    pub fn now(&self) -> Moment {
        self.world.now() + time::Duration::seconds(self.ahead)
    }

    fn ceases_to_write(&mut self) -> bool {
        let may = self.setting.may_cease_to_write && !self.has_ceased_to_write;
        self.has_ceased_to_write |= may && self.choices.choose(2) == 1;
        self.has_ceased_to_write
    }

    /// Somebody ends all sessions of the owner.
    pub fn revoke(&mut self, actor: usize) {
        if self.ceases_to_write() {
            self.trace.push((actor, "cannot revoke"));
            return;
        }
        self.trace.push((actor, "revokes"));
        let mut model = self.world.model.lock().unwrap();
        let of_owner = |record: &Record| record.owner.as_deref() == Some("ada");
        let owned = model.0.iter().filter(|(_, record)| of_owner(record));
        self.revoked.extend(owned.map(|(key, _)| *key));
        model.0.retain(|_, record| !of_owner(record));
    }

    pub fn wait(&mut self, actor: usize, time: Duration) {
        self.trace.push((actor, "waits"));
        let was_open = self
            .live(&self.first.key)
            .is_some_and(|record| !record.closed);
        self.world.advance(time);
        self.is_first_ended |= was_open && self.live(&self.first.key).is_none();
    }

    pub fn record(&self, key: &Key) -> Option<Record> {
        self.world.model.lock().unwrap().0.get(key).cloned()
    }

    pub fn live(&self, key: &Key) -> Option<Record> {
        let record = self.record(key);
        record.filter(|record| record.expires > self.world.now())
    }

    /// Returns the key of a session by its handle, if the session was ever stored.
    pub fn key_of(&self, handle: PublicId) -> Option<Key> {
        let keys = self.events.iter().map(|event| event.key);
        let mut keys = keys.chain(self.known.iter().map(|known| known.key));
        keys.find(|key| key.public_id() == handle)
    }

    /// Somebody learns a cookie.
    pub fn learn(&mut self, cookie: &str) {
        if self.known.iter().all(|known| known.cookie != cookie) {
            let known = Known::new(&self.world, cookie);
            self.known.push(known);
        }
    }

    /// Returns the sessions that are neither over nor closed, hold the first one's value and are
    /// opened by a cookie that was sent.
    pub fn marked(&self) -> usize {
        let model = self.world.model.lock().unwrap();
        let now = self.world.now();
        let is_reachable = |key: &Key, record: &Record| {
            let mut known = self.known.iter().filter(|known| known.key == *key);
            known.any(|known| known.opens(record, now))
        };
        let live = model.live(now).filter(|(_, record)| !record.closed);
        live.filter(|(key, record)| record.data.contains("\"base\"") && is_reachable(key, record))
            .count()
    }
}

impl Known {
    pub fn new(world: &World, cookie: &str) -> Self {
        let header = world.header(cookie);
        let Exchange::Unread(question) = Exchange::open(&world.policy, [header.as_bytes()]) else {
            panic!("it is a cookie of ours");
        };
        Self {
            cookie: cookie.to_owned(),
            key: *question.key(),
            digest: *question.secret(),
        }
    }

    /// Says whether it is the present or a remembered secret; written once more, from the design.
    pub fn opens(&self, record: &Record, now: Moment) -> bool {
        let secrets = &record.secrets;
        secrets.present == self.digest
            || secrets.remembered.as_ref().is_some_and(|remembered| {
                let is_it = remembered.digest == self.digest
                    || remembered.earlier.as_ref() == Some(&self.digest);
                is_it && (now < remembered.until || remembered.salt.is_some())
            })
    }
}
