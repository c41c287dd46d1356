//! Every decision about a session, a row each: what came in, what was done, what goes out.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::HashSet;

use session_core::{Command, Exchange, Expiry, Outcome, Session, SessionError, Step};
use time::Duration;
use util::{World, key_of};

/// What the browser presents.
#[derive(Debug, Clone, Copy)]
enum Sends {
    Nothing,
    Garbage,
    Unknown,
    Expired,
    /// Expired longer ago than clocks differ.
    LongOver,
    /// A session's key, and a secret that was never its own.
    WrongSecret,
    Valid,
    /// Valid, and somebody is signed in.
    SignedIn,
}

type Act = fn(&Session);

struct Row(
    Sends,
    &'static str,
    Act,
    u16,
    &'static str,
    &'static str,
    usize,
);

const UNKNOWN: &str = "unknown-unknown-unknown-unknown-unknown-unknown-";

fn nothing(_: &Session) {}
fn write(s: &Session) {
    s.insert("k", "v").unwrap();
}
fn rewrite(s: &Session) {
    s.insert("base", 1).unwrap();
}
fn update(s: &Session) {
    s.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
}
fn remove(s: &Session) {
    s.remove("base").unwrap();
}
fn clear(s: &Session) {
    s.clear().unwrap();
}
fn cycle(s: &Session) {
    s.cycle().unwrap();
}
fn destroy(s: &Session) {
    s.destroy().unwrap();
}
fn sign_in(s: &Session) {
    s.sign_in("ada").unwrap();
}
fn lifetime(s: &Session) {
    s.set_lifetime(Expiry::After(Duration::hours(1))).unwrap();
}

