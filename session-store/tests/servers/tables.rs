//! The creation of the table, and tables that are refused.

use session_core::{Command, Outcome, Store as _};
use session_testkit::{digest_of, key_of, moment_at, record_of};

use super::{SERVER, fresh_url, is_missing};
use crate::{
    FIXTURE, Options, PARTIAL_TABLE, QUOTED_TABLE, SCHEMA, SCHEME, SqlStore, UNIQUE_KEY,
    create_user,
};

#[tokio::test(flavor = "multi_thread")]
async fn many_may_make_the_table_at_once() {
    if is_missing() {
        return;
    }
    for _ in 0..5 {
        let url = fresh_url();
        let stores: Vec<_> = (0..8)
            .map(|_| tokio::spawn(SqlStore::open(url.clone())))
            .collect();
        for store in stores {
            let store = store.await.unwrap().unwrap();
            store.check().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_user_who_may_create_nothing_uses_a_table_that_is_there() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let user = format!("{database}_user");
    let grantee = create_user(&SERVER, &database, &user);
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("{SCHEME}://{user}:p@{host}");
    let refusal = SqlStore::open(&url).await.unwrap_err().to_string();
    assert!(refusal.contains("lacks a privilege"), "{refusal}");

    let ready = format!(
        "{SCHEMA} GRANT SELECT, INSERT, UPDATE, DELETE ON session TO {grantee}; \
         GRANT SELECT ON session_version TO {grantee}"
    );
    SERVER.run(&database, &ready).unwrap();
    let store = SqlStore::open(&url).await.unwrap();
    store.check().await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(store.sweep(moment_at(100), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_refused_and_left_alone() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let (unique, plain) = UNIQUE_KEY;
    let no_unique_key = SCHEMA.replace(unique, plain);
    for foreign in [
        "CREATE TABLE session (id int)",
        PARTIAL_TABLE,
        &no_unique_key,
    ] {
        SERVER.run(&database, foreign).unwrap();
        let error = SqlStore::open(SERVER.url(&database)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("was not made by"), "{error}");
        assert!(error.contains(QUOTED_TABLE), "{error}");
        let drop = "DROP TABLE IF EXISTS session; DROP TABLE IF EXISTS session_version";
        SERVER.run(&database, drop).unwrap();
    }
}

#[tokio::test]
async fn a_table_of_the_application_s_that_has_the_note_s_name_keeps_its_rows() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let theirs = "CREATE TABLE session_version (release_number INT); \
                  INSERT INTO session_version VALUES (7)";
    SERVER.run(&database, theirs).unwrap();
    for _ in 0..2 {
        SqlStore::open(SERVER.url(&database)).await.unwrap_err();
        let rows = SERVER.run(&database, "SELECT * FROM session_version");
        assert_eq!(rows.unwrap().trim(), "7");
    }
}

#[tokio::test]
async fn every_name_that_is_accepted_works() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let url = SERVER.url(&database);
    let long = "x".repeat(55);
    // Some of them are also words of the statements, or parts of them.
    let words = [
        "select",
        "key",
        "TEXT_KEY_TABLE",
        "session_version",
        "session_web",
        "session_session",
    ];
    for table in words.into_iter().chain(["Mixed_Case", "_", &*long]) {
        let options = Options::new(&url).table(table);
        for _ in 0..2 {
            let store = SqlStore::open_with(options.clone()).await.unwrap();
            store.check().await.unwrap();
        }
        SERVER
            .run(
                &database,
                &format!(
                    "SELECT data FROM {}",
                    QUOTED_TABLE.replace("session", table)
                ),
            )
            .unwrap();
    }
    for table in ["a\"b", "a`b", &*"x".repeat(56)] {
        let options = Options::new(&url).table(table);
        assert!(SqlStore::open_with(options).await.is_err(), "{table}");
    }
}

#[tokio::test]
async fn a_table_that_takes_the_place_of_an_open_one_serves_and_none_fails_the_check() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let drop = "DROP TABLE IF EXISTS session; DROP TABLE IF EXISTS session_version; \
                DROP TABLE IF EXISTS aside";
    let secret = &digest_of(0);
    for (number, (place, serves)) in (1..).zip([
        // A backup is played in, or the table is rewritten.
        (format!("{drop}; {SCHEMA}"), true),
        ("ALTER TABLE session RENAME TO aside".to_owned(), false),
        (format!("{drop}; {SCHEMA}"), true),
        // Another release's, without columns that this one writes.
        (format!("{drop}; {FIXTURE}"), false),
        (format!("{drop}; {SCHEMA}"), true),
        (drop.to_owned(), false),
        ("CREATE TABLE session (id int)".to_owned(), false),
        (format!("{drop}; {SCHEMA}"), true),
    ]) {
        // What is prepared on the connection is about the table from before.
        let _ = store.load(&key_of(0), secret, moment_at(0)).await;
        SERVER.run(&database, &place).unwrap();
        for _ in 0..2 {
            assert_eq!(store.check().await.is_ok(), serves, "{place}");
        }
        let (key, record) = (&key_of(number), &record_of(1));
        let inserted = store
            .write(Command::Insert { key, record }, moment_at(0))
            .await;
        let found = store.load(key, secret, moment_at(0)).await;
        if serves {
            assert_eq!(inserted.unwrap(), Outcome::Applied, "{place}");
            assert_eq!(found.unwrap().as_ref(), Some(record), "{place}");
        } else {
            assert!(
                inserted.is_err() && !matches!(found, Ok(Some(_))),
                "{place}"
            );
        }
    }
}
