//! Nothing that can be shown of anything that holds an id shows the id, or what opens a session.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::HashMap;
use std::fmt::{Debug, Display};

use pollster::block_on;
use session_core::{
    Command, CommitError, Exchange, Finish, Id, Key, Only, Policy, Record, Revoke, Sessions, Step,
};
use session_testkit::{FaultyStore, ModelStore, SpyStore};
use util::{World, id_of, outage};

/// What must not be seen, in every way in which bytes are written.
struct Secrets(Vec<String>);

impl Secrets {
    fn new() -> Self {
        let values = [
            "hunter2-value",
            "ada-the-owner",
            "a-label",
            "an-address",
            "a-tag",
        ];
        Self(values.map(str::to_owned).to_vec())
    }

    fn add(&mut self, bytes: &[u8]) {
        let hex = bytes
            .iter()
            .fold(String::new(), |all, byte| format!("{all}{byte:02x}"));
        let list = format!("{bytes:?}");
        self.0
            .extend([hex.to_uppercase(), hex, list[1..list.len() - 1].to_owned()]);
    }

    /// Adds an id, and both secrets of its record. (A key may be shown: it opens nothing.)
    fn add_id(&mut self, cookie: &str, record: Option<&Record>) {
        self.0.push(cookie.to_owned());
        // The part of the text in which there is nothing but secret.
        self.0.push(cookie[22..].to_owned());
        let id = Id::parse(cookie.as_bytes()).unwrap();
        let text = id.expose();
        assert_eq!(text, cookie);
        if let Some(record) = record {
            self.add(record.secrets.present.as_bytes());
            if let Some(remembered) = &record.secrets.remembered {
                self.add(remembered.digest.as_bytes());
                remembered
                    .salt
                    .iter()
                    .for_each(|salt| self.add(salt.as_bytes()));
            }
        }
    }

    fn check(&self, what: &str, shown: &str) {
        // What is broken into lines for reading is one text again.
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let flat = flat
            .replace("[ ", "[")
            .replace(", ]", "]")
            .replace(" ]", "]");
        for secret in &self.0 {
            assert!(!flat.contains(secret), "{what} shows {secret}: {shown}");
        }
    }

    fn debug(&self, what: &str, value: &dyn Debug) {
        self.check(what, &format!("{value:?}"));
        self.check(what, &format!("{value:#?}"));
    }

    fn display(&self, what: &str, value: &dyn Display) {
        self.check(what, &format!("{value}"));
    }
}

