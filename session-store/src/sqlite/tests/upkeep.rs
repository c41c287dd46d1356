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
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::All), moment_at(0))
        .await;
    assert_eq!(revoked.unwrap(), 50);
    assert_eq!(changed(&store), 150);
    assert_eq!(store.sweep(moment_at(100), 30).await.unwrap(), 30);
    assert_eq!(changed(&store), 180);
    assert_eq!(store.sweep(moment_at(100), 30).await.unwrap(), 20);
    assert_eq!(changed(&store), 200);
    insert(&store, 7, &record_of(7)).await.unwrap();
    let (key, expected) = (&key_of(7), record_of(7).revision);
    let (seen, expires) = (moment_at(1), moment_at(200));
    for (command, more) in [
        (
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            },
            1,
        ),
        (
            Command::Replace {
                key,
                expected,
                record: &record_of(8),
            },
            1,
        ),
        // The same again is refused.
        (
            Command::Replace {
                key,
                expected,
                record: &record_of(8),
            },
            0,
        ),
    ] {
        let before = changed(&store);
        store.write(command, moment_at(0)).await.unwrap();
        assert_eq!(changed(&store), before + more, "{command:?}");
    }
    for more in [1, 0] {
        let before = changed(&store);
        assert_eq!(delete(&store, 7).await, Outcome::Applied);
        assert_eq!(changed(&store), before + more);
    }
    assert_eq!(store.sweep(moment_at(1_000), 30).await.unwrap(), 0);
    store.check().await.unwrap();
    assert_eq!(changed(&store), 204);
}

#[tokio::test]
async fn a_write_does_not_wait_for_another_programs_reader_and_the_log_is_used_again_after_it() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 0, &record_of(0)).await.unwrap();
    let mut other = folder.other_program().await;
    run(&mut other, "BEGIN").await;
    run(&mut other, "SELECT count(*) FROM session").await;
    let length = || {
        let log = folder.path().with_extension("db-wal");
        fs::metadata(log).unwrap().len()
    };
    for number in 1..=2_000 {
        let begun = Instant::now();
        insert(&store, number, &record_of(number)).await.unwrap();
        assert!(begun.elapsed() < HASTE, "write {number}");
    }
    let long = length();
    run(&mut other, "COMMIT").await;
    for number in 2_001..=4_000 {
        insert(&store, number, &record_of(number)).await.unwrap();
    }
    assert!(length() < long * 3 / 2, "{long}, then {}", length());
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
