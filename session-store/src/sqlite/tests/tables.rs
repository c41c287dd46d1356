//! Existing tables: ours, a newer one, another program's.

use super::*;

#[tokio::test]
async fn another_programs_table_is_refused_and_kept() {
    let folder = Folder::new();
    let mut other = folder.other_program().await;
    run(&mut other, "CREATE TABLE Session (id INTEGER, data BLOB)").await;
    run(&mut other, "INSERT INTO session VALUES (1, x'00')").await;
    let message = folder.refusal().await;
    assert_eq!(
        message,
        "can't use table \"session\" in PATH: it was not made by session-store; name another table \
         in the store's options"
    );
    // The remedy works, and the database stays the other program's.
    run(&mut other, "PRAGMA user_version = 42").await;
    let store = SqliteStore::open_with(folder.hasty().table("web_session"));
    let store = store.await.unwrap();
    assert_eq!(
        insert(&store, 1, &record_of(1)).await.unwrap(),
        Outcome::Applied
    );
    let row =
        sqlx::query("SELECT (SELECT count(*) FROM session), user_version FROM pragma_user_version")
            .fetch_one(&mut other)
            .await
            .unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, 42));
}

#[tokio::test]
async fn columns_of_the_application_are_ignored_and_kept() {
    let folder = Folder::new();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    store.close().await;
    let mut other = folder.other_program().await;
    run(&mut other, "ALTER TABLE session ADD COLUMN note TEXT").await;
    run(&mut other, "UPDATE session SET note = 'kept'").await;
    let store = folder.open().await;
    insert(&store, 2, &record_of(2)).await.unwrap();
    let replace = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        record: &record_of(3),
    };
    let outcome = store.write(replace, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(load(&store, 1).await, Some(record_of(3)));
    let notes = sqlx::query("SELECT note FROM session ORDER BY rowid");
    let notes = notes.fetch_all(&mut other).await.unwrap();
    let notes: Vec<Option<&str>> = notes.iter().map(|row| row.get(0)).collect();
    assert_eq!(notes, [Some("kept"), None]);
}