// cookie sent, act, status: store calls, what happens to the cookie, rows left.
const ROWS: &[Row] = &[
    // Nothing presented: a session begins when something is stored, and not before.
    Row(Sends::Nothing, "nothing", nothing, 200, "", "-", 0),
    Row(Sends::Nothing, "write", write, 200, "insert", "new", 1),
    Row(Sends::Nothing, "update", update, 200, "insert", "new", 1),
    Row(
        Sends::Nothing,
        "insert, remove",
        |s| {
            write(s);
            s.remove("k").unwrap();
        },
        200,
        "",
        "-",
        0,
    ),
    Row(Sends::Nothing, "remove", remove, 200, "", "-", 0),
    Row(Sends::Nothing, "clear", clear, 200, "", "-", 0),
    Row(
        Sends::Nothing,
        "clear, write",
        |s| {
            clear(s);
            write(s);
        },
        200,
        "insert",
        "new",
        1,
    ),
    Row(
        Sends::Nothing,
        "write, clear",
        |s| {
            write(s);
            clear(s);
        },
        200,
        "",
        "-",
        0,
    ),
    Row(Sends::Nothing, "cycle", cycle, 200, "", "-", 0),
    Row(
        Sends::Nothing,
        "cycle, write",
        |s| {
            cycle(s);
            write(s);
        },
        200,
        "insert",
        "new",
        1,
    ),
    Row(Sends::Nothing, "destroy", destroy, 200, "", "-", 0),
    Row(
        Sends::Nothing,
        "destroy, write",
        |s| {
            destroy(s);
            write(s);
        },
        200,
        "insert",
        "new",
        1,
    ),
    Row(Sends::Nothing, "sign in", sign_in, 200, "insert", "new", 1),
    Row(
        Sends::Nothing,
        "lifetime",
        lifetime,
        200,
        "insert",
        "new",
        1,
    ),
    Row(Sends::Nothing, "write, 404", write, 404, "insert", "new", 1),
    Row(Sends::Nothing, "write, 500", write, 500, "", "-", 0),
    // Garbage never reaches the store.
    Row(Sends::Garbage, "nothing", nothing, 200, "", "-", 0),
    Row(Sends::Garbage, "write", write, 200, "insert", "new", 1),
    Row(Sends::Garbage, "destroy", destroy, 200, "", "-", 0),
    // An unknown id is never adopted, through no order of calls.
    Row(Sends::Unknown, "nothing", nothing, 200, "load", "-", 0),
    Row(Sends::Unknown, "write", write, 200, "load insert", "new", 1),
    Row(Sends::Unknown, "clear", clear, 200, "load", "-", 0),
    Row(
        Sends::Unknown,
        "clear, write",
        |s| {
            clear(s);
            write(s);
        },
        200,
        "load insert",
        "new",
        1,
    ),
    Row(
        Sends::Unknown,
        "destroy, write",
        |s| {
            destroy(s);
            write(s);
        },
        200,
        "load insert",
        "new",
        1,
    ),
    Row(Sends::Unknown, "cycle", cycle, 200, "load", "-", 0),
    Row(
        Sends::Unknown,
        "sign in",
        sign_in,
        200,
        "load insert",
        "new",
        1,
    ),
    // An expired session is as unknown; only the sweeper removes its row, until all clocks agree.
    Row(Sends::Expired, "nothing", nothing, 200, "load", "-", 1),
    Row(Sends::Expired, "clear", clear, 200, "load", "-", 1),
    Row(Sends::Expired, "write", write, 200, "load insert", "new", 2),
    Row(Sends::Expired, "cycle", cycle, 200, "load", "-", 1),
    Row(
        Sends::LongOver,
        "nothing",
        nothing,
        200,
        "load delete",
        "-",
        0,
    ),
    Row(
        Sends::LongOver,
        "write",
        write,
        200,
        "load delete insert",
        "new",
        1,
    ),
    Row(
        Sends::LongOver,
        "write, 500",
        write,
        500,
        "load delete",
        "-",
        0,
    ),
    // A wrong secret is an unknown key.
    Row(Sends::WrongSecret, "nothing", nothing, 200, "load", "-", 1),
    Row(
        Sends::WrongSecret,
        "write",
        write,
        200,
        "load insert",
        "new",
        2,
    ),
    Row(Sends::WrongSecret, "destroy", destroy, 200, "load", "-", 1),
    Row(
        Sends::WrongSecret,
        "sign in",
        sign_in,
        200,
        "load insert",
        "new",
        2,
    ),
    // A valid one.
    Row(Sends::Valid, "nothing", nothing, 200, "load", "-", 1),
    Row(Sends::Valid, "write", write, 200, "load replace", "-", 1),
    Row(Sends::Valid, "an equal value", rewrite, 200, "load", "-", 1),
    Row(Sends::Valid, "update", update, 200, "load replace", "-", 1),
    Row(
        Sends::Valid,
        "an update to the same",
        |s| {
            s.update("base", |n: Option<u32>| n.unwrap()).unwrap();
        },
        200,
        "load",
        "-",
        1,
    ),
    Row(
        Sends::Valid,
        "write and back",
        |s| {
            s.insert("base", 2).unwrap();
            rewrite(s);
        },
        200,
        "load",
        "-",
        1,
    ),
    Row(Sends::Valid, "remove", remove, 200, "load replace", "-", 1),
    Row(
        Sends::Valid,
        "remove an absent key",
        |s| assert!(!s.remove("none").unwrap()),
        200,
        "load",
        "-",
        1,
    ),
    Row(
        Sends::Valid,
        "take",
        |s| assert_eq!(s.take::<u8>("base").unwrap(), Some(1)),
        200,
        "load replace",
        "-",
        1,
    ),
    Row(Sends::Valid, "clear", clear, 200, "load replace", "-", 1),
    Row(Sends::Valid, "cycle", cycle, 200, "load replace", "new", 1),
    Row(
        Sends::Valid,
        "cycle, write",
        |s| {
            cycle(s);
            write(s);
        },
        200,
        "load replace",
        "new",
        1,
    ),
    Row(
        Sends::Valid,
        "write, cycle",
        |s| {
            write(s);
            cycle(s);
        },
        200,
        "load replace",
        "new",
        1,
    ),
    Row(
        Sends::Valid,
        "sign in",
        sign_in,
        200,
        "load insert replace",
        "new",
        2,
    ),
    Row(
        Sends::Valid,
        "destroy",
        destroy,
        200,
        "load delete",
        "remove",
        0,
    ),
    Row(
        Sends::Valid,
        "write, destroy",
        |s| {
            write(s);
            destroy(s);
        },
        200,
        "load delete",
        "remove",
        0,
    ),
    Row(
        Sends::Valid,
        "destroy, write",
        |s| {
            destroy(s);
            write(s);
        },
        200,
        "load delete insert",
        "new",
        1,
    ),
    Row(
        Sends::Valid,
        "destroy, clear, write",
        |s| {
            destroy(s);
            clear(s);
            write(s);
        },
        200,
        "load delete insert",
        "new",
        1,
    ),
    Row(
        Sends::Valid,
        "destroy, cycle",
        |s| {
            destroy(s);
            cycle(s);
        },
        200,
        "load delete",
        "remove",
        0,
    ),
    Row(
        Sends::Valid,
        "destroy, sign in",
        |s| {
            destroy(s);
            sign_in(s);
        },
        200,
        "load delete insert",
        "new",
        1,
    ),
    Row(
        Sends::Valid,
        "destroy twice",
        |s| {
            destroy(s);
            destroy(s);
        },
        200,
        "load delete",
        "remove",
        0,
    ),
    Row(
        Sends::Valid,
        "lifetime",
        lifetime,
        200,
        "load replace",
        "same",
        1,
    ),
    Row(
        Sends::Valid,
        "the policy's lifetime again",
        |s| s.set_lifetime(Expiry::Policy).unwrap(),
        200,
        "load",
        "-",
        1,
    ),
    Row(
        Sends::Valid,
        "write, 302",
        write,
        302,
        "load replace",
        "-",
        1,
    ),
    Row(
        Sends::Valid,
        "write, 404",
        write,
        404,
        "load replace",
        "-",
        1,
    ),
    Row(
        Sends::Valid,
        "write, 499",
        write,
        499,
        "load replace",
        "-",
        1,
    ),
    Row(Sends::Valid, "write, 500", write, 500, "load", "-", 1),
    Row(Sends::Valid, "write, 503", write, 503, "load", "-", 1),
    Row(Sends::Valid, "cycle, 500", cycle, 500, "load", "-", 1),
    Row(Sends::Valid, "sign in, 500", sign_in, 500, "load", "-", 1),
    // Even an error ends what was to be ended, but begins nothing.
    Row(
        Sends::Valid,
        "destroy, 500",
        destroy,
        500,
        "load delete",
        "remove",
        0,
    ),
    Row(
        Sends::Valid,
        "destroy, write, 500",
        |s| {
            destroy(s);
            write(s);
        },
        500,
        "load delete",
        "remove",
        0,
    ),
    // Signing in again gives a new id, also to the same owner.
    Row(
        Sends::SignedIn,
        "sign in again",
        sign_in,
        200,
        "load insert replace",
        "new",
        2,
    ),
    Row(
        Sends::SignedIn,
        "another signs in",
        |s| s.sign_in("bob").unwrap(),
        200,
        "load insert replace",
        "new",
        2,
    ),
    Row(Sends::SignedIn, "clear", clear, 200, "load replace", "-", 1),
    Row(
        Sends::SignedIn,
        "destroy",
        destroy,
        200,
        "load delete",
        "remove",
        0,
    ),
];

