//! Paths of missing files, other programs' files and damaged files.

use super::*;

#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    let mut files = 0;
    for file in fs::read_dir(folder.0.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and the log's index");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named_with_a_remedy() {
    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    for (path, remedy) in [
        (
            folder.path().join("below-a-file.db"),
            "create its directory first",
        ),
        (
            folder.0.path().join("no/such/folder.db"),
            "create its directory first",
        ),
        (folder.0.path().to_owned(), "name a file, not a directory"),
    ] {
        let message = SqliteStore::open(&path).await.unwrap_err().to_string();
        let expected = format!("can't open {}: {remedy}", path.display());
        assert_eq!(message, expected);
    }
    for path in ["", ":memory:"] {
        let message = SqliteStore::open(path).await.unwrap_err().to_string();
        assert!(message.ends_with("use SqliteStore::in_memory"), "{message}");
    }
}

/// Returns the error of opening the path, which must come at once and not wait for a writer.
fn refusal_in_time(path: PathBuf) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let opened = runtime.block_on(SqliteStore::open(path));
        _ = tell.send(opened.unwrap_err().to_string());
    });
    let refusal = told.recv_timeout(Duration::from_secs(20));
    refusal.expect("it answers")
}

#[test]
fn a_path_that_is_no_regular_file_is_refused_at_once() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.path().join(name);
    let make_pipe = |path: PathBuf| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    make_pipe(path("pipe"));
    std::os::unix::fs::symlink(path("pipe"), path("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    for (named, kind) in [
        (path("pipe"), "a pipe"),
        (path("link"), "a pipe"),
        (path("socket"), "a socket"),
        ("/dev/null".into(), "a device"),
        ("/dev/zero".into(), "a device"),
    ] {
        let expected = format!(
            "can't open {}: it is {kind}; name a regular file",
            named.display()
        );
        assert_eq!(refusal_in_time(named), expected);
    }
    // Its neighbours, which SQLite would open as well.
    for suffix in ["-wal", "-shm", "-journal"] {
        let database = path(&format!("with{suffix}.db"));
        let neighbour = path(&format!("with{suffix}.db{suffix}"));
        make_pipe(neighbour.clone());
        let expected = format!(
            "can't open {}: it is a pipe; move it away",
            neighbour.display()
        );
        assert_eq!(refusal_in_time(database.clone()), expected);
        // SQLite opens those of the file that a link leads to.
        fs::write(&database, "").unwrap();
        let link = path(&format!("link-to{suffix}"));
        std::os::unix::fs::symlink(database, &link).unwrap();
        assert_eq!(refusal_in_time(link), expected);
    }
}

#[tokio::test]
async fn a_file_without_the_right_to_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o400)).unwrap();
    match OpenOptions::new().write(true).open(folder.path()) {
        // The superuser may write to anything.
        Ok(_) => drop(folder.open().await),
        Err(_) => assert!(
            folder
                .refusal()
                .await
                .contains("this user must be able to write")
        ),
    }
}