#[test]
fn no_part_of_a_request_by_hand_shows_an_id() {
    let world = World::new(|policy| policy);
    let mut secrets = Secrets::new();
    let seen = world.request("", 200, |session| session.sign_in("ada-the-owner").unwrap());
    let first = seen.id().unwrap();
    secrets.debug("a reply", &seen.reply);
    let seen = world.request(&first, 200, |session| session.reauthenticate().unwrap());
    let cookie = seen.id().unwrap();
    let mut record = world.record(&cookie).unwrap();
    record.label = Some("a-label".into());
    record.address = Some("an-address".into());
    record.tag = Some("a-tag".into());
    secrets.add_id(&first, Some(&record));
    secrets.add_id(&cookie, Some(&record));
    let id = Id::parse(cookie.as_bytes()).unwrap();
    let (key, digest) = (id.key(), record.secrets.present);
    secrets.debug("an id", &id);
    secrets.debug("a key", &key);
    secrets.debug(
        "ids in containers",
        &(Some(id), vec![id; 2], HashMap::from([(key, digest)])),
    );
    secrets.debug("a record", &record);
    secrets.debug("its secrets", &record.secrets);
    secrets.debug("what is remembered", &record.secrets.remembered);
    secrets.debug("a device", &record.device(&key).public_id);
    for only in [Only::Always, Only::Opened(&digest), Only::Over(world.now())] {
        secrets.debug("a condition", &only);
        secrets.debug("a delete", &Command::Delete { key: &key, only });
    }
    secrets.debug(
        "an insert",
        &Command::Insert {
            key: &key,
            record: &record,
        },
    );
    let expected = record.revision;
    secrets.debug(
        "a replace",
        &Command::Replace {
            key: &key,
            expected,
            record: &record,
        },
    );

    let header = world.header(&cookie);
    let exchange = Exchange::open(&world.policy, [header.as_bytes(), header.as_bytes()]);
    secrets.debug("an exchange", &exchange);
    let Exchange::Unread(question) = exchange else {
        panic!("an id was presented");
    };
    secrets.debug("a question", &question);
    let mut exchange = question.answer(Some(record), world.now());
    while let Exchange::Unread(question) = exchange {
        exchange = question.answer(None, world.now());
    }
    secrets.debug("an open exchange", &exchange);
    let Exchange::Open(opened) = exchange else {
        panic!("it was answered");
    };
    opened.insert("password", "hunter2-value").unwrap();
    opened.cycle().unwrap();
    secrets.debug("an opened session", &opened);
    secrets.debug("a session", opened.session());
    secrets.debug("a guard", &opened.all_or_nothing());
    secrets.debug("a revocation", &opened.revoke(Revoke::All).unwrap());
    let error = opened.get::<u8>("password").unwrap_err();
    secrets.debug("an error of a value", &error);
    secrets.display("an error of a value", &error);
    secrets.debug("a failure", &error.failure());
    secrets.display("a failure", &error.failure());
    let step = opened.commit(world.now()).unwrap();
    secrets.debug("a step", &step);
    let Step::Write(write) = step else {
        panic!("there is something to write");
    };
    secrets.debug("a write", &write);
    let failed: CommitError = write.answer(Err(outage()), world.now()).unwrap_err();
    secrets.debug("a failed commit", &failed);
    secrets.display("a failed commit", &failed);
    secrets.debug("the policy", &world.policy);
}

#[test]
fn no_part_of_a_driven_request_and_no_store_shows_an_id() {
    let model = ModelStore::new();
    let faulty = FaultyStore::new(SpyStore::new(model.clone()));
    let sessions = Sessions::new(Policy::default(), faulty.clone());
    let mut secrets = Secrets::new();
    let login = sessions.open([]);
    let session = block_on(login.handle().load()).unwrap();
    session.sign_in("ada-the-owner").unwrap();
    session.insert("password", "hunter2-value").unwrap();
    let reply = block_on(login.commit(200)).unwrap();
    let cookie = id_of(&reply).unwrap();
    secrets.add_id(&cookie, None);
    secrets.debug("a reply", &reply);
    secrets.debug("sessions", &sessions);
    secrets.debug("the model", &model);
    secrets.debug("a store around it", &faulty);

    let header = format!("__Host-session={cookie}");
    let inner =
        sessions.open_named::<Key, _>(Some(login.handle().clone()), [header.as_bytes()], || []);
    let request = sessions
        .open([header.as_bytes()])
        .accepting(|| Some(header.as_bytes()));
    for request in [&inner, &request] {
        secrets.debug("a request", request);
        secrets.debug("a handle", request.handle());
        let session = block_on(request.handle().load()).unwrap();
        secrets.debug("a session", &session);
        session.cycle().unwrap();
        let name = session.len().to_string();
        session.insert(&name, "hunter2-value").unwrap();
        secrets.debug("a session", &session);
        let finish = request.finish(200).unwrap();
        secrets.debug("a commit to come", &finish);
        let Finish::Pending(pending) = finish else {
            panic!("there is something to write");
        };
        let reply = block_on(pending.run());
        if let Ok(Some(id)) = reply.as_ref().map(id_of) {
            secrets.add_id(&id, None);
        }
        secrets.debug("a reply", &reply);
        secrets.debug("a finished request", request);
    }
    let devices = block_on(sessions.devices("ada-the-owner")).unwrap();
    secrets.debug("devices", &devices);
}
