use std::sync::Arc;

use session_core::{Store, StoreError};
use sqlx::pool::{Pool, PoolOptions};
use sqlx::{Connection, Database};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

use super::in_place::InPlace;
use super::late::{Late, Open};
use super::{CONNECTIONS, WORKERS};

/// Where a store does its I/O: makes the store of each worker, in that worker.
pub struct Placement(pub Arc<dyn Fn() -> Arc<dyn Store> + Send + Sync>);

/// The settings of a database's connections.
type Settings<D> = <<D as Database>::Connection as Connection>::Options;

impl Placement {
    /// One store for all workers, which the first call opens.
    pub fn everywhere(open: Open) -> Self {
        let store: Arc<dyn Store> = Arc::new(Late::new(open));
        Self(Arc::new(move || Arc::clone(&store)))
    }

    /// A store for each worker, which its first call opens.
    pub fn for_each_worker(open: Open) -> Self {
        Self(Arc::new(move || Arc::new(Late::new(Arc::clone(&open)))))
    }

    /// One store that is opened in another runtime.
    pub fn elsewhere(home: &'static Runtime, open: Open) -> Self {
        Self::everywhere(Arc::new(move || {
            let opening = home.spawn(open());
            Box::pin(async { opening.await.unwrap() })
        }))
    }

    /// A store on a pool, both in another runtime.
    pub fn pool<D, S>(home: &'static Runtime, settings: Settings<D>, store: S) -> Self
    where
        D: Database,
        S: Opens<D>,
    {
        let open = move || {
            let pool = pool_of(CONNECTIONS, settings.clone());
            store.clone().open(pool)
        };
        Self::elsewhere(home, Arc::new(open))
    }

    /// A store on a pool of each worker's own.
    pub fn by_worker<D: Database, S: Opens<D>>(settings: Settings<D>, store: S) -> Self {
        Self::for_each_worker(Arc::new(move || {
            let pool = pool_of(CONNECTIONS / WORKERS, settings.clone());
            store.clone().open(pool)
        }))
    }

    /// A store on a pool whose connections the workers have made, with calls in place.
    pub fn in_place<D, S>(home: &'static Runtime, settings: Settings<D>, store: S) -> Self
    where
        D: Database,
        S: Opens<D>,
    {
        let entered = home.enter();
        let pool = pool_of::<D>(CONNECTIONS, settings);
        drop(entered);
        let made = Arc::new(Barrier::new(WORKERS + 1));
        let (the_pool, all_made) = (pool.clone(), Arc::clone(&made));
        let late: Arc<dyn Store> = Arc::new(Late::new(Arc::new(move || {
            let (pool, all_made) = (the_pool.clone(), Arc::clone(&all_made));
            let store = store.clone();
            Box::pin(async move {
                all_made.wait().await;
                let store = home.spawn(store.open(pool)).await.unwrap()?;
                let home = home.handle().clone();
                Ok(Arc::new(InPlace { store, home }) as Arc<dyn Store>)
            })
        })));
        Self(Arc::new(move || {
            let (pool, made) = (pool.clone(), Arc::clone(&made));
            tokio::spawn(async move {
                let mut held = Vec::new();
                for _ in 0..CONNECTIONS / WORKERS {
                    held.push(pool.acquire().await.unwrap());
                }
                // None goes back before all are made, or another worker would get it.
                made.wait().await;
            });
            Arc::clone(&late)
        }))
    }
}

/// Describes a store that is opened where it is called.
pub fn shared<S: Store, F>(open: impl Fn() -> F + Clone + Send + Sync + 'static) -> Open
where
    F: Future<Output = Result<S, StoreError>> + Send + 'static,
{
    Arc::new(move || {
        let opening = open();
        Box::pin(async { Ok(Arc::new(opening.await?) as Arc<dyn Store>) })
    })
}

/// Opens a store on a pool: a store's `from_pool`.
pub trait Opens<D: Database>: Clone + Send + Sync + 'static {
    fn open(
        self,
        pool: Pool<D>,
    ) -> futures_util::future::BoxFuture<'static, Result<Arc<dyn Store>, StoreError>>;
}

impl<D, S, F, O> Opens<D> for O
where
    D: Database,
    S: Store,
    F: Future<Output = Result<S, StoreError>> + Send + 'static,
    O: Fn(Pool<D>) -> F + Clone + Send + Sync + 'static,
{
    fn open(
        self,
        pool: Pool<D>,
    ) -> futures_util::future::BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
        let opening = self(pool);
        Box::pin(async { Ok(Arc::new(opening.await?) as Arc<dyn Store>) })
    }
}

/// Makes a pool that keeps its connections and does not try them, as a store's own.
fn pool_of<D: Database>(connections: usize, settings: Settings<D>) -> Pool<D> {
    let connections = u32::try_from(connections).unwrap();
    let options = PoolOptions::new().max_connections(connections);
    let options = options.idle_timeout(None).max_lifetime(None);
    options
        .test_before_acquire(false)
        .connect_lazy_with(settings)
}
