//! Servers that have a runtime of one thread for each of their workers, as actix-web's do.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use session_core::{Command, Outcome, Store, StoreError};
use session_testkit::{digest_of, key_of, moment_at, record_of};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet, yield_now};

/// The number of workers, the first of which gets blocked.
const WORKERS: u64 = 4;

/// The number of requests that a worker serves at once.
const REQUESTS: u64 = 12;

/// The number of times that workers serve so many, after which a store may have got used to them.
const ROUNDS: u64 = 6;

/// No more than a busy machine needs.
const BOUND: Duration = Duration::from_secs(2);

/// Opens a store, then blocks one of the workers: the others' requests take no longer, and the
/// blocked one's are done as soon as it runs again.
///
/// `cut` breaks the store's connections, so that others have to be made.
pub fn a_blocked_worker_holds_up_no_other<S: Store>(
    open: impl AsyncFnOnce() -> Result<S, StoreError>,
    cut: impl FnOnce(),
) {
    // An actix-web application opens its store in the runtime of its main thread, which sleeps
    // while the workers serve.
    let main = runtime();
    let store: Arc<dyn Store> = Arc::new(main.block_on(open()).unwrap());
    // A worker that panics drops its ends, so that nothing waits for it.
    let (done, is_done) = mpsc::channel::<()>();
    let (go_on, goes_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let first = Arc::clone(&store);
        let blocked = scope.spawn(move || {
            runtime().block_on(LocalSet::new().run_until(async {
                serve_often(&first, 0).await;
                done.send(()).unwrap();
                goes_on.recv().unwrap();
                // The new connections are made for this worker, and its last requests are under
                // way when it blocks.
                serve(&first, 80).await;
                let late: Vec<_> = (0..REQUESTS)
                    .map(|number| request(&first, 90, number))
                    .collect();
                yield_now().await;
                done.send(()).unwrap();
                let _ = goes_on.recv();
                for request in late {
                    request.await.unwrap();
                }
            }));
        });
        is_done.recv().unwrap();
        cut();
        go_on.send(()).unwrap();
        is_done.recv().unwrap();
        let others: Vec<_> = (1..WORKERS)
            .map(|worker| {
                let store = &store;
                scope.spawn(move || {
                    let begun = Instant::now();
                    runtime().block_on(LocalSet::new().run_until(serve_often(store, worker * 10)));
                    begun.elapsed()
                })
            })
            .collect();
        let took: Vec<_> = others
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        drop(go_on);
        blocked.join().unwrap();
        for took in took {
            let took = took.unwrap();
            assert!(took < BOUND, "a request took {took:?}");
        }
    });
}

async fn serve_often(store: &Arc<dyn Store>, first: u64) {
    for round in first..first + ROUNDS {
        serve(store, round).await;
    }
}

/// Serves requests at once and waits for all of them.
async fn serve(store: &Arc<dyn Store>, round: u64) {
    let requests = (0..REQUESTS).map(|number| request(store, round, number));
    for served in join_all(requests).await {
        served.unwrap();
    }
}

/// Serves a request that creates a session, as a task of this worker.
fn request(store: &Arc<dyn Store>, round: u64, number: u64) -> JoinHandle<()> {
    let (store, key) = (Arc::clone(store), key_of(round * REQUESTS + number));
    tokio::task::spawn_local(async move {
        let record = &record_of(1);
        let insert = Command::Insert { key: &key, record };
        let inserted = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
        let found = store.load(&key, &digest_of(0), moment_at(0)).await;
        assert_eq!(found.unwrap().as_ref(), Some(record));
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
