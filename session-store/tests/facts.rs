//! What stores say of themselves, for a report.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "memory", feature = "sqlite"))]

use session_core::{Policy, Sessions, Store, StoreFacts};
use session_store::{MemoryStore, SqliteOptions, SqliteStore};

async fn facts(store: &dyn Store) -> StoreFacts {
    store.facts().await.unwrap()
}

#[tokio::test]
async fn a_store_says_where_it_keeps_sessions_and_who_removes_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let swept = SqliteStore::open(file("swept.db")).await.unwrap();
    let unswept = SqliteOptions::new(file("unswept.db")).no_sweep();
    let unswept = SqliteStore::open_with(unswept).await.unwrap();
    let passing = SqliteStore::in_memory().await.unwrap();
    let memory = MemoryStore::new();
    let rows: [(&dyn Store, &str, bool, bool); 4] = [
        (&swept, "swept.db", true, true),
        (&unswept, "unswept.db", true, false),
        (&passing, "in memory", false, true),
        (&memory, "the process's memory", false, true),
    ];
    for (store, kind, outlives, sweeps) in rows {
        let facts = facts(store).await;
        assert!(facts.kind.contains(kind), "{facts:?}");
        assert_eq!(facts.outlives_process, Some(outlives), "{kind}");
        assert_eq!(facts.sweeps, Some(sweeps), "{kind}");
        // Its clock is this machine's.
        assert_eq!(facts.time, None, "{kind}");
    }
    assert!(facts(&swept).await.table_version >= Some(2));
    let sessions = Sessions::new(Policy::aal2().build().unwrap(), swept);
    let report = sessions.report().await;
    assert!(
        report.is_ok() && report.to_string().contains("✔ store-table: "),
        "{report}"
    );
}

#[cfg(all(feature = "cached", feature = "moving"))]
#[tokio::test]
async fn what_stands_around_a_store_says_what_it_says() {
    use std::sync::Arc;

    use session_store::{CachedStore, Moving};

    let folder = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(folder.path().join("new.db"))
        .await
        .unwrap();
    let (old, new) = (Arc::new(MemoryStore::new()), Arc::new(file));
    let cached = facts(&CachedStore::new(new.clone())).await;
    assert!(cached.kind.contains("new.db, behind a cache"), "{cached:?}");
    assert_eq!(cached.outlives_process, Some(true));
    let moving = facts(&Moving::new(old, new).unwrap()).await;
    assert!(
        moving.kind.contains("memory, moving to SQLite"),
        "{moving:?}"
    );
    assert_eq!(
        (moving.outlives_process, moving.sweeps),
        (Some(false), Some(true))
    );
}

#[cfg(all(feature = "cached", feature = "moving"))]
#[tokio::test]
async fn a_store_that_does_not_say_what_it_is_has_a_line_that_can_be_read() {
    use std::sync::Arc;

    use session_store::{CachedStore, Moving};
    use session_testkit::ModelStore;

    for (store, expected) in [
        (Arc::new(ModelStore::new()) as Arc<dyn Store>, "the store"),
        (
            Arc::new(CachedStore::new(Arc::new(ModelStore::new()))),
            "the store, behind a cache,",
        ),
        (
            Arc::new(
                Moving::new(Arc::new(ModelStore::new()), Arc::new(ModelStore::new())).unwrap(),
            ),
            "the store, moving to the store,",
        ),
    ] {
        let report = Sessions::shared(Policy::default(), store).report().await;
        let line = format!("✔ store: {expected} can be read and written to");
        assert!(report.to_string().contains(&line), "{report}");
    }
}