fn wrong_secret(cookie: &str) -> String {
    let last = if cookie.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &cookie[..47])
}

fn present(world: &World, sends: Sends) -> String {
    match sends {
        Sends::Nothing => String::new(),
        Sends::Garbage => "\"><script>".into(),
        Sends::Unknown => UNKNOWN.into(),
        Sends::Expired => {
            let cookie = world.begin();
            world.advance(Duration::days(14));
            cookie
        }
        Sends::LongOver => {
            let cookie = world.begin();
            world.advance(Duration::days(14) + world.policy.clock_skew());
            cookie
        }
        Sends::WrongSecret => wrong_secret(&world.begin()),
        Sends::Valid => world.begin(),
        Sends::SignedIn => {
            let signed = world.request("", 200, |session| {
                session.insert("base", 1).unwrap();
                session.sign_in("ada").unwrap();
            });
            signed.id().unwrap()
        }
    }
}

#[test]
fn every_row_of_the_table_holds() {
    for Row(sends, name, act, status, calls, effect, rows) in ROWS {
        let world = World::new(|policy| policy);
        let cookie = present(&world, *sends);
        let seen = world.request(&cookie, *status, act);
        let row = format!("{sends:?}, {name}, {status}");
        assert_eq!(seen.calls.join(" "), *calls, "store calls: {row}");
        assert_eq!(seen.effect(&cookie), *effect, "cookie: {row}");
        assert_eq!(world.rows(), *rows, "rows: {row}");
        if *effect == "new" {
            assert!(!cookie.is_empty() || seen.id().is_some(), "{row}");
            assert!(world.record(&seen.id().unwrap()).is_some(), "{row}");
            assert_ne!(seen.id().unwrap(), cookie, "{row}");
        }
        if *effect == "remove" {
            assert!(world.record(&cookie).is_none(), "{row}");
        }
        assert!(seen.reply.is_opened(), "{row}");
    }
}

