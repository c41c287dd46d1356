//! The async driver: what it asks of a store, and what it makes of outages and of haste.
#![allow(clippy::unwrap_used)]

mod calm;
mod commits;
mod endings;
mod failures;
mod loads;
mod request;
mod revocations;
mod saves;
#[path = "../util/mod.rs"]
mod util;

use std::sync::Arc;

use pollster::block_on;
use request::{begin, finish, load, open, read, start};
use session_core::{Finish, Handle, Policy, Revoke, Sessions, Store};
use util::id_of;
use util::shelf::Shelf;

#[test]
fn each_kind_of_request_makes_the_store_calls_it_must() {
    type Act = fn(&Handle);
    let rows: [(&str, bool, Act, &str); 9] = [
        ("untouched", true, |_| {}, ""),
        (
            "read",
            true,
            |handle| drop(load(handle).get::<u8>("n")),
            "load",
        ),
        (
            "create",
            false,
            |handle| load(handle).insert("k", 1).unwrap(),
            "insert",
        ),
        (
            "write",
            true,
            |handle| load(handle).insert("k", 1).unwrap(),
            "load replace",
        ),
        (
            "sign in",
            true,
            |handle| load(handle).sign_in("ada").unwrap(),
            "load insert replace",
        ),
        (
            "log out",
            true,
            |handle| handle.destroy().unwrap(),
            "delete",
        ),
        (
            "log out after a read",
            true,
            |handle| {
                load(handle);
                handle.destroy().unwrap();
            },
            "load delete",
        ),
        (
            "log out without a cookie",
            false,
            |handle| handle.destroy().unwrap(),
            "",
        ),
        (
            "read without a cookie",
            false,
            |handle| drop(load(handle)),
            "",
        ),
    ];
    for (name, has_session, act, calls) in rows {
        let (sessions, shelf) = start();
        let cookie = if has_session {
            begin(&sessions)
        } else {
            String::new()
        };
        shelf.take_calls();
        let request = open(&sessions, &cookie);
        act(request.handle());
        drop(finish(&request, 200).unwrap());
        assert_eq!(shelf.take_calls(), calls, "{name}");
    }
}

#[test]
fn an_owners_devices_are_listed_and_revoked() {
    let (sessions, _) = start();
    let sign_in = |owner: &str| {
        let request = open(&sessions, "");
        load(request.handle()).sign_in(owner).unwrap();
        id_of(&finish(&request, 200).unwrap()).unwrap()
    };
    let (phone, laptop, other) = (sign_in("ada"), sign_in("ada"), sign_in("bob"));
    let devices = block_on(sessions.devices("ada")).unwrap();
    assert_eq!(devices.len(), 2);
    let current = read(&sessions, &laptop).public_id().unwrap();
    let foreign = read(&sessions, &other).public_id().unwrap();
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::One(&foreign))).unwrap(),
        0
    );
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::AllBut(&current))).unwrap(),
        1
    );
    assert!(!read(&sessions, &phone).exists());
    assert!(read(&sessions, &laptop).exists());
    assert!(read(&sessions, &other).exists());
}

#[test]
fn the_parts_of_sessions_are_the_ones_it_was_joined_from() {
    let shelf = Arc::new(Shelf::default());
    let policy = Policy::builder().cookie_name("sid").insecure().build();
    let store: Arc<dyn Store> = Arc::<Shelf>::clone(&shelf);
    let sessions = Sessions::shared(policy.unwrap(), Arc::clone(&store));
    assert_eq!(sessions.policy().cookie_name(), "sid");
    assert!(Arc::ptr_eq(sessions.store(), &store));
    let request = sessions.open([]);
    let handle = request.handle();
    assert!(Arc::ptr_eq(handle.sessions().store(), &store));
    block_on(handle.sessions().store().check()).unwrap();
    assert_eq!(shelf.take_calls(), "check");
    // One of its own.
    let sessions = Sessions::new(Policy::default(), Shelf::default());
    assert_eq!(sessions.policy().cookie_name(), "__Host-session");
    assert!(block_on(sessions.devices("ada")).unwrap().is_empty());
}

#[test]
fn nothing_that_is_logged_of_a_request_names_its_id() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    let mut shown = vec![format!("{request:?}")];
    let session = load(request.handle());
    session.insert("k", "secret").unwrap();
    shown.push(format!("{request:?} {session:?} {sessions:?}"));
    let Finish::Pending(commit) = request.finish(200).unwrap() else {
        panic!("there is something to write");
    };
    shown.push(format!("{commit:?}"));
    let reply = Finish::Done(block_on(commit.run()).unwrap());
    shown.push(format!("{reply:?} {request:?}"));
    for (text, state) in shown.iter().zip(["unread", "open", "Replace", "finished"]) {
        assert!(text.contains(state), "{text}");
        assert!(
            !text.contains(&cookie[22..]) && !text.contains("\"secret"),
            "{text}"
        );
    }
}