#[tokio::test]
async fn a_file_called_like_an_address_is_a_file() {
    let folder = Folder::new();
    for name in [
        "file:sessions.db?mode=memory",
        "50%.db",
        "a?b#c.db",
        "naïve 漢.db",
    ] {
        let path = folder.0.path().join(name);
        SqliteStore::open(&path).await.unwrap().close().await;
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let folder = Folder::new();
    let text = "This is a letter. ".repeat(100);
    fs::write(folder.path(), &text).unwrap();
    let message = folder.refusal().await;
    assert_eq!(
        message,
        "can't open PATH: it is no SQLite database; name another file, or move this one away"
    );
    assert_eq!(fs::read_to_string(folder.path()).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_no_panic() {
    let folder = Folder::new();
    let mut bytes = full(&folder).await;
    let store = folder.open().await;
    // The header and the schema on the first page stay.
    bytes[4096..].fill(0xa5);
    let mut file = OpenOptions::new().write(true).open(folder.path()).unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    drop(file);
    let (key, secret) = (&key_of(1), &digest_of(0));
    let error = store.load(key, secret, moment_at(0)).await.unwrap_err();
    assert!(
        error.to_string().contains("it is damaged; restore it"),
        "{error}"
    );
    store.close().await;
    for from in [4096, 100] {
        bytes[from..].fill(0xa5);
        fs::write(folder.path(), &bytes).unwrap();
        assert!(folder.refusal().await.contains("it is damaged; restore it"));
    }
}

/// Returns the bytes of a closed database with many sessions.
async fn full(folder: &Folder) -> Vec<u8> {
    let store = folder.open().await;
    for number in 0..200 {
        insert(&store, number, &record_of(number)).await.unwrap();
    }
    store.close().await;
    fs::read(folder.path()).unwrap()
}

#[tokio::test]
async fn a_file_that_was_cut_is_refused_and_kept() {
    let folder = Folder::new();
    let bytes = full(&folder).await;
    for length in [
        1,
        15,
        16,
        17,
        99,
        100,
        101,
        511,
        512,
        513,
        4_095,
        4_096,
        4_097,
        8_192,
        10_000,
        bytes.len() - 1,
    ] {
        fs::write(folder.path(), &bytes[..length]).unwrap();
        let message = folder.refusal().await;
        assert_eq!(
            message,
            "can't open PATH: it is damaged; restore it, or move it away to begin with a new one",
            "{length} bytes"
        );
        assert_eq!(
            fs::read(folder.path()).unwrap(),
            bytes[..length],
            "{length} bytes"
        );
    }
    fs::write(folder.path(), &bytes).unwrap();
    let store = folder.open().await;
    assert!(load(&store, 199).await.is_some());
}

#[tokio::test]
async fn a_short_file_that_is_no_database_is_refused_and_kept() {
    let folder = Folder::new();
    for text in ["x", "a=1", "SQLite format 4", &"\0".repeat(511)] {
        fs::write(folder.path(), text).unwrap();
        assert_eq!(
            folder.refusal().await,
            "can't open PATH: it is no SQLite database; name another file, or move this one away",
            "{text:?}"
        );
        assert_eq!(fs::read_to_string(folder.path()).unwrap(), text);
    }
    // An empty file, as `touch` makes it, is fine.
    fs::write(folder.path(), "").unwrap();
    folder.open().await.close().await;
}

#[tokio::test]
async fn a_file_whose_pages_are_only_in_the_log_is_read_from_there() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    let log = format!("{}-wal", folder.path().display());
    // As after a power failure: the log reached the disk, the first page did not.
    let copy = Folder::new();
    let log_of_copy = format!("{}-wal", copy.path().display());
    fs::copy(log, log_of_copy).unwrap();
    let bytes = fs::read(folder.path()).unwrap();
    fs::write(copy.path(), &bytes[..100.min(bytes.len())]).unwrap();
    let store = copy.open().await;
    assert!(load(&store, 1).await.is_some());
}

/// The first to open a file creates its log; if two try, SQLite refuses one of them at once.
#[tokio::test]
async fn a_file_that_is_opened_by_another_is_waited_for() {
    let folder = Folder::new();
    let mut other = folder.other_program().await;
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        run(&mut other, begin).await;
        let begun = Instant::now();
        let refusal = SqliteStore::open_with(folder.hasty()).await.unwrap_err();
        assert!(begun.elapsed() >= HASTE, "{begin}: it waits for the other");
        let message = refusal.to_string();
        assert!(
            message.contains("another program has it locked"),
            "{begin}: {message}"
        );

        let opening = tokio::spawn(SqliteStore::open(folder.path()));
        tokio::task::yield_now().await;
        assert!(!opening.is_finished(), "{begin}: the other is not done");
        run(&mut other, "COMMIT").await;
        let store = opening.await.unwrap().unwrap();
        store.check().await.unwrap();
        store.close().await;
        run(&mut other, "PRAGMA journal_mode = DELETE").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_can_create_the_file_at_once() {
    let folder = Arc::new(Folder::new());
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let path = folder.path();
            tokio::spawn(async move {
                let store = SqliteStore::open(path).await.unwrap();
                insert(&store, number, &record_of(number)).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Outcome::Applied);
    }
}

#[tokio::test]
async fn a_store_that_was_closed_says_so_whoever_removed_the_log() {
    let folder = Folder::new();
    let [first, second] = [folder.open().await, folder.open().await];
    first.close().await;
    second.close().await;
    for store in [first, second] {
        let found = store.load(&key_of(1), &digest_of(0), moment_at(0)).await;
        for answer in [store.check().await, found.map(drop)] {
            let error = answer.unwrap_err().to_string();
            assert!(error.contains("was closed"), "{error}");
        }
    }
}
