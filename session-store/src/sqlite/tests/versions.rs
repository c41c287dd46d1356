//! Tables of other versions.

use session_core::{Expiry, Remembered, Salt};

use super::*;

/// A file of version 1 with two sessions.
const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/sqlite-1.db");

fn old_file() -> Folder {
    let folder = Folder::new();
    fs::write(folder.path(), FIXTURE).unwrap();
    folder
}

fn full() -> Record {
    let remembered = changed!(
        Remembered::new(digest_of(1), moment_at(-600)),
        earlier = Some(digest_of(0)),
        salt = Salt::from_bytes(&[7; 16])
    );
    let mut full = changed!(
        record_of(2),
        created = moment_at(-3_000),
        seen = moment_at(-2_000),
        expires = moment_at(4_000),
        authenticated = Some(moment_at(-1_000)),
        owner = Some("Ada 漢".into()),
        expiry = Expiry::After(Duration::from_secs(30 * 24 * 60 * 60)),
        data = r#"{"cart":[1,2,3],"name":"naïve"}"#.into()
    );
    full.secrets.present = digest_of(2);
    full.secrets.issued = moment_at(-900);
    full.secrets.remembered = Some(remembered);
    full
}

async fn serves(store: &SqliteStore) {
    assert_eq!(load(store, 1).await, Some(record_of(1)));
    assert_eq!(load(store, 2).await, Some(full()));
    let record = changed!(
        record_of(7),
        owner = Some("bob".into()),
        label = Some("Firefox".into()),
        address = Some("::1".into()),
        tag = Some("sid".into()),
        credential = Some(digest_of(9))
    );
    insert(store, 7, &record).await.unwrap();
    assert_eq!(load(store, 7).await, Some(record));
    delete(store, 7).await;
}

async fn versions(folder: &Folder) -> Vec<(i64, i64)> {
    let mut other = folder.other_program().await;
    let versions = sqlx::query("SELECT version, oldest FROM session_version ORDER BY version");
    let versions = versions.fetch_all(&mut other).await.unwrap();
    let versions = versions.iter().map(|row| (row.get(0), row.get(1)));
    versions.collect()
}

#[tokio::test]
async fn a_file_of_the_first_version_is_upgraded_and_keeps_its_sessions() {
    let folder = old_file();
    for _ in 0..2 {
        let store = folder.open().await;
        serves(&store).await;
        store.close().await;
        assert_eq!(versions(&folder).await, [(2, 1)]);
    }
    let mut other = folder.other_program().await;
    run(&mut other, "ALTER TABLE session DROP COLUMN address").await;
    serves(&folder.open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_upgrade_the_file_at_once() {
    let folder = old_file();
    let stores: Vec<_> = (0..8)
        .map(|_| tokio::spawn(SqliteStore::open(folder.path())))
        .collect();
    for store in stores {
        store.await.unwrap().unwrap().check().await.unwrap();
    }
    assert_eq!(versions(&folder).await, [(2, 1)]);
    serves(&folder.open().await).await;
}

/// The statements of a node that knows only the first version name their columns.
#[tokio::test]
async fn an_old_node_goes_on_after_a_new_one_has_upgraded_the_file() {
    let folder = old_file();
    let mut old = folder.other_program().await;
    let mut writes = Vec::new();
    for write in [
        "UPDATE session SET revision = 5 WHERE revision = 1",
        "INSERT INTO session (key, revision, present, issued, closed, created, seen, expires, \
         expiry, data) SELECT randomblob(16), 9, present, issued, closed, created, seen, expires, \
         expiry, data FROM session WHERE revision = 5",
    ] {
        writes.push(write);
    }
    // It has read the table before.
    let count = "SELECT count(*) FROM session";
    let before: i64 = sqlx::query(count).fetch_one(&mut old).await.unwrap().get(0);
    let store = folder.open().await;
    for write in writes {
        run(&mut old, write).await;
    }
    let after: i64 = sqlx::query(count).fetch_one(&mut old).await.unwrap().get(0);
    assert_eq!((before, after), (2, 3));
    assert_eq!(
        load(&store, 1).await.unwrap().revision,
        Revision::from_i64(5)
    );
}

#[tokio::test]
async fn a_newer_table_is_used_if_it_says_so_and_refused_otherwise() {
    let folder = old_file();
    let store = folder.open().await;
    let mut other = folder.other_program().await;
    run(&mut other, "ALTER TABLE session ADD COLUMN newer TEXT").await;
    run(&mut other, "INSERT INTO session_version VALUES (3, 1)").await;
    serves(&store).await;
    serves(&folder.open().await).await;
    assert_eq!(versions(&folder).await, [(2, 1), (3, 1)]);
    run(&mut other, "INSERT INTO session_version VALUES (4, 3)").await;
    let message = folder.refusal().await;
    assert_eq!(
        message,
        "can't use table \"session\" in PATH: it has version 4, which only newer releases of \
         session-store can use; update this program, or name another table in the store's options"
    );
}

#[tokio::test]
async fn a_column_that_needs_a_value_is_named() {
    let folder = old_file();
    let mut other = folder.other_program().await;
    let add = "ALTER TABLE session ADD COLUMN place TEXT NOT NULL DEFAULT 'here'";
    run(&mut other, add).await;
    serves(&folder.open().await).await;
    run(&mut other, "DROP TABLE session").await;
    let schema = include_str!("../../../migrations/sqlite.sql");
    let schema = schema.replace(
        "data TEXT NOT NULL",
        "data TEXT NOT NULL, place TEXT NOT NULL",
    );
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut other)
        .await
        .unwrap();
    let message = folder.refusal().await;
    assert!(
        message.contains("its column \"place\" needs a value"),
        "{message}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_unique_makes_a_foreign_table() {
    let folder = Folder::new();
    let mut other = folder.other_program().await;
    let schema = include_str!("../../../migrations/sqlite.sql");
    let schema = schema.replace("PRIMARY KEY (key)", "PRIMARY KEY (key, seen)");
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut other)
        .await
        .unwrap();
    let message = folder.refusal().await;
    assert!(
        message.contains("was not made by session-store"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_that_may_not_be_changed_is_an_error_with_the_statements() {
    let folder = old_file();
    let options = || folder.hasty().without_migration();
    let error = SqliteStore::open_with(options()).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("it is an older release's"), "{error}");
    let statements = error[error.find("ALTER TABLE").unwrap()..].to_owned();
    let mut other = folder.other_program().await;
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(&mut other)
        .await
        .unwrap();
    serves(&SqliteStore::open_with(options()).await.unwrap()).await;
    let error = SqliteStore::open_with(options().table("other")).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("it does not exist"), "{error}");
}