#[test]
fn another_owners_data_and_lifetime_are_dropped_at_sign_in() {
    let world = World::new(|policy| policy);
    let ada = world.request("", 200, |session| {
        session.insert("secret", 1).unwrap();
        session.sign_in("ada").unwrap();
        lifetime(session);
    });
    let bob = world.request(&ada.id().unwrap(), 200, |session| {
        session.insert("early", 1).unwrap();
        session.sign_in("bob").unwrap();
        session.insert("late", 1).unwrap();
    });
    world.request(&bob.id().unwrap(), 200, |session| {
        assert_eq!(session.owner().as_deref(), Some("bob"));
        assert_eq!(session.keys(), ["late"]);
        assert_eq!(session.lifetime(), Expiry::Policy);
    });
}

#[test]
fn an_anonymous_visitors_data_stays_at_sign_in() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let signed = world.request(&cookie, 200, sign_in).id().unwrap();
    let record = world.record(&signed).unwrap();
    assert_eq!(&*record.data, r#"{"base":1}"#);
    assert_eq!(record.owner.as_deref(), Some("ada"));
    assert_eq!(record.authenticated, Some(world.now()));
}

#[test]
fn the_device_handle_outlives_a_cycle_but_not_a_sign_in() {
    let world = World::new(|policy| policy);
    let first = world.begin();
    let second = world.request(&first, 200, cycle).id().unwrap();
    assert_ne!(first, second);
    assert_eq!(key_of(&first), key_of(&second));
    let third = world.request(&second, 200, sign_in).id().unwrap();
    assert_ne!(key_of(&second), key_of(&third));
}

#[test]
fn of_several_cookies_the_live_one_is_found_and_none_is_merged() {
    let world = World::new(|policy| policy);
    let live = world.begin();
    let name = world.policy.cookie_name();
    for pair in [
        format!("{UNKNOWN}; {name}={live}"),
        format!("{live}; {name}={UNKNOWN}"),
    ] {
        let seen = world.request(&pair, 200, |session| assert!(session.exists()));
        assert!(seen.calls.len() <= 2);
    }
}

#[test]
fn a_destroy_without_a_load_ends_every_id_that_was_presented() {
    let world = World::new(|policy| policy);
    let (one, two) = (world.begin(), world.begin());
    let name = world.policy.cookie_name();
    let header = format!("{name}={one}; {name}={two}");
    world.calls.lock().unwrap().clear();
    let opened = Exchange::open(&world.policy, [header.as_bytes()]).destroy();
    let reply = world.drive(opened.finish(200, world.now()).unwrap());
    assert_eq!(*world.calls.lock().unwrap(), ["delete", "delete"]);
    assert_eq!(world.rows(), 0);
    assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
}

