use std::io;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use session_core::{SignIn, StampKey};
use session_extras::{Known, Users};
use session_testkit::Log;

use crate::token::{finish, open, sessions};

/// Users with the version of their password; `None` stands for a database that is down.
struct Table(Mutex<Option<Vec<(&'static str, u8)>>>);

fn key() -> StampKey {
    StampKey::new(&[7; 32]).unwrap()
}

impl Users for Table {
    type User = String;
    type Session = ();
    type Error = io::Error;

    async fn find(&self, owner: &str) -> Result<Option<Known<String>>, io::Error> {
        let rows = self.0.lock().unwrap().clone();
        let rows = rows.ok_or_else(|| io::Error::other("the users' database is down"))?;
        let row = rows.into_iter().find(|(name, _)| *name == owner);
        Ok(row.map(|(name, version)| {
            let old_key = StampKey::new(&[8; 32]).unwrap();
            let known = Known::new(name.to_owned(), key().stamp(name, &[version]));
            known.or(old_key.stamp(name, &[version]))
        }))
    }
}

#[test]
fn a_user_is_who_signed_in_with_the_present_credential() {
    let table = Arc::new(Table(Mutex::new(Some(vec![("ada", 1)]))));
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    assert_eq!(block_on(table.of(&session)).unwrap(), None);
    session
        .sign_in(SignIn::of("ada").credential(key().stamp("ada", &[1])))
        .unwrap();
    let cookie = finish(&request, "");

    let (request, session) = open(&sessions, &cookie);
    assert_eq!(
        block_on(table.of(&session)).unwrap().as_deref(),
        Some("ada")
    );
    finish(&request, &cookie);

    // The password changes: the session ends with the next request that asks for its user.
    *table.0.lock().unwrap() = Some(vec![("ada", 2)]);
    let (request, session) = open(&sessions, &cookie);
    assert_eq!(block_on(table.of(&session)).unwrap(), None);
    finish(&request, &cookie);
    assert_eq!(block_on(sessions.devices("ada")).unwrap(), []);
}

#[test]
fn the_session_of_a_user_who_is_gone_ends() {
    let table = Table(Mutex::new(Some(vec![])));
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    session
        .sign_in(SignIn::of("ada").credential(key().stamp("ada", &[1])))
        .unwrap();
    let cookie = finish(&request, "");
    let (request, session) = open(&sessions, &cookie);
    assert_eq!(block_on(table.of(&session)).unwrap(), None);
    finish(&request, &cookie);
    assert_eq!(block_on(sessions.devices("ada")).unwrap(), []);
}

#[test]
fn an_outage_of_the_users_is_a_503_and_ends_nobodys_session() {
    let table = Table(Mutex::new(None));
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    session.sign_in("ada").unwrap();
    let cookie = finish(&request, "");
    let (request, session) = open(&sessions, &cookie);
    let error = block_on(table.of(&session)).unwrap_err();
    assert_eq!(error.status(), 503);
    finish(&request, &cookie);
    assert_eq!(block_on(sessions.devices("ada")).unwrap().len(), 1);
}

#[test]
fn stamps_of_two_keys_count_while_the_key_changes() {
    let table = Table(Mutex::new(Some(vec![("ada", 1)])));
    let old = StampKey::new(&[8; 32]).unwrap();
    let (_request, session) = open(&sessions(), "");
    session
        .sign_in(SignIn::of("ada").credential(old.stamp("ada", &[1])))
        .unwrap();
    block_on(session.save()).unwrap();
    assert_eq!(
        block_on(table.of(&session)).unwrap().as_deref(),
        Some("ada")
    );
}

#[test]
fn a_login_that_forgets_the_stamp_is_named_in_the_log_once() {
    let table = Table(Mutex::new(Some(vec![("ada", 1)])));
    let (log, sessions) = (Log::default(), sessions());
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let visits = || {
        for _ in 0..2 {
            let (request, session) = open(&sessions, "");
            session.sign_in("ada").unwrap();
            let cookie = finish(&request, "");
            let (_request, session) = open(&sessions, &cookie);
            assert_eq!(block_on(table.of(&session)).unwrap(), None);
        }
    };
    tracing::subscriber::with_default(lines.finish(), visits);
    let text = log.text();
    assert_eq!(text.matches("WARN").count(), 1, "{text}");
    assert!(text.contains("SignIn::credential"), "{text}");
}
