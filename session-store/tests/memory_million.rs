//! The memory of a million sessions, and its return to the system.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "memory", target_os = "linux", target_env = "gnu"))]

use std::thread;
use std::time::{Duration, Instant};

use session_core::{Command, Outcome, Record, Store};
use session_store::MemoryStore;
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

/// Just too many for tables of half the size: the worst case, with half of each spare.
const SESSIONS: u32 = if cfg!(debug_assertions) {
    250_000
} else {
    1_000_000
};

/// Returns the bytes of memory that the process has from the system.
fn resident() -> u64 {
    const PAGE: u64 = 4_096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split(' ').nth(1).unwrap();
    pages.parse::<u64>().unwrap() * PAGE
}

/// Returns a session of 200 bytes; every tenth has an owner with five sessions.
fn session(number: u32) -> Record {
    let owner = format!("owner-{:09}", number / 50);
    changed!(
        record_of(number),
        owner = number.is_multiple_of(10).then(|| owner.into()),
        data = format!(r#"{{"n":{number:09},"text":"{}"}}"#, "x".repeat(175)).into()
    )
}

/// Runs in a thread of its own and returns the time per session.
///
/// The end of the thread frees its caches of the allocator.
fn apart(work: impl Future<Output = ()> + Send + 'static) -> Duration {
    let thread = thread::spawn(move || {
        let begun = Instant::now();
        pollster::block_on(work);
        begun.elapsed() / SESSIONS
    });
    thread.join().unwrap()
}

async fn fill(store: MemoryStore) {
    for number in 0..SESSIONS {
        let (key, record) = (&key_of(number.into()), &session(number));
        let insert = Command::Insert { key, record };
        let outcome = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
    }
}

async fn read(store: MemoryStore) {
    for number in 0..SESSIONS {
        let key = &key_of(u64::from(number) * 7_919 % u64::from(SESSIONS));
        let found = store.load(key, &digest_of(0), moment_at(0)).await;
        assert!(found.unwrap().is_some());
    }
}

async fn sweep(store: MemoryStore) {
    while store.sweep(moment_at(100), 1_000).await.unwrap() == 1_000 {}
}

#[test]
fn sessions_of_200_bytes_take_450_and_return_them_to_the_system() {
    assert_eq!(session(SESSIONS - 1).data.len(), 200);
    let store = MemoryStore::new();
    let before = resident();
    let filling = apart(fill(store.clone()));
    let full = resident();
    let reading = apart(read(store.clone()));
    let sweeping = apart(sweep(store.clone()));
    let after = resident();
    assert!(store.is_empty());
    let each = (full - before) / u64::from(SESSIONS);
    let mib = [before, full, after].map(|bytes| bytes >> 20);
    println!("{SESSIONS} sessions: {each} bytes each; {mib:?} MiB before, with all, swept");
    println!("insert {filling:?}, load {reading:?}, sweep {sweeping:?} each");
    assert!(each <= 450, "{each} bytes a session");
    assert!((after - before) * 20 < full - before, "{mib:?} MiB");
}