#[test]
fn a_logout_ends_also_what_was_not_looked_for() {
    for loads in [false, true] {
        let world = World::new(|policy| policy);
        let name = world.policy.cookie_name();
        let planted = ["a", "b", "c", "d"].map(|letter| letter.repeat(48));
        let all = planted.join(&format!("; {name}="));
        let all = format!("{all}; {name}={}", world.begin());
        if loads {
            let seen = world.request(&all, 200, |session| {
                assert!(!session.exists());
                destroy(session);
            });
            assert_eq!(seen.calls.iter().filter(|call| **call == "load").count(), 4);
        } else {
            let header = world.header(&all);
            let opened = Exchange::open(&world.policy, [header.as_bytes()]).destroy();
            world.finish(opened, 200);
        }
        assert_eq!(world.rows(), 0);
    }
}

#[test]
fn a_read_modifies_nothing_although_it_deletes_what_is_long_over() {
    let world = World::new(|policy| policy);
    let cookie = present(&world, Sends::LongOver);
    let opened = world.open(&cookie);
    assert!(!opened.is_modified());
    assert_eq!(world.finish(opened, 200).calls.last(), Some(&"delete"));
}

#[test]
fn untouched_values_are_written_back_byte_for_byte() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let text = r#"{"base":1.50e+3,"z":[1, 2],"a":"\ud83d\ude00\/"}"#;
    let mut record = world.record(&cookie).unwrap();
    record.data = text.into();
    world.put(&cookie, record);
    world.request(&cookie, 200, |session| session.insert("new", true).unwrap());
    let expected = r#"{"base":1.50e+3,"z":[1, 2],"a":"\ud83d\ude00\/","new":true}"#;
    assert_eq!(&*world.record(&cookie).unwrap().data, expected);
}

#[test]
fn corrupt_data_is_an_empty_session_that_stays_as_it_is_until_a_write() {
    for corrupt in ["", "[]", "{", "\0\0", "{\"a\":1}}"] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let mut record = world.record(&cookie).unwrap();
        record.data = corrupt.into();
        world.put(&cookie, record);
        let seen = world.request(&cookie, 200, |session| {
            assert!(session.exists());
            assert!(session.is_empty());
        });
        assert_eq!(seen.calls, ["load"]);
        assert_eq!(&*world.record(&cookie).unwrap().data, corrupt);
        world.request(&cookie, 200, write);
        assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"k":"v"}"#);
    }
}

#[test]
fn a_finished_session_can_be_read_and_not_written() {
    let world = World::new(|policy| policy);
    let opened = world.open("");
    let session = opened.session().clone();
    session.insert("before", 1).unwrap();
    let _ = world.finish(opened, 200);
    assert_eq!(session.get::<u8>("before").unwrap(), Some(1));
    let refused: [Result<(), SessionError>; 8] = [
        session.insert("after", 1),
        session.remove("before").map(|_| ()),
        session.take::<u8>("before").map(|_| ()),
        session.clear(),
        session.cycle(),
        session.sign_in("ada"),
        session.destroy(),
        session.set_lifetime(Expiry::BrowserClose),
    ];
    for result in refused {
        assert!(matches!(result, Err(SessionError::Finished)), "{result:?}");
    }
    let update = session.update("before", |n: Option<u8>| n.unwrap_or(0));
    assert!(matches!(update, Err(SessionError::Finished)));
}

