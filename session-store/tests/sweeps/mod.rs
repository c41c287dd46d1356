//! What every store's sweep is watched with.
//!
//! With `FULL=1` in the environment it is a million expired sessions beside 100,000 live ones; run
//! that with `--release` and `--nocapture`.

mod counting;
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{ManualClock, Policy, Record, Sessions, Store};
use session_store::Sweeper;
use session_testkit::{key_of, moment_at, record_of};
use time::OffsetDateTime;

use self::counting::{CountingStore, Counts};
pub use self::traffic::Traffic;

/// How many sessions there are, and how long traffic is watched before and after.
#[derive(Clone, Copy)]
pub struct Scale {
    pub expired: u64,
    pub live: u64,
    pub watch: Duration,
}

/// Returns the full scale, if it is wished for, or one that this store needs a moment for.
pub fn scale(expired: u64) -> Scale {
    Scale {
        expired: if is_full() { 1_000_000 } else { expired },
        live: if is_full() { 100_000 } else { 10_000 },
        watch: Duration::from_secs(if is_full() { 20 } else { 2 }),
    }
}

fn is_full() -> bool {
    std::env::var_os("FULL").is_some()
}

/// When the expired have expired, and the live have not.
pub fn now() -> OffsetDateTime {
    moment_at(100)
}

/// A live session; all have the same content.
pub fn live() -> Record {
    Record {
        expires: moment_at(1_000_000),
        data: "x".repeat(200).into(),
        ..record_of(1)
    }
}

/// Sweeps a store that has been filled, from each of its clients, while each has visitors; and
/// compares.
pub async fn sweeps(name: &str, clients: Vec<Arc<dyn Store>>, scale: Scale) {
    let counts = Arc::new(Counts::default());
    let expired = usize::try_from(scale.expired).unwrap();
    let traffic = Traffic {
        stores: clients.clone(),
        live: scale.live,
        record: live(),
        now: now(),
    };

    let (before, ()) = traffic.watch(tokio::time::sleep(scale.watch)).await;
    let begun = Instant::now();
    let (during, ()) = traffic
        .watch(async {
            let sweepers: Vec<_> = clients
                .iter()
                .map(|store| {
                    let clock = Arc::new(ManualClock::new(now()));
                    let policy = Policy::builder().clock(clock).build().unwrap();
                    let store = CountingStore::new(Arc::clone(store), Arc::clone(&counts));
                    Sweeper::start(&Sessions::new(policy, store), Duration::from_mins(1))
                })
                .collect();
            counts.until(expired).await;
            for sweeper in sweepers {
                sweeper.stop().await;
            }
        })
        .await;
    let took = begun.elapsed();
    let (after, ()) = traffic.watch(tokio::time::sleep(scale.watch)).await;
    println!(
        "{name}: {expired} of {} swept in {took:?} by {}, {counts:?}\n\
         {name}: before {before}\n{name}: during {during}\n{name}: after  {after}",
        scale.expired + scale.live,
        clients.len(),
    );

    assert_eq!(counts.swept(), expired);
    assert!(counts.batches() > 1);
    assert_eq!(clients[0].sweep(now(), usize::MAX).await.unwrap(), 0);
    for number in 0..scale.live {
        let found = clients[0].load(&key_of(number), now()).await.unwrap();
        assert!(found.is_some(), "{number} was swept");
    }
    during.assert_resembles(&before, &after);
}
