//! URLs, passwords, certificates and broken connections.

use std::path::Path;

use session_core::{Command, Outcome, Store as _};
use session_servers::{certify, skips};
use session_testkit::{digest_of, key_of, moment_at, record_of};

use super::{SERVER, fresh_store, is_missing};
use crate::{DATABASE, Options, Server, SqlStore, TLS, cut_connections};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_secure_if_the_url_says_so() {
    if is_missing() || skips("a_connection_is_secure_if_the_url_says_so", &["openssl"]) {
        return;
    }
    let server = Server::start_tls().unwrap();
    let url = |authority: &Path| format!("{}?{TLS}{}", server.url(DATABASE), authority.display());
    let store = SqlStore::open(url(&server.certificate())).await.unwrap();
    store.check().await.unwrap();
    // An authority that did not sign the server's certificate.
    let folder = tempfile::tempdir().unwrap();
    let other = certify(folder.path()).unwrap();
    let error = SqlStore::open(url(&other)).await.unwrap_err();
    let message = error.to_string();
    let address = format!("127.0.0.1:{}", server.port());
    assert!(message.contains(&address), "{message}");
    assert!(message.contains("no secure connection"), "{message}");
    let whole = format!("{error:?}");
    assert!(!whole.contains("throw-away-password"), "{whole}");
}

#[tokio::test]
async fn errors_name_the_server_and_no_password() {
    if is_missing() {
        return;
    }
    let url = SERVER
        .url(DATABASE)
        .replace("throw-away-password", "hunter2");
    let port = format!(":{}/", SERVER.port());
    for (url, says) in [
        (url.clone(), "does not accept the user or the password"),
        (SERVER.url("missing"), "create the database first"),
        (url.replace(&port, ":1/"), "can't be reached"),
    ] {
        let error = SqlStore::open(&url).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says), "{text}");
        let (_, rest) = url.split_once('@').unwrap();
        let (address, database) = rest.split_once('/').unwrap();
        assert!(text.contains(address), "{text}");
        assert!(text.contains(&format!("{database:?}")), "{text}");
        let texts = format!("{text} {error:?} {:?}", Options::new(&url));
        assert!(!texts.contains("hunter2"), "{texts}");
        assert!(!texts.contains("throw-away"), "{texts}");
    }
}

#[tokio::test]
async fn a_connection_that_was_cut_while_it_was_idle_is_not_noticed() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    // A sweep would have a connection of its own.
    let options = Options::new(SERVER.url(&database)).no_sweep();
    let store = SqlStore::open_with(options).await.unwrap();
    for number in 0..5 {
        let (key, record) = (&key_of(number), &record_of(1));
        let insert = Command::Insert { key, record };
        let outcome = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        assert_eq!(cut_connections(&SERVER, &database), 1);
        let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
        assert_eq!(found, Some(record_of(1)));
    }
}

#[tokio::test]
async fn a_closed_store_fails_and_says_why() {
    if let Some(store) = fresh_store().await {
        let other = store.clone();
        store.close().await;
        let error = other.check().await.unwrap_err();
        assert!(error.to_string().contains("was closed"), "{error}");
    }
}
