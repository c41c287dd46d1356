//! Users who lack a right, and servers that may not be written to.

use session_core::{Command, Only, Outcome, Store as _};
use session_testkit::{digest_of, key_of, moment_at, record_of};

use super::{SERVER, is_missing};
use crate::{
    DATABASE, READ_ONLY, SCHEMA, SCHEME, Server, SqlStore, TURN_BACK, TURN_READ_ONLY, create_user,
};

const RIGHTS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Makes a table and a user with all rights, and returns the user's name for `GRANT` and URL.
fn with_user(server: &Server, database: &str) -> (String, String) {
    let user = format!("{database}_user");
    let grantee = create_user(server, database, &user);
    let ready = format!(
        "{SCHEMA} GRANT SELECT, INSERT, UPDATE, DELETE ON session TO {grantee}; \
         GRANT SELECT ON session_version TO {grantee}"
    );
    server.run(database, &ready).unwrap();
    let admin = server.url(database);
    let (_, host) = admin.split_once('@').unwrap();
    (grantee, format!("{SCHEME}://{user}:p@{host}"))
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_at_the_start_and_by_the_check() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let (grantee, url) = with_user(&SERVER, &database);
    let store = SqlStore::open(&url).await.unwrap();
    for right in RIGHTS {
        let revoke = format!("REVOKE {right} ON session FROM {grantee}");
        SERVER.run(&database, &revoke).unwrap();
        let named = format!("this user lacks the right {right} on table");
        for error in [
            SqlStore::open(&url).await.unwrap_err(),
            store.check().await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(&named), "{right}: {text}");
        }
        let grant = format!("GRANT {right} ON session TO {grantee}");
        SERVER.run(&database, &grant).unwrap();
        SqlStore::open(&url).await.unwrap();
        store.check().await.unwrap();
    }
    // Nothing stays of the checks.
    let count = SERVER.run(&database, "SELECT count(*) FROM session");
    assert_eq!(count.unwrap().trim(), "0");
}

#[tokio::test]
async fn a_right_to_some_columns_is_not_enough() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let (grantee, url) = with_user(&SERVER, &database);
    for right in ["SELECT", "INSERT", "UPDATE"] {
        let some = format!(
            "REVOKE {right} ON session FROM {grantee}; \
             GRANT {right} (seen, expires) ON session TO {grantee}"
        );
        SERVER.run(&database, &some).unwrap();
        let error = SqlStore::open(&url).await.unwrap_err().to_string();
        assert!(
            error.contains(&format!("lacks the right {right} on")),
            "{error}"
        );
        let all = format!("GRANT {right} ON session TO {grantee}");
        SERVER.run(&database, &all).unwrap();
    }
    SqlStore::open(&url).await.unwrap();
}

#[tokio::test]
async fn the_table_of_the_version_must_be_readable() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let (grantee, url) = with_user(&SERVER, &database);
    let revoke = format!("REVOKE SELECT ON session_version FROM {grantee}");
    SERVER.run(&database, &revoke).unwrap();
    let error = SqlStore::open(&url).await.unwrap_err().to_string();
    assert!(error.contains("lacks a privilege"), "{error}");
    assert!(error.contains("_version"), "{error}");
}

#[tokio::test]
async fn a_server_that_may_not_be_written_to_fails_the_start_and_the_check() {
    if is_missing() {
        return;
    }
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    let (_, url) = with_user(&server, &database);
    let store = SqlStore::open(&url).await.unwrap();
    let user = format!("{database}_user");
    let read_only = READ_ONLY.replace("USER", &user);
    server.run(&database, &read_only).unwrap();
    crate::cut_connections(&server, &database);
    for error in [
        SqlStore::open(&url).await.unwrap_err(),
        store.check().await.unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("it is read-only; connect to the primary"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_server_that_turns_read_only_refuses_writes_and_serves_as_soon_as_it_turns_back() {
    if is_missing() {
        return;
    }
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    let (_, url) = with_user(&server, &database);
    let store = SqlStore::open(&url).await.unwrap();
    let (key, secret, record) = (&key_of(1), &digest_of(0), &record_of(1));
    let write = async || {
        store
            .write(Command::Insert { key, record }, moment_at(0))
            .await
    };
    let turn = |commands: &[&str]| {
        for command in commands {
            server.run(DATABASE, command).unwrap();
        }
    };
    for _ in 0..2 {
        // Connections that were made before are used on.
        store.check().await.unwrap();
        turn(&TURN_READ_ONLY);
        for _ in 0..3 {
            let text = write().await.unwrap_err().to_string();
            assert!(text.contains("it is read-only"), "{text}");
            let text = store.check().await.unwrap_err().to_string();
            assert!(text.contains("it is read-only"), "{text}");
            let found = store.load(key, secret, moment_at(0)).await;
            assert_eq!(found.unwrap(), None);
        }
        turn(&TURN_BACK);
        assert_eq!(write().await.unwrap(), Outcome::Applied);
        let only = Only::Always;
        let delete = Command::Delete { key, only };
        store.write(delete, moment_at(0)).await.unwrap();
    }
}
