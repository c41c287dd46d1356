use anyhow::Result;
use bytes::Bytes;
use session_core::{Command, Key, Outcome, Record, Revision, Store};
use session_store::MemoryStore;
use session_testkit::{digest_of, key_of, moment_at, record_of};
use time::Duration;

use crate::{Scenario, Seen, Subject, key, read_key, value, values};

/// The memory store alone, called as the core calls it.
struct Memory {
    store: MemoryStore,
    key: Key,
    record: Record,
    created: u64,
    touched: i64,
}

#[allow(clippy::unnecessary_wraps, reason = "as the other subjects are made")]
pub(crate) fn ours() -> Result<Box<dyn Subject>> {
    let members = (0..values()).map(|number| format!("\"{}\":\"{}\"", key(number), value()));
    let mut record = record_of(1);
    record.data = format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into();
    let memory = Memory {
        store: MemoryStore::new(),
        key: key_of(0),
        record,
        created: 0,
        touched: 0,
    };
    let (key, record) = (memory.key, memory.record.clone());
    memory.write(Command::Insert {
        key: &key,
        record: &record,
    });
    Ok(Box::new(memory))
}

impl Subject for Memory {
    fn call(&mut self, scenario: Scenario) -> Seen {
        let body = match scenario {
            Scenario::Untouched | Scenario::WithCookie => Bytes::new(),
            Scenario::Read => self.load(&self.key),
            Scenario::Increment => {
                self.load(&self.key);
                self.replace()
            }
            Scenario::ReadSliding => {
                let body = self.load(&self.key);
                self.touch();
                body
            }
            Scenario::Create => {
                self.insert();
                Bytes::new()
            }
        };
        Seen {
            status: 200,
            set_cookie: 0,
            body,
        }
    }

    fn cookie_bytes(&self) -> usize {
        0
    }

    /// A cookie is the number of a key.
    fn visit(&mut self, _: &'static str, cookie: &str) -> String {
        if let Ok(number) = cookie.parse() {
            self.load(&key_of(number));
            return String::new();
        }
        self.insert();
        self.created.to_string()
    }
}

impl Memory {
    fn load(&self, key: &Key) -> Bytes {
        let secret = digest_of(0);
        let load = self.store.load(key, &secret, moment_at(1));
        match pollster::block_on(load) {
            Ok(Some(record)) if record.data.contains(read_key()) => {
                value().len().to_string().into()
            }
            other => panic!("{other:?}"),
        }
    }

    fn insert(&mut self) {
        self.created += 1;
        // Each session has data of its own, as one that comes from a request.
        let mut record = self.record.clone();
        record.data = (*record.data).into();
        self.write(Command::Insert {
            key: &key_of(self.created),
            record: &record,
        });
    }

    fn replace(&mut self) -> Bytes {
        let expected = self.record.revision;
        let next = expected.to_i64() + 1;
        let mut record = self.record.clone();
        record.data = (*record.data).into();
        record.revision = Revision::from_i64(next);
        self.write(Command::Replace {
            key: &self.key,
            expected,
            record: &record,
        });
        self.record.revision = record.revision;
        next.to_string().into()
    }

    fn touch(&mut self) {
        self.touched += 1;
        let later = Duration::microseconds(self.touched);
        self.write(Command::Touch {
            key: &self.key,
            expected: self.record.revision,
            seen: moment_at(0) + later,
            expires: moment_at(100) + later,
        });
    }

    fn write(&self, command: Command<'_>) {
        let written = pollster::block_on(self.store.write(command, moment_at(1)));
        assert!(matches!(written, Ok(Outcome::Applied)), "{written:?}");
    }
}
