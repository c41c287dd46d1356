//! A test of sweeps under traffic, for every store.
//!
//! With `FULL=1` in the environment it has a million expired and 100,000 live sessions; run that
//! with `--release` and `--nocapture`.

mod counting;
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{ManualClock, Moment, Policy, Record, Sessions, Store};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};
use tokio::sync::oneshot;

use self::counting::{CountingStore, Counts};
pub use self::traffic::{Latencies, Traffic};

/// The numbers of sessions, and how long the alternating phases are.
#[derive(Clone, Copy)]
pub struct Scale {
    pub expired: u64,
    pub live: u64,
    /// How many requests are watched in a phase without sweeps.
    pub watch: u64,
    /// The length of a phase with sweeps.
    pub sweep: Duration,
}

/// Returns the full scale if the environment asks for it, or a short one.
pub fn scale(expired: u64) -> Scale {
    Scale {
        expired: if is_full() { 1_000_000 } else { expired },
        live: if is_full() { 100_000 } else { 10_000 },
        watch: if is_full() { 1_500 } else { 700 },
        sweep: Duration::from_millis(if is_full() { 5_000 } else { 500 }),
    }
}

fn is_full() -> bool {
    std::env::var_os("FULL").is_some()
}

/// Returns a moment at which the expired sessions have expired, and the live ones have not.
pub fn now() -> Moment {
    moment_at(100)
}

/// Returns the record of every live session.
pub fn live() -> Record {
    changed!(
        record_of(1),
        expires = moment_at(1_000_000),
        data = "x".repeat(200).into()
    )
}

/// Sweeps a filled store from each of its clients, under traffic from each of them.
///
/// Phases with and without sweeps alternate, so that other load of the machine affects both alike.
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
        let policy = Policy::builder().clock(clock).clock_skew(Duration::ZERO);
        let store = CountingStore::wrapping(Arc::clone(store), Arc::clone(&counts));
        let sessions = Sessions::new(policy.build().unwrap(), store);
        let (stop, stopped) = oneshot::channel::<()>();
        let sweeps = async move {
            let stopped = async { _ = stopped.await };
            let minute = Duration::from_mins(1);
            sessions
                .sweep_every(minute, tokio::time::sleep, stopped)
                .await;
        };
        (stop, tokio::spawn(sweeps))
    };

    let (mut without, mut with) = (Latencies::default(), Latencies::default());
    let mut took = Duration::ZERO;
    while counts.swept() < expired {
        without.add(traffic.ask(scale.watch).await);
        let (swept, begun) = (counts.swept(), Instant::now());
        let sweep = async {
            let sweepers: Vec<_> = clients.iter().map(start).collect();
            // The phase ends if all is swept or the time is up.
            let _ = tokio::time::timeout(scale.sweep, counts.until(expired)).await;
            for (stop, sweeper) in sweepers {
                drop(stop);
                sweeper.await.unwrap();
            }
        };
        with.add(traffic.watch(sweep).await);
        took += begun.elapsed();
        assert!(counts.swept() > swept, "a phase swept nothing");
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
