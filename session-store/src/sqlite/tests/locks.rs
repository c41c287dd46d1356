//! Locks of other programs, and concurrent writers that never see a lock.

use super::*;

#[tokio::test]
async fn a_locked_database_is_an_error_soon_and_works_again() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    let mut other = folder.other_program().await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let error = insert(&store, 2, &record_of(2)).await.unwrap_err();
    assert!(
        error.to_string().contains("another program has it locked"),
        "{error}"
    );
    assert!(store.check().await.is_err());
    // Reads go on.
    assert_eq!(load(&store, 1).await, Some(record_of(1)));
    assert_eq!(load(&store, 2).await, None);
    run(&mut other, "COMMIT").await;
    assert_eq!(
        insert(&store, 2, &record_of(2)).await.unwrap(),
        Outcome::Applied
    );
    store.check().await.unwrap();
}

#[tokio::test]
async fn many_calls_behind_a_lock_all_answer() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut other = folder.other_program().await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, number, &record_of(1)).await })
        })
        .collect();
    // Each of them fails within twice the time-out, however long the queue is.
    for call in calls {
        assert!(call.await.unwrap().is_err());
    }
    run(&mut other, "COMMIT").await;
    assert_eq!(
        insert(&store, 99, &record_of(1)).await.unwrap(),
        Outcome::Applied
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_full_of_writers_see_no_lock() {
    let folder = Folder::new();
    let path = folder.path();
    let stores = [
        SqliteStore::open(&path).await.unwrap(),
        SqliteStore::open(&path).await.unwrap(),
    ];
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = stores[number as usize % 2].clone();
            tokio::spawn(async move {
                let outcome = insert(&store, number, &record_of(0)).await.unwrap();
                assert_eq!(outcome, Outcome::Applied);
                for state in 0..10 {
                    let replace = Command::Replace {
                        key: &key_of(number.into()),
                        expected: Revision::from_i64(state.into()),
                        record: &record_of(state + 1),
                    };
                    let outcome = store.write(replace, moment_at(0)).await.unwrap();
                    assert_eq!(outcome, Outcome::Applied);
                    assert_eq!(load(&store, number).await, Some(record_of(state + 1)));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
