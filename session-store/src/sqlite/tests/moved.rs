//! Files that are removed or replaced while they are open, and a check that tests what requests
//! need.

use super::*;

/// The files of an open database.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

impl Folder {
    fn file(&self, suffix: &str) -> PathBuf {
        self.0.path().join(format!("sessions.db{suffix}"))
    }
}

/// Checks that every call fails and says why.
async fn every_call_fails(store: &SqliteStore) {
    // What they do to a file that has no name is no matter here.
    let (key, secret, now) = (&key_of(9), &digest_of(0), moment_at(0));
    let touch = Command::Touch {
        key,
        expected: Revision::from_i64(1),
        seen: moment_at(1),
        expires: moment_at(200),
    };
    let delete = Command::Delete {
        key,
        only: Only::Always,
    };
    let errors = [
        insert(store, 2, &record_of(2)).await.unwrap_err(),
        store.write(touch, now).await.unwrap_err(),
        store.write(delete, now).await.unwrap_err(),
        store
            .revoke(Whose::Owner("ada", Revoke::All), now)
            .await
            .unwrap_err(),
        store.sweep(now, 10).await.unwrap_err(),
        store.check().await.unwrap_err(),
        store.load(key, secret, now).await.unwrap_err(),
    ];
    for error in errors {
        let error = error.to_string();
        assert!(
            error.contains("was removed or replaced while it was open"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_once_a_file_was_removed() {
    for suffix in SUFFIXES {
        let folder = Folder::new();
        let store = folder.open().await;
        insert(&store, 1, &record_of(1)).await.unwrap();
        let aside = folder.0.path().join("aside");
        fs::rename(folder.file(suffix), &aside).unwrap();
        every_call_fails(&store).await;
        // Another file with the same bytes is not the one that is open.
        fs::copy(&aside, folder.file(suffix)).unwrap();
        every_call_fails(&store).await;
        // The file itself is back, but some connections may have opened the other one.
        fs::rename(&aside, folder.file(suffix)).unwrap();
        every_call_fails(&store).await;
        store.close().await;
        let store = folder.open().await;
        assert_eq!(load(&store, 1).await, Some(record_of(1)), "{suffix}");
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_once_a_file_behind_a_link_was_removed() {
    for suffix in SUFFIXES {
        let folder = Folder::new();
        let links = ["link", "link of a link"].map(|name| folder.0.path().join(name));
        folder.open().await.close().await;
        std::os::unix::fs::symlink("sessions.db", &links[0]).unwrap();
        std::os::unix::fs::symlink("link", &links[1]).unwrap();
        let store = SqliteStore::open(&links[1]).await.unwrap();
        insert(&store, 1, &record_of(1)).await.unwrap();
        fs::remove_file(folder.file(suffix)).unwrap();
        every_call_fails(&store).await;
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_file_was_emptied() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    let file = OpenOptions::new().write(true).open(folder.path());
    file.unwrap().set_len(0).unwrap();
    every_call_fails(&store).await;
}

#[tokio::test]
async fn a_folder_that_moves_away_or_a_link_that_leads_elsewhere_fails_every_call_too() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.path().join(name);
    for name in ["one", "other"] {
        fs::create_dir(path(name)).unwrap();
    }
    std::os::unix::fs::symlink("one", path("link")).unwrap();
    let store = SqliteStore::open(path("link/s.db")).await.unwrap();
    let same = SqliteStore::open(path("one/s.db")).await.unwrap();
    fs::remove_file(path("link")).unwrap();
    std::os::unix::fs::symlink("other", path("link")).unwrap();
    every_call_fails(&store).await;
    insert(&same, 1, &record_of(1)).await.unwrap();
    fs::rename(path("one"), path("away")).unwrap();
    every_call_fails(&same).await;
}

#[tokio::test]
async fn a_folder_that_is_removed_fails_every_call_too() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    fs::remove_dir_all(folder.0.path()).unwrap();
    every_call_fails(&store).await;
}

#[tokio::test]
async fn reads_alone_notice_soon_that_a_file_was_removed() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    fs::remove_file(folder.file("")).unwrap();
    let (key, secret, begun) = (&key_of(1), &digest_of(0), Instant::now());
    let says_so = async || {
        let answer = store.load(key, secret, moment_at(0)).await;
        answer.is_err_and(|error| error.to_string().contains("was removed"))
    };
    while !says_so().await {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    assert!(says_so().await);
}

#[tokio::test]
async fn no_read_is_answered_from_a_file_that_took_the_place() {
    let (folder, other) = (Folder::new(), Folder::new());
    let store = other.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open_with(folder.hasty().readers(1))
        .await
        .unwrap();
    // The next reader has to open the file anew.
    let only = store
        .0
        .store()
        .database
        .connections
        .readers
        .take()
        .await
        .unwrap();
    only.after::<()>(Err(sqlx::Error::WorkerCrashed))
        .unwrap_err();
    fs::rename(other.file(""), folder.file("")).unwrap();
    let (key, secret) = (&key_of(1), &digest_of(0));
    let error = store.load(key, secret, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("was removed"), "{error}");
}

/// On Unix a process that closes a file releases all its locks on it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_applications_own_connections_keep_their_locks() {
    use std::os::unix::fs::MetadataExt as _;

    let folder = Folder::new();
    folder.open().await.close().await;
    let mut other = folder.other_program().await;
    // SQLite waits for no lock here, and a connection that was given up ends a little later.
    soon("the store's connections are closed", async || {
        let change = sqlx::query("PRAGMA journal_mode = DELETE");
        change.execute(&mut other).await.is_ok()
    })
    .await;
    run(&mut other, "CREATE TABLE theirs (n INT)").await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let number = fs::metadata(folder.file("")).unwrap().ino();
    let locks = || {
        let all = fs::read_to_string("/proc/locks").unwrap();
        let named = format!(":{number} ");
        all.lines().filter(|line| line.contains(&named)).count()
    };
    let before = locks();
    assert!(before > 0);
    // It waits for the lock, and gives up.
    SqliteStore::open_with(folder.hasty()).await.unwrap_err();
    assert_eq!(locks(), before);
}

#[tokio::test]
async fn a_check_fails_while_the_disk_has_no_room_for_a_session() {
    let folder = Folder::new();
    let store = folder.open().await;
    // A small row would still fit into a page that is there; free pages are used up.
    let large = changed!(record_of(1), data = "x".repeat(20_000).into());
    insert(&store, 1, &large).await.unwrap();
    let mut connection = store
        .0
        .store()
        .database
        .connections
        .writer
        .take()
        .await
        .unwrap();
    run(&mut connection, "PRAGMA max_page_count = 1").await;
    drop(connection);
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("the disk is full"), "{error}");
    let mut connection = store
        .0
        .store()
        .database
        .connections
        .writer
        .take()
        .await
        .unwrap();
    run(&mut connection, "PRAGMA max_page_count = 4294967294").await;
    drop(connection);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_check_fails_while_sessions_cannot_be_read() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut readers = Vec::new();
    let seats = &store.0.store().database.connections.readers;
    for _ in 0..4 {
        readers.push(seats.take().await.unwrap());
    }
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("other calls took too long"), "{error}");
    drop(readers);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_check_leaves_nothing_behind() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.check().await.unwrap();
    let mut other = folder.other_program().await;
    let count = sqlx::query("SELECT count(*) FROM session");
    let count: i64 = count.fetch_one(&mut other).await.unwrap().get(0);
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_table_that_another_program_drops_fails_every_call_until_it_is_back() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    load(&store, 1).await.unwrap();
    let mut other = folder.other_program().await;
    let (key, secret, now) = (&key_of(1), &digest_of(0), moment_at(0));
    for place in ["", "CREATE TABLE session (id INTEGER PRIMARY KEY)"] {
        run(&mut other, format!("DROP TABLE IF EXISTS session; {place}")).await;
        let errors = [
            insert(&store, 2, &record_of(2)).await.unwrap_err(),
            store.load(key, secret, now).await.unwrap_err(),
            store.devices("ada", None, now, 9).await.unwrap_err(),
            store
                .revoke(Whose::Owner("ada", Revoke::All), now)
                .await
                .unwrap_err(),
            store.check().await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains("can't"), "{error}");
        }
    }
    let schema = include_str!("../../../migrations/sqlite.sql");
    let again = format!("DROP TABLE session; DROP TABLE session_version; {schema}");
    run(&mut other, again).await;
    store.check().await.unwrap();
    assert_eq!(load(&store, 1).await, None);
    insert(&store, 1, &record_of(3)).await.unwrap();
    assert_eq!(load(&store, 1).await, Some(record_of(3)));
}