#[test]
fn an_early_save_is_kept_and_the_cookie_travels_with_the_response() {
    let world = World::new(|policy| policy);
    let seen = world.request_with("", 500, |session| {
        session.insert("early", 1).unwrap();
        let saved = world.save(session);
        assert!(!saved.is_gone());
        assert!(session.exists());
        assert!(!session.is_modified());
        session.insert("late", 1).unwrap();
    });
    assert_eq!(seen.calls, ["insert"]);
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(&*record.data, r#"{"early":1}"#);
}

#[test]
fn a_save_then_more_writes_then_the_end_is_two_writes_of_one_session() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = world.request_with(&cookie, 200, |session| {
        update(session);
        session.cycle().unwrap();
        let _ = world.save(session);
        update(session);
        session.insert("late", 1).unwrap();
    });
    assert_eq!(seen.calls, ["load", "replace", "replace"]);
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(&*record.data, r#"{"base":1,"n":2,"late":1}"#);
    assert_eq!(world.rows(), 1);
}

#[test]
fn a_session_that_ended_meanwhile_stays_ended_and_gets_no_cookie() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = world.request(&cookie, 200, |session| {
        world.request(&cookie, 200, destroy);
        write(session);
    });
    assert!(seen.reply.is_gone());
    assert_eq!(seen.effect(&cookie), "-");
    assert_eq!(world.rows(), 0);
}

#[test]
fn after_a_save_found_the_session_gone_nothing_can_be_written() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = world.request_with(&cookie, 200, |session| {
        write(session);
        world.request(&cookie, 200, destroy);
        assert!(world.save(session).is_gone());
        assert!(session.is_gone());
        assert!(matches!(session.insert("k", 2), Err(SessionError::Gone)));
        assert!(session.is_empty());
    });
    assert_eq!(seen.effect(&cookie), "-");
    assert_eq!(world.rows(), 0);
}

#[test]
fn a_write_whose_answer_was_lost_is_not_replayed() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    world.request_with(&cookie, 200, |session| {
        update(session);
        // The store applies the command, and the answer never arrives.
        let Step::Write(lost) = session.commit(world.now()).unwrap() else {
            panic!("a write was due");
        };
        world.write(lost.command());
        drop(lost);
        update(session);
    });
    assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"base":1,"n":2}"#);
}

#[test]
fn an_id_that_is_taken_is_drawn_again_and_overwrites_nothing() {
    let world = World::new(|policy| policy);
    let session = world.open("");
    write(&session);
    let Step::Write(first) = session.finish(200, world.now()).unwrap() else {
        panic!("a write was due");
    };
    let next = first.answer(Ok(Outcome::Refused), world.now()).unwrap();
    let reply = world.drive(next);
    assert!(reply.set_cookie().is_some());
    assert_eq!(world.rows(), 1);
}

#[test]
fn a_store_that_refuses_everything_is_an_error_and_no_endless_loop() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let session = world.open(&cookie);
    write(&session);
    let mut step = session.finish(200, world.now());
    let error = loop {
        step = match step.unwrap() {
            Step::Load(load) => {
                let found = world.load(load.key());
                load.answer(Ok(found), world.now())
            }
            Step::Write(write) => write.answer(Ok(Outcome::Refused), world.now()),
            Step::Done(_) => panic!("nothing was written"),
        };
        if let Err(error) = step {
            break error;
        }
    };
    assert!(error.to_string().contains("500 attempts"), "{error}");
}

#[test]
fn a_store_that_takes_no_new_session_is_an_error_and_no_endless_loop() {
    let world = World::new(|policy| policy);
    let session = world.open("");
    write(&session);
    let mut ids = HashSet::new();
    let mut step = session.finish(200, world.now());
    while let Ok(next) = step {
        let Step::Write(write) = next else {
            panic!("there is a session to create");
        };
        let Command::Insert { key, .. } = write.command() else {
            panic!("it was never created");
        };
        assert!(ids.insert(*key), "each try draws another id");
        step = write.answer(Ok(Outcome::Refused), world.now());
    }
    let error = step.unwrap_err();
    assert!(
        matches!(error.error(), SessionError::Contended { attempts: 500 }),
        "{error}"
    );
    assert_eq!((ids.len(), world.rows()), (500, 0));
}

