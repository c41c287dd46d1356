//! Stores on a pool that the application has as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use session_core::{Command, Outcome, Store};
use session_testkit::{digest_of, key_of, moment_at, record_of, store_suite};
use tokio::time::timeout;

use super::{SERVER, fresh_url, is_missing};
use crate::{FIXTURE, LOCK_TABLE, Options, Pool, PoolOptions, SqlStore, cut_connections};

async fn pool(url: &str, connections: u32) -> Pool {
    let options = PoolOptions::new().max_connections(connections);
    options.connect(url).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_a_pool_passes_the_suite() {
    if is_missing() {
        return;
    }
    let pool = pool(&fresh_url(), 20).await;
    let count = AtomicUsize::new(0);
    store_suite(&format!("{} on a pool", crate::NAME), async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = Options::for_pool().table(table);
        let store = SqlStore::from_pool_with(pool.clone(), options).await;
        Arc::new(store.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough() {
    if is_missing() {
        return;
    }
    let pool = pool(&fresh_url(), 1).await;
    let store = SqlStore::from_pool_with(pool, Options::for_pool()).await;
    let store = store.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    let outcome = store.write(insert, moment_at(0)).await;
    assert_eq!(outcome.unwrap(), Outcome::Applied);
    let found = store.load(key, &digest_of(0), moment_at(0)).await;
    assert_eq!(found.unwrap(), Some(record_of(1)));
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_pool_stays_the_applications() {
    if is_missing() {
        return;
    }
    let pool = pool(&fresh_url(), 1).await;
    let store = SqlStore::from_pool(pool.clone()).await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    let outcome = store.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
    // Its only connection is back.
    let count = sqlx::query("SELECT * FROM session").fetch_all(&pool).await;
    assert_eq!(count.unwrap().len(), 1);
    store.close().await;
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("was closed"), "{error}");
    assert!(!pool.is_closed());
    let other = SqlStore::from_pool(pool.clone()).await.unwrap();
    let found = other.load(key, &digest_of(0), moment_at(0)).await.unwrap();
    assert_eq!(found.as_ref(), Some(record));
    // A pool that the application closes is an outage.
    pool.close().await;
    let error = other.check().await.unwrap_err().to_string();
    assert!(error.contains("was closed"), "{error}");
}

#[tokio::test]
async fn a_pool_whose_connections_are_all_in_use_is_an_error_in_time() {
    if is_missing() {
        return;
    }
    let pool = pool(&fresh_url(), 1).await;
    let options = Options::for_pool().timeout(Duration::from_secs(1));
    let store = SqlStore::from_pool_with(pool.clone(), options).await;
    let store = store.unwrap();
    let held = pool.acquire().await.unwrap();
    let begun = Instant::now();
    let error = store.check().await.unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(error.contains("busy too long"), "{error}");
    drop(held);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_pools_connection_that_was_cut_or_held_up_is_replaced() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let pool = pool(&SERVER.url(&database), 1).await;
    let options = Options::for_pool().timeout(Duration::from_secs(1));
    let store = SqlStore::from_pool_with(pool.clone(), options).await;
    let store = store.unwrap();
    assert_eq!(cut_connections(&SERVER, &database), 1);
    store.check().await.unwrap();

    let locking = PoolOptions::new().max_connections(1);
    let locking = locking.connect(&SERVER.url(&database)).await.unwrap();
    let mut transaction = locking.begin().await.unwrap();
    sqlx::query(LOCK_TABLE)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let begun = Instant::now();
    let error = store.check().await.unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(error.contains("too long"), "{error}");
    transaction.rollback().await.unwrap();
    store.check().await.unwrap();
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
}

#[tokio::test]
async fn opening_that_is_given_up_leaves_nothing_begun_on_the_pool_s_connections() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let url = SERVER.url(&database);
    SERVER.run(&database, FIXTURE).unwrap();
    SERVER
        .run(&database, "CREATE TABLE visit (number INT)")
        .unwrap();
    let (shared, others) = (pool(&url, 1).await, pool(&url, 1).await);
    let mut transaction = others.begin().await.unwrap();
    sqlx::query(LOCK_TABLE)
        .execute(&mut *transaction)
        .await
        .unwrap();
    // The upgrade waits for the transaction.
    let opening = timeout(Duration::from_secs(1), SqlStore::from_pool(shared.clone()));
    assert!(opening.await.is_err());
    transaction.rollback().await.unwrap();
    let write = sqlx::query("INSERT INTO visit VALUES (1)");
    write.execute(&shared).await.unwrap();
    let visits = sqlx::query("SELECT * FROM visit").fetch_all(&others);
    assert_eq!(visits.await.unwrap().len(), 1);
    let opening = timeout(Duration::from_secs(15), SqlStore::open(&url));
    opening.await.unwrap().unwrap().check().await.unwrap();
}

#[tokio::test]
async fn a_pool_and_a_url_contradict_each_other() {
    if is_missing() {
        return;
    }
    let url = fresh_url();
    let pool = pool(&url, 1).await;
    let error = SqlStore::from_pool_with(pool, Options::new(&url)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("begin the options with for_pool"), "{error}");
    let error = SqlStore::open_with(Options::for_pool()).await.unwrap_err();
    assert!(error.to_string().contains("URL must begin with"), "{error}");
}
