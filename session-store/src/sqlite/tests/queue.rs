//! Writes that wait for each other.

use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::*;

/// Begins inserts of sessions, which wait for the connection until it is given back.
async fn waiting(store: &SqliteStore, numbers: std::ops::Range<u32>) -> Vec<Insertion> {
    let mut insertions = Vec::new();
    for number in numbers {
        let commands = Arc::clone(store.0.store());
        insertions.push(tokio::spawn(async move {
            let (key, record) = (&key_of(number.into()), &record_of(number));
            let insert = Command::Insert { key, record };
            commands.write(insert, moment_at(0)).await
        }));
        // It takes its place in the line.
        tokio::task::yield_now().await;
    }
    insertions
}

type Insertion = JoinHandle<Result<Outcome, StoreError>>;

async fn count(folder: &Folder) -> i64 {
    let mut other = folder.other_program().await;
    let count = sqlx::query("SELECT count(*) FROM session");
    count.fetch_one(&mut other).await.unwrap().get(0)
}

#[tokio::test]
async fn writes_that_wait_share_a_transaction() {
    let folder = Folder::new();
    let store = folder.open().await;
    let pages = async || {
        let mut other = folder.other_program().await;
        let pages = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        pages.fetch_one(&mut other).await.unwrap().get::<i64, _>(1)
    };
    let before = pages().await;
    let seat = store.0.store().database.connections.writer.take().await;
    let insertions = waiting(&store, 0..40).await;
    drop(seat.unwrap());
    for outcome in join_all(insertions).await {
        assert_eq!(outcome.unwrap().unwrap(), Outcome::Applied);
    }
    assert_eq!(count(&folder).await, 40);
    // Each transaction writes the pages that it has changed: two at least.
    let written = pages().await - before;
    assert!(written < 40, "{written} pages");
}

#[tokio::test]
async fn a_write_that_fails_takes_no_other_one_along() {
    for failure in ["FAIL", "ABORT", "ROLLBACK"] {
        let folder = Folder::new();
        let store = folder.open().await;
        let mut other = folder.other_program().await;
        run(
            &mut other,
            format!(
                "CREATE TRIGGER refuse AFTER INSERT ON session WHEN NEW.revision = 7 \
                 BEGIN SELECT RAISE({failure}, 'refused'); END"
            ),
        )
        .await;
        let seat = store.0.store().database.connections.writer.take().await;
        let insertions = waiting(&store, 0..12).await;
        drop(seat.unwrap());
        for (number, outcome) in join_all(insertions).await.into_iter().enumerate() {
            match outcome.unwrap() {
                Ok(outcome) => assert!(outcome == Outcome::Applied && number != 7, "{number}"),
                Err(error) => assert_eq!(number, 7, "{failure}: {error}"),
            }
        }
        assert_eq!(count(&folder).await, 11 + i64::from(failure == "FAIL"));
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_write_that_is_cancelled_in_the_line_is_never_carried_out() {
    let folder = Folder::new();
    let store = folder.open().await;
    // The first one has the turn, and leaves it to those behind it.
    for cancelled in [0, 3] {
        let seat = store.0.store().database.connections.writer.take().await;
        let mut insertions = waiting(&store, 0..6).await;
        insertions.remove(cancelled).abort();
        tokio::task::yield_now().await;
        drop(seat.unwrap());
        for outcome in join_all(insertions).await {
            assert_eq!(outcome.unwrap().unwrap(), Outcome::Applied);
        }
        assert_eq!(count(&folder).await, 5);
        let cancelled = u32::try_from(cancelled).unwrap();
        assert_eq!(load(&store, cancelled).await, None);
        for number in 0..6 {
            delete(&store, number).await;
        }
    }
}

#[tokio::test]
async fn nobody_waits_for_a_connection_that_another_program_keeps_locked() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut other = folder.other_program().await;
    run(&mut other, "BEGIN EXCLUSIVE").await;
    let begun = Instant::now();
    let insertions = waiting(&store, 0..50).await;
    for outcome in join_all(insertions).await {
        outcome.unwrap().unwrap_err();
    }
    // Those in the line share the wait for the lock.
    assert!(begun.elapsed() < HASTE * 4, "{:?}", begun.elapsed());
    // Whoever gave up while the transaction waited for the lock does not know whether it was carried out.
    run(&mut other, "COMMIT").await;
    let inserted = insert(&store, 50, &record_of(1)).await.unwrap();
    assert_eq!(inserted, Outcome::Applied);
    assert_eq!(load(&store, 50).await, Some(record_of(1)));
}
