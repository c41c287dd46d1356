//! An SQLite store in memory beside the pool that it is on, and the runtime of both.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use session_core::{Moment, Store as _, Whose};
use session_store::{SqliteOptions, SqliteStore};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::runtime::{Builder, Runtime};

/// One of them serves all inputs of a process.
pub struct Rig {
    pub runtime: Runtime,
    pub pool: SqlitePool,
    pub store: SqliteStore,
}

impl Rig {
    /// Takes the one that there is, and empties its store.
    pub fn take() -> MutexGuard<'static, Self> {
        let rig = RIG.lock().unwrap_or_else(PoisonError::into_inner);
        let emptied = rig.store.revoke(Whose::Everybody, Moment::FIRST);
        rig.runtime
            .block_on(emptied)
            .expect("memory can be written");
        rig
    }

    fn new() -> Self {
        // With threads of its own the store's calls run in place.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("the system has threads");
        let memory = SqliteConnectOptions::new().in_memory(true);
        let opened = runtime.block_on(async {
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None);
            let pool = pool
                .connect_with(memory)
                .await
                .expect("memory needs no file");
            let options = SqliteOptions::for_pool().no_sweep();
            let store = SqliteStore::from_pool_with(pool.clone(), options).await;
            (pool, store.expect("the database is new"))
        });
        let (pool, store) = opened;
        Self {
            runtime,
            pool,
            store,
        }
    }
}

static RIG: LazyLock<Mutex<Rig>> = LazyLock::new(|| Mutex::new(Rig::new()));