#[test]
fn a_write_that_was_sent_twice_is_found_to_be_applied() {
    for act in [write, cycle] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let opened = world.open(&cookie);
        let session = opened.session().clone();
        act(&session);
        let Step::Write(write) = opened.finish(200, world.now()).unwrap() else {
            panic!("there is something to write");
        };
        // The first answer was lost on the way, and a client of the store repeated the command.
        assert_eq!(world.write(write.command()), Outcome::Applied);
        assert_eq!(world.write(write.command()), Outcome::Refused);
        let Step::Load(load) = write.answer(Ok(Outcome::Refused), world.now()).unwrap() else {
            panic!("somebody may have been faster");
        };
        world.calls.lock().unwrap().clear();
        let reply = world.drive(Step::Load(load));
        assert_eq!(
            *world.calls.lock().unwrap(),
            ["load"],
            "nothing is written again"
        );
        assert!(!reply.is_gone() && !session.is_modified());
        let cookie = util::id_of(&reply).unwrap_or(cookie);
        assert!(
            world
                .request(&cookie, 200, |_| {})
                .calls
                .starts_with(&["load"])
        );
        assert!(world.record(&cookie).is_some());
    }
}

#[test]
fn a_save_without_changes_asks_for_nothing_and_leaves_the_session_open() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let session = world.open(&cookie);
    let Step::Done(reply) = session.commit(world.now()).unwrap() else {
        panic!("there is nothing to write");
    };
    assert!(reply.set_cookie().is_none() && !reply.is_gone());
    session.insert("k", 1).unwrap();
    drop(world.save(&session));
    assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"base":1,"k":1}"#);
}

#[test]
fn an_exchange_that_the_store_has_not_answered_says_only_that_it_depends_on_the_cookie() {
    let world = World::new(|policy| policy);
    let header = format!("__Host-session={}", world.begin());
    let exchange = Exchange::open(&world.policy, [header.as_bytes()]);
    assert!(!format!("{exchange:?}").contains(&header[15..]));
    for status in [200, 503] {
        let exchange = Exchange::open(&world.policy, [header.as_bytes()]);
        let Step::Done(reply) = exchange.finish(status, world.now()).unwrap() else {
            panic!("there is nothing to do");
        };
        assert!(reply.is_opened() && reply.set_cookie().is_none());
    }
}

#[test]
fn a_logout_while_a_commit_waits_for_the_store_ends_it() {
    for answers in 0..2 {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let session = world.open(&cookie);
        write(&session);
        let mut step = session.commit(world.now()).unwrap();
        world.request(&cookie, 200, rewrite);
        for _ in 0..answers {
            let Step::Write(write) = step else {
                panic!("there is something to write");
            };
            let outcome = world.write(write.command());
            step = write.answer(Ok(outcome), world.now()).unwrap();
        }
        session.destroy().unwrap();
        // What was asked before goes on to its end, and brings nothing back.
        drop(world.drive(step));
        let reply = world.drive(session.finish(200, world.now()).unwrap());
        assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
        assert_eq!(world.rows(), 0, "after {answers} answers");
    }
}

#[test]
fn debug_shows_neither_ids_nor_values() {
    let world = World::new(|policy| policy);
    let cookie = present(&world, Sends::SignedIn);
    let session = world.open(&cookie);
    session.insert("password", "hunter2").unwrap();
    session.cycle().unwrap();
    let record = format!("{:?} {:?}", world.record(&cookie), world.policy);
    let before = format!("{session:?}");
    let step = session.finish(200, world.now()).unwrap();
    let committing = format!("{step:?}");
    world.request(&cookie, 200, rewrite);
    let Step::Write(write) = step else {
        panic!("there is something to write");
    };
    let step = write.answer(Ok(Outcome::Refused), world.now()).unwrap();
    let asking = format!("{step:?}");
    assert_eq!(asking, "Load(Load)");
    let reply = world.drive(step);
    let shown = format!("{record} {before} {committing} {asking} {reply:?}");
    for secret in [
        cookie,
        util::id_of(&reply).unwrap(),
        "hunter2".into(),
        "ada".into(),
    ] {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}
