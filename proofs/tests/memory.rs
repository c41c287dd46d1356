//! The memory store's critical sections: of several threads that change it at once.

use session_core::{
    Command, Cursor, Digest, Only, Outcome, Record, Revision, Revoke, Store as _, Whose,
};
use session_proofs::{in_many_orders, key, record, second};
use session_store::MemoryStore;
use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};

fn write(store: &MemoryStore, command: Command<'_>) -> Outcome {
    block_on(store.write(command, second(0))).expect("there is room")
}

fn load(store: &MemoryStore, number: u8) -> Option<Record> {
    let digest = Digest::from_bytes(&[7; 16]).expect("16 bytes are a digest");
    block_on(store.load(&key(number), &digest, second(0))).expect("memory is read")
}

fn begin(store: &MemoryStore, number: u8, record: &Record) -> Outcome {
    let key = &key(number);
    write(store, Command::Insert { key, record })
}

fn all<T: 'static>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads
        .into_iter()
        .map(|thread| thread.join().expect("no thread panics"))
        .collect()
}

fn applied(outcomes: &[Outcome]) -> usize {
    outcomes
        .iter()
        .filter(|outcome| **outcome == Outcome::Applied)
        .count()
}

#[test]
#[should_panic(expected = "outside of a Shuttle test")]
fn the_locks_of_the_product_are_shuttles() {
    begin(&MemoryStore::new(), 1, &record(1, None, 60));
}

#[test]
fn of_those_that_begin_or_change_one_session_at_once_one_is_first() {
    in_many_orders(|| {
        let store = MemoryStore::new();
        let begins = (1..=3).map(|revision| {
            let store = store.clone();
            thread::spawn(move || begin(&store, 1, &record(revision, None, 60)))
        });
        assert_eq!(applied(&all(begins.collect())), 1);
        let first = load(&store, 1).expect("one has begun").revision;

        let changes = (11..=13).map(|revision| {
            let store = store.clone();
            thread::spawn(move || {
                let (key, record) = (&key(1), &record(revision, None, 60));
                let outcome = write(
                    &store,
                    Command::Replace {
                        key,
                        expected: first,
                        record,
                    },
                );
                (outcome, record.clone())
            })
        });
        let changes = all(changes.collect());
        let mut won = changes
            .iter()
            .filter(|(outcome, _)| *outcome == Outcome::Applied);
        let (_, winner) = won.next().expect("the revision was the stored one");
        assert!(won.next().is_none());
        assert_eq!(load(&store, 1).as_ref(), Some(winner));
    });
}

#[test]
fn whoever_changes_a_session_beside_its_end_does_not_bring_it_back() {
    in_many_orders(|| {
        let store = MemoryStore::new();
        begin(&store, 1, &record(1, Some("ada"), 60));
        begin(&store, 2, &record(1, Some("bob"), 60));
        let [one, two, three] = [(); 3].map(|()| store.clone());
        let ending = thread::spawn(move || {
            let whose = Whose::Owner("ada", Revoke::All);
            block_on(one.revoke(whose, second(0))).expect("memory is written")
        });
        let changing = thread::spawn(move || {
            let (key, record) = (&key(1), &record(2, Some("ada"), 90));
            let expected = Revision::from_i64(1);
            write(
                &two,
                Command::Replace {
                    key,
                    expected,
                    record,
                },
            )
        });
        let touching = thread::spawn(move || {
            let (key, expected) = (&key(1), Revision::from_i64(2));
            let (seen, expires) = (second(5), second(120));
            write(
                &three,
                Command::Touch {
                    key,
                    expected,
                    seen,
                    expires,
                },
            )
        });
        let changed = changing.join().expect("no thread panics");
        let touched = touching.join().expect("no thread panics");
        assert_eq!(ending.join().expect("no thread panics"), 1);
        assert_eq!(load(&store, 1), None);
        assert!(touched == Outcome::Refused || changed == Outcome::Applied);
        assert_eq!(load(&store, 2), Some(record(1, Some("bob"), 60)));
        let devices = block_on(store.devices("ada", None, second(0), 10));
        assert!(devices.expect("memory is read").is_empty());
    });
}

#[test]
fn a_sweep_beside_those_who_extend_a_life_takes_what_is_over_and_nothing_else() {
    in_many_orders(|| {
        let store = MemoryStore::new();
        begin(&store, 1, &record(1, None, 10));
        begin(&store, 2, &record(1, None, 90));
        let [one, two] = [(); 2].map(|()| store.clone());
        let sweep =
            thread::spawn(move || block_on(one.sweep(second(10), 10)).expect("memory is written"));
        let touch = thread::spawn(move || {
            let (key, expected) = (&key(1), Revision::from_i64(1));
            write(
                &two,
                Command::Touch {
                    key,
                    expected,
                    seen: second(9),
                    expires: second(60),
                },
            )
        });
        let touched = touch.join().expect("no thread panics");
        let swept = sweep.join().expect("no thread panics");
        // Whoever came first: both know whether the session lives.
        assert_eq!(touched == Outcome::Applied, swept == 0);
        assert_eq!(load(&store, 1).is_some(), swept == 0);
        assert_eq!(store.len(), 2 - swept);
        assert!(load(&store, 2).is_some());
    });
}

#[test]
fn a_store_that_is_full_counts_its_bytes_right_whoever_writes_at_once() {
    in_many_orders(|| {
        // Room for about four.
        let large = || {
            let mut large = record(1, None, 60);
            large.data = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000)).into();
            large
        };
        let store = MemoryStore::with_limit(6_000);
        begin(&store, 100, &record(1, Some("ada"), 60));
        let threads = (0..3).map(|thread| {
            let store = store.clone();
            thread::spawn(move || {
                for number in 0..3 {
                    begin(&store, 1 + 3 * thread + number, &large());
                }
                let (key, only) = (&key(1 + 3 * thread), Only::Always);
                write(&store, Command::Delete { key, only });
            })
        });
        all(threads.collect());
        assert!(load(&store, 100).is_some(), "an owner's session stays");
        // Two that ask for room at once may both get it, but no more is lost than that.
        assert!((2..=7).contains(&store.len()), "{store:?}");
        // Once all is ended, all of the room is there again.
        block_on(store.revoke(Whose::Everybody, second(0))).expect("memory is written");
        assert!(store.is_empty());
        for number in 0..4 {
            begin(&store, number, &large());
            assert_eq!(store.len(), usize::from(number) + 1);
        }
    });
}

#[test]
fn a_walk_shows_each_session_that_stays_once_whatever_else_begins_and_ends() {
    in_many_orders(|| {
        let store = MemoryStore::new();
        for number in 1..=3 {
            begin(&store, number, &record(1, None, 60));
        }
        let [one, two] = [(); 2].map(|()| store.clone());
        let others = thread::spawn(move || {
            begin(&one, 4, &record(1, None, 60));
            let (key, only) = (&key(3), Only::Always);
            write(&one, Command::Delete { key, only });
        });
        let walk = thread::spawn(move || {
            let (mut found, mut from) = (Vec::new(), Cursor::default());
            loop {
                let batch = block_on(two.walk(&from, 1, second(0))).expect("memory is read");
                found.extend(batch.sessions.into_iter().map(|(key, _)| key));
                match batch.next {
                    Some(next) => from = next,
                    None => return found,
                }
            }
        });
        let found = walk.join().expect("no thread panics");
        others.join().expect("no thread panics");
        for number in 1..=2 {
            assert_eq!(
                found.iter().filter(|found| **found == key(number)).count(),
                1
            );
        }
        assert!(found.len() <= 4);
    });
}
