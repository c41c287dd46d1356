use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{
    Command, Found, Key, Outcome, Record, Revision, Revoke, Store as _, StoreError,
};
use session_servers::{Redis, RedisCluster, skips};
use session_testkit::{key_of, moment_at, record_of};
use time::OffsetDateTime;

use super::super::ask::{Answer, Ask, Slots};
use super::super::call::Call;
use super::super::{RedisOptions, RedisStore, protocol};

/// A connection that breaks for good, before or after a step is done.
struct Breaking<'a> {
    call: Call<'a>,
    /// How many steps are still to be done and answered.
    left: AtomicUsize,
    last: Last,
}

/// What becomes of the step at which the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Done,
    NotDone,
}

impl Slots for Breaking<'_> {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, StoreError> {
        let broken = || StoreError::new("the connection is broken");
        let left = self.left.load(Ordering::Relaxed);
        match left {
            // Nothing more gets through.
            usize::MAX => return Err(broken()),
            0 => self.left.store(usize::MAX, Ordering::Relaxed),
            _ => self.left.store(left - 1, Ordering::Relaxed),
        }
        if left == 0 && self.last == Last::NotDone {
            return Err(broken());
        }
        let answer = self.call.ask(ask).await?;
        if left == 0 { Err(broken()) } else { Ok(answer) }
    }

    fn now(&self) -> OffsetDateTime {
        self.call.now()
    }
}

/// What others do to the session after the one who moved it has gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Nothing,
    DeleteOld,
    DeleteNew,
    Revoke,
    MoveElsewhere,
    MoveAgain,
    WriteOld,
    WriteNew,
}

const ALL: [Then; 8] = [
    Then::Nothing,
    Then::DeleteOld,
    Then::DeleteNew,
    Then::Revoke,
    Then::MoveElsewhere,
    Then::MoveAgain,
    Then::WriteOld,
    Then::WriteNew,
];

fn owned(state: u32) -> Record {
    Record {
        owner: Some("ada".into()),
        public_id: record_of(1).public_id,
        ..record_of(state)
    }
}

fn replace<'a>(
    (key, expected): (&'a Key, u32),
    (with, record): (&'a Key, &'a Record),
    remembered: OffsetDateTime,
) -> Command<'a> {
    Command::Replace {
        key,
        expected: Revision::from_i64(expected.into()),
        with,
        record,
        remembered,
    }
}

#[tokio::test]
async fn a_connection_may_break_at_every_step_of_a_move() {
    let name = "a_connection_may_break_at_every_step_of_a_move";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let mut number = 0;
    for steps in 0..=6 {
        for last in [Last::Done, Last::NotDone] {
            for then in ALL {
                for remembered in [moment_at(60), moment_at(0)] {
                    number += 1;
                    let prefix = format!("case{number}:");
                    let options = RedisOptions::new(cluster.url()).prefix(prefix);
                    let store = RedisStore::open_with(options).await.unwrap();
                    let place = format!("{steps} steps, {last:?}, {then:?}, {remembered}");
                    Case {
                        store,
                        remembered,
                        place,
                    }
                    .run(steps, last, then)
                    .await;
                }
            }
        }
    }
}

struct Case {
    store: RedisStore,
    remembered: OffsetDateTime,
    place: String,
}

impl Case {
    async fn run(&self, steps: usize, last: Last, then: Then) {
        let Self {
            store,
            remembered,
            place,
        } = self;
        let now = moment_at(0);
        let keys @ [old, new, other] = &[1, 2, 3].map(key_of);
        let record = &owned(1);
        let insert = Command::Insert { key: old, record };
        assert_eq!(store.write(insert, now).await.unwrap(), Outcome::Applied);

        let breaking = Breaking {
            call: store.call(now),
            left: AtomicUsize::new(steps),
            last,
        };
        let next = &owned(2);
        let moved = replace((old, 1), (new, next), *remembered);
        let outcome = protocol::write(&breaking, moved).await;
        // Prepare, list and commit have to be answered; whatever follows is for others to do too.
        match outcome {
            Ok(outcome) => assert!(outcome == Outcome::Applied && steps > 2, "{place}"),
            Err(_) => assert!(steps <= 2, "{place}"),
        }
        let has_moved = steps > 2 || steps == 2 && last == Last::Done;
        let place = &format!("{place}, moved: {has_moved}");
        let is_ended = match then {
            Then::DeleteOld => !has_moved || *remembered > now,
            Then::DeleteNew => has_moved,
            Then::Revoke => true,
            _ => false,
        };
        self.interfere(then, has_moved, place).await;

        let mut live = Vec::new();
        for key in keys {
            if let Some(Found::Here(_)) = store.load(key, now).await.unwrap() {
                live.push(*key);
            }
        }
        let expected = match (is_ended, then, has_moved) {
            (true, ..) => Vec::new(),
            (false, Then::MoveElsewhere, false) => vec![*other],
            (false, _, true) => vec![*new],
            // Nothing was prepared by the first try.
            (false, Then::MoveAgain, false) if steps == 0 && last == Last::NotDone => vec![*new],
            (false, _, false) => vec![*old],
        };
        assert_eq!(live, expected, "{place}");
        let devices = store.devices("ada", now).await.unwrap();
        assert_eq!(devices.len(), live.len(), "{place}");
        let revoked = store.revoke("ada", Revoke::All, now).await.unwrap();
        assert_eq!(revoked, live.len(), "{place}");
        for key in keys {
            assert_eq!(store.load(key, now).await.unwrap(), None, "{place}");
        }
    }

    async fn interfere(&self, then: Then, has_moved: bool, place: &str) {
        let Self {
            store, remembered, ..
        } = self;
        let now = moment_at(0);
        let [old, new, other] = &[1, 2, 3].map(key_of);
        let (again, elsewhere, after) = (&owned(2), &owned(3), &owned(4));
        let (command, expected) = match then {
            Then::Nothing => return,
            Then::Revoke => {
                let revoked = store.revoke("ada", Revoke::All, now).await.unwrap();
                assert_eq!(revoked, 1, "{place}");
                return;
            }
            Then::MoveAgain => {
                // What the first try has prepared may be in the way.
                let command = replace((old, 1), (new, again), *remembered);
                store.write(command, now).await.unwrap();
                return;
            }
            Then::DeleteOld => (Command::Delete { key: old }, true),
            Then::DeleteNew => (Command::Delete { key: new }, true),
            Then::MoveElsewhere => {
                let command = replace((old, 1), (other, elsewhere), *remembered);
                (command, !has_moved)
            }
            Then::WriteOld => (replace((old, 1), (old, after), now), !has_moved),
            Then::WriteNew => (replace((new, 2), (new, after), now), has_moved),
        };
        let applied = store.write(command, now).await.unwrap() == Outcome::Applied;
        assert_eq!(applied, expected, "{place}");
    }
}