/// Makes our table with another program's column first.
async fn begin_with(folder: &Folder, column: &str) {
    let schema = include_str!("../../../migrations/sqlite.sql");
    let ours = "CREATE TABLE \"session\" (\n    key BLOB NOT NULL,";
    let mut schema = schema.replace(ours, &format!("{ours} {column},"));
    if column.contains("PRIMARY") {
        schema = schema.replace("PRIMARY KEY (key)", "UNIQUE (key)");
    }
    let mut other = folder.other_program().await;
    sqlx::raw_sql(AssertSqlSafe(schema))
        .execute(&mut other)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_column_that_fills_itself_is_the_applications_and_one_that_does_not_is_named() {
    for column in [
        "id INTEGER PRIMARY KEY",
        "id INTEGER NOT NULL PRIMARY KEY",
        "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        "id integer not null PRIMARY KEY",
        "note TEXT NOT NULL DEFAULT ''",
        "half INTEGER NOT NULL GENERATED ALWAYS AS (expires / 2)",
        "half INTEGER NOT NULL AS (expires / 2) STORED",
    ] {
        let folder = Folder::new();
        begin_with(&folder, column).await;
        let store = folder.open().await;
        insert(&store, 1, &record_of(1)).await.unwrap();
        assert_eq!(load(&store, 1).await, Some(record_of(1)), "{column}");
    }
    for column in ["id INT NOT NULL PRIMARY KEY", "note TEXT NOT NULL"] {
        let folder = Folder::new();
        begin_with(&folder, column).await;
        let message = folder.refusal().await;
        assert!(message.contains("needs a value"), "{column}: {message}");
    }
}

#[tokio::test]
async fn a_view_of_the_tables_name_is_another_programs() {
    let folder = Folder::new();
    folder.open().await.close().await;
    let mut other = folder.other_program().await;
    run(&mut other, "ALTER TABLE session RENAME TO theirs").await;
    run(&mut other, "CREATE VIEW session AS SELECT * FROM theirs").await;
    let message = folder.refusal().await;
    assert!(
        message.contains("was not made by session-store"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_without_one_of_our_columns_is_refused() {
    let folder = Folder::new();
    folder.open().await.close().await;
    let mut other = folder.other_program().await;
    run(&mut other, "ALTER TABLE session DROP COLUMN salt").await;
    let message = folder.refusal().await;
    assert!(
        message.contains("was not made by session-store"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_that_was_made_by_hand_is_as_good() {
    let folder = Folder::new();
    let mut other = folder.other_program().await;
    let schema = include_str!("../../../migrations/sqlite.sql");
    sqlx::raw_sql(schema).execute(&mut other).await.unwrap();
    let store = folder.open().await;
    insert(&store, 1, &record_of(1)).await.unwrap();
    assert_eq!(load(&store, 1).await, Some(record_of(1)));
}

#[tokio::test]
async fn each_table_of_a_file_has_indexes_of_its_own() {
    let folder = Folder::new();
    let mut other = folder.other_program().await;
    for name in ["session", "admin"] {
        SqliteStore::open_with(folder.hasty().table(name))
            .await
            .unwrap();
        let ours = "SELECT count(*) FROM sqlite_master \
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?";
        let count = sqlx::query_scalar(ours).bind(name);
        let count: i64 = count.fetch_one(&mut other).await.unwrap();
        // An owner's list, tags and the sweep.
        assert_eq!(count, 3, "{name}");
    }
}

#[tokio::test]
async fn a_table_needs_a_name_that_can_stand_in_sql() {
    let folder = Folder::new();
    let long = "t".repeat(56);
    for name in [
        "",
        "1st",
        "web session",
        "a\"; DROP TABLE b; --",
        "tablé",
        "sqlite_x",
        &long,
    ] {
        let options = folder.hasty().table(name);
        let message = SqliteStore::open_with(options)
            .await
            .unwrap_err()
            .to_string();
        assert!(message.contains("can't name a table"), "{message}");
    }
    for name in ["order", "_", "TEXT_KEY_TABLE", &long[1..]] {
        let store = SqliteStore::open_with(folder.hasty().table(name))
            .await
            .unwrap();
        assert_eq!(
            insert(&store, 1, &record_of(1)).await.unwrap(),
            Outcome::Applied,
            "{name}"
        );
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_empty_or_absent() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut other = folder.other_program().await;
    for (number, broken) in (1..).zip([
        "present = x'01'",
        "issued = 9223372036854775807",
        "remembered = x'01', remembered_until = 0",
        "remembered = zeroblob(16), remembered_until = 0, earlier = x'01'",
        "remembered = zeroblob(16)",
        "remembered = zeroblob(16), remembered_until = 0, salt = x'01'",
        "created = 9223372036854775807",
        "seen = -9223372036854775808",
        "expires = 9223372036854775807",
        "authenticated = 9223372036854775807",
        "owner = CAST(x'ff' AS TEXT)",
        "expiry = 'soon'",
        "expiry = CAST(x'ff' AS TEXT)",
    ]) {
        insert(&store, number, &record_of(number)).await.unwrap();
        let sql = format!("UPDATE session SET {broken} WHERE revision = {number}");
        run(&mut other, sql).await;
        assert_eq!(load(&store, number).await, None, "{broken}");
    }
    insert(&store, 20, &record_of(20)).await.unwrap();
    let sql =
        "UPDATE session SET data = CAST(x'7bff7d' AS TEXT), owner = 'ada' WHERE revision = 20";
    run(&mut other, sql).await;
    let found = load(&store, 20).await.unwrap();
    assert_eq!(&*found.data, "");
    // A row that can't be read can be replaced, deleted and swept.
    let replace = Command::Replace {
        key: &key_of(20),
        expected: found.revision,
        record: &record_of(21),
    };
    assert_eq!(
        store.write(replace, moment_at(0)).await.unwrap(),
        Outcome::Applied
    );
    assert_eq!(delete(&store, 1).await, Outcome::Applied);
    assert_eq!(store.sweep(moment_at(100), 100).await.unwrap(), 12);
}
