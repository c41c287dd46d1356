//! How sessions end: by a logout, elsewhere, with the response, and when they are long over.

use session_core::{Exchange, Expiry, SessionError, Step};

use crate::request::{Sends, destroy, present, rewrite, write};
use crate::util::World;

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
        session.set_expiry(Expiry::BrowserClose),
    ];
    for result in refused {
        assert!(matches!(result, Err(SessionError::Finished)), "{result:?}");
    }
    let update = session.update("before", |n: Option<u8>| n.unwrap_or(0));
    assert!(matches!(update, Err(SessionError::Finished)));
}

#[test]
fn a_read_modifies_nothing_although_it_deletes_what_is_long_over() {
    let world = World::new(|policy| policy);
    let cookie = present(&world, Sends::LongOver);
    let opened = world.open(&cookie);
    assert!(!opened.is_modified());
    assert_eq!(world.finish(opened, 200).calls.last(), Some(&"delete"));
}
