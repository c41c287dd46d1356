use anyhow::Result;
use bytes::Bytes;
use session_core::{Command, Key, Outcome, Record, Revision, Store};
use session_store::MemoryStore;
use session_testkit::{digest_of, key_of, moment_at, record_of};
use time::Duration;

use crate::{READ_KEY, Scenario, Seen, Subject, VALUE, key};

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
    let members = (0..10).map(|number| format!("\"{}\":\"{VALUE}\"", key(number)));
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
            Scenario::Read => self.load(),
            Scenario::Increment => {
                self.load();
                self.replace()
            }
            Scenario::ReadSliding => {
                let body = self.load();
                self.touch();
                body
            }
            Scenario::Create => {
                self.created += 1;
                let (key, record) = (key_of(self.created), self.record.clone());
                self.write(Command::Insert {
                    key: &key,
                    record: &record,
                });
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
}

impl Memory {
    fn load(&self) -> Bytes {
        let secret = digest_of(0);
        let load = self.store.load(&self.key, &secret, moment_at(1));
        match pollster::block_on(load) {
            Ok(Some(record)) if record.data.contains(READ_KEY) => Bytes::from_static(LENGTH),
            other => panic!("{other:?}"),
        }
    }

    fn replace(&mut self) -> Bytes {
        let expected = self.record.revision;
        let next = expected.to_i64() + 1;
        let mut record = self.record.clone();
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

/// The length of [`VALUE`], which is what a read answers.
const LENGTH: &[u8] = b"93";
