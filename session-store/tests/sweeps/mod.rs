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
use session_testkit::{digest_of, key_of, moment_at, record_of};
use time::OffsetDateTime;

use self::counting::{CountingStore, Counts};
pub use self::traffic::{Latencies, Traffic};

/// How many sessions there are, and how long traffic is watched at a time.
#[derive(Clone, Copy)]
pub struct Scale {
    pub expired: u64,
    pub live: u64,
    pub watch: Duration,
    /// How long it is swept before traffic is watched alone again.
    pub sweep: Duration,
}

/// Returns the full scale, if it is wished for, or one that this store needs a moment for.
pub fn scale(expired: u64) -> Scale {
    Scale {
        expired: if is_full() { 1_000_000 } else { expired },
        live: if is_full() { 100_000 } else { 10_000 },
        watch: Duration::from_millis(if is_full() { 1_000 } else { 500 }),
        sweep: Duration::from_millis(if is_full() { 5_000 } else { 500 }),
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

/// Sweeps a store that has been filled, from each of its clients, while each has visitors.
///
/// It is swept and left alone by turns, so that whatever else keeps the machine busy does so to both.
pub async fn sweeps(name: &str, clients: Vec<Arc<dyn Store>>, scale: Scale) {
    let counts = Arc::new(Counts::default());
    let expired = usize::try_from(scale.expired).unwrap();
    let traffic = Traffic {
        stores: clients.clone(),
        live: scale.live,
        record: live(),
        now: now(),
    };
    let start = |store: &Arc<dyn Store>| {
        let clock = Arc::new(ManualClock::new(now()));
        let policy = Policy::builder().clock(clock).build().unwrap();
        let store = CountingStore::new(Arc::clone(store), Arc::clone(&counts));
        Sweeper::start(&Sessions::new(policy, store), Duration::from_mins(1))
    };

    let (mut without, mut with) = (Latencies::default(), Latencies::default());
    let mut took = Duration::ZERO;
    while counts.swept() < expired {
        without.add(traffic.watch(tokio::time::sleep(scale.watch)).await);
        let (swept, begun) = (counts.swept(), Instant::now());
        let sweep = async {
            let sweepers: Vec<_> = clients.iter().map(start).collect();
            // Whether it is all or time is up, the others have their turn.
            let _ = tokio::time::timeout(scale.sweep, counts.until(expired)).await;
            for sweeper in sweepers {
                sweeper.stop().await;
            }
        };
        with.add(traffic.watch(sweep).await);
        took += begun.elapsed();
        assert!(counts.swept() > swept, "nothing is swept any more");
        if is_full() {
            println!("{name}: {} in {took:.0?}", counts.swept());
        }
    }
    println!(
        "{name}: {expired} of {} swept in {took:.1?} from {} sides, {} batches of {} at most\n\
         {name}: without: {without}\n{name}: with:    {with}",
        scale.expired + scale.live,
        clients.len(),
        counts.batches(),
        counts.largest(),
    );

    assert_eq!(counts.swept(), expired);
    assert!(counts.batches() > 1);
    assert_eq!(clients[0].sweep(now(), usize::MAX).await.unwrap(), 0);
    for number in 0..scale.live {
        let (key, secret) = (&key_of(number), &digest_of(0));
        let found = clients[0].load(key, secret, now()).await.unwrap();
        assert!(found.is_some(), "{number} was swept");
    }
    with.assert_resembles(&without);
}
