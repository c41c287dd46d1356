//! Stores on a pool that the application has as well.

use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use super::*;

async fn pool(folder: &Folder, connections: u32) -> SqlitePool {
    let file = SqliteConnectOptions::new().filename(folder.path());
    let pool = SqlitePoolOptions::new().max_connections(connections);
    pool.connect_with(file.create_if_missing(true))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_pool_stays_the_applications() {
    for connections in [1, 4] {
        let folder = Folder::new();
        let pool = pool(&folder, connections).await;
        let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
        insert(&store, 1, &record_of(1)).await.unwrap();
        assert_eq!(load(&store, 1).await, Some(record_of(1)));
        store.close().await;
        let error = store.check().await.unwrap_err().to_string();
        assert!(error.contains("the store was closed"), "{error}");
        let rows = sqlx::query("SELECT * FROM session").fetch_all(&pool).await;
        assert_eq!(rows.unwrap().len(), 1);
        let other = SqliteStore::from_pool(pool.clone()).await.unwrap();
        assert_eq!(load(&other, 1).await, Some(record_of(1)));
        pool.close().await;
        let error = other.check().await.unwrap_err().to_string();
        assert!(error.contains("the pool was closed"), "{error}");
    }
}

#[tokio::test]
async fn opening_that_is_given_up_leaves_nothing_begun_on_the_pool_s_connections() {
    let folder = Folder::new();
    let pool = pool(&folder, 2).await;
    let mut writing = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let create = sqlx::query("CREATE TABLE visit (number INTEGER)");
    create.execute(&mut *writing).await.unwrap();
    let options = SqliteOptions::for_pool().timeout(Duration::from_millis(50));
    let error = SqliteStore::from_pool_with(pool.clone(), options).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("too long"), "{error}");
    writing.commit().await.unwrap();
    // On both connections.
    let mut both = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    for connection in &mut both {
        let write = sqlx::query("INSERT INTO visit VALUES (1)");
        write.execute(&mut **connection).await.unwrap();
    }
    SqliteStore::from_pool(pool).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_a_pool_wait_for_each_other() {
    let folder = Folder::new();
    let store = SqliteStore::from_pool(pool(&folder, 8).await)
        .await
        .unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, number, &record_of(number)).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), Outcome::Applied);
    }
}

#[tokio::test]
async fn a_pool_that_closes_its_connections_and_so_the_log_goes_on() {
    let folder = Folder::new();
    let file = SqliteConnectOptions::new().filename(folder.path());
    let file = file
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_with(file).await.unwrap();
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    for number in 0..3 {
        insert(&store, number, &record_of(number)).await.unwrap();
        pool.acquire().await.unwrap().close().await.unwrap();
    }
    // The file itself is still looked at, if a connection has it open.
    load(&store, 1).await.unwrap();
    fs::remove_file(folder.path()).unwrap();
    let error = insert(&store, 9, &record_of(9)).await.unwrap_err();
    assert!(error.to_string().contains("was removed"), "{error}");
}

#[tokio::test]
async fn a_pool_that_can_not_serve_is_refused() {
    let hasty = |options: SqliteConnectOptions| {
        let pool = SqlitePoolOptions::new().max_connections(2);
        pool.connect_lazy_with(options)
    };
    let folder = Folder::new();
    let file = SqliteConnectOptions::new().filename(folder.path());
    let file = file.create_if_missing(true);
    for (options, says) in [
        (
            SqliteConnectOptions::new()
                .in_memory(true)
                .shared_cache(false),
            "a database in memory of its own",
        ),
        (
            file.clone().busy_timeout(Duration::ZERO),
            "set busy_timeout",
        ),
        (
            file.clone().read_only(true),
            "this user must be able to write",
        ),
    ] {
        let error = SqliteStore::from_pool(hasty(options)).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    // The same if the table is there.
    drop(folder.open().await);
    for options in [
        file.clone().read_only(true),
        file.clone().immutable(true),
        file.pragma("query_only", "on"),
    ] {
        let error = SqliteStore::from_pool(hasty(options)).await.unwrap_err();
        let says = "this user must be able to write";
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = SqliteStore::from_pool_with(pool(&folder, 1).await, folder.hasty()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("begin the options with for_pool"), "{error}");
    let error = SqliteStore::open_with(SqliteOptions::for_pool()).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn one_connection_in_memory_is_a_pool_too() {
    let only = SqlitePoolOptions::new().max_connections(1);
    let only = only.connect("sqlite::memory:").await.unwrap();
    let store = SqliteStore::from_pool(only).await.unwrap();
    insert(&store, 1, &record_of(1)).await.unwrap();
    assert_eq!(load(&store, 1).await, Some(record_of(1)));
}
