//! Checkpoints, which answer for no write.

use super::*;

fn changed(store: &SqliteStore) -> usize {
    store
        .0
        .store()
        .database
        .connections
        .checkpointer
        .as_ref()
        .unwrap()
        .changed()
}

#[tokio::test]
async fn a_write_does_not_wait_for_a_checkpoint() {
    let folder = Folder::new();
    let store = folder.open().await;
    let checkpointer = store
        .0
        .store()
        .database
        .connections
        .checkpointer
        .as_ref()
        .unwrap();
    let busy = checkpointer.connection().await;
    for number in 0..1_000 {
        let begun = Instant::now();
        insert(&store, number, &record_of(number)).await.unwrap();
        assert!(begun.elapsed() < HASTE, "write {number}");
    }
    for swept in [500, 500, 0] {
        let begun = Instant::now();
        assert_eq!(store.sweep(moment_at(100), 500).await.unwrap(), swept);
        assert!(begun.elapsed() < HASTE, "a sweep of {swept}");
    }
    drop(busy);
}

#[tokio::test]
async fn every_changed_row_is_counted_once() {
    let folder = Folder::new();
    let store = folder.open().await;
    assert_eq!(changed(&store), 0);
    for number in 0..100 {
        let mut record = record_of(number);
        record.owner = (number < 50).then(|| "ada".into());
        insert(&store, number, &record).await.unwrap();
    }
    assert_eq!(changed(&store), 100);
    assert_eq!(
        insert(&store, 7, &record_of(7)).await.unwrap(),
        Outcome::Refused
    );
    assert_eq!(changed(&store), 100);
    let revoked = store.revoke("ada", Revoke::All, moment_at(0)).await;
    assert_eq!(revoked.unwrap(), 50);
    assert_eq!(changed(&store), 150);
    assert_eq!(store.sweep(moment_at(100), 30).await.unwrap(), 30);
    assert_eq!(changed(&store), 180);
    assert_eq!(store.sweep(moment_at(100), 30).await.unwrap(), 20);
    assert_eq!(changed(&store), 200);
}

#[tokio::test]
async fn times_that_make_no_sense_are_refused_before_there_is_a_file() {
    let folder = Folder::new();
    let options = SqliteOptions::new(folder.path());
    for (options, field) in [
        (options.clone().timeout(Duration::ZERO), "timeout"),
        (options.clone().timeout(Duration::MAX), "timeout"),
        (options.clone().sweep_every(Duration::ZERO), "sweep_every"),
        (options.clone().sweep_margin(Duration::MAX), "sweep_margin"),
    ] {
        let error = SqliteStore::open_with(options).await.unwrap_err();
        let expected = format!("{field}: must be");
        assert!(error.to_string().contains(&expected), "{error}");
    }
    assert!(!folder.path().exists());
}
