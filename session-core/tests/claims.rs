//! What `take` and `get_or_insert_with` return is exact: one taker, one value, and the loser is told.
#![allow(clippy::unwrap_used)]

mod util;

use std::time::Duration;

use session_core::{CommitError, Field, Opened, Reply, SessionError, Step};
use util::World;

const TOKEN: Field<String> = Field::new("token");
const COUPON: Field<String> = Field::new("coupon");

fn world() -> (World, String) {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        COUPON.insert(session, "SAVE10".to_owned()).unwrap();
    });
    let cookie = seen.id().unwrap();
    (world, cookie)
}

fn finish(world: &World, opened: Opened) -> Result<Reply, CommitError> {
    world.try_drive(opened.finish(200, world.now())?)
}

fn save(world: &World, opened: &Opened) -> Result<Reply, CommitError> {
    world.try_drive(opened.commit(world.now())?)
}

fn is_conflict<T>(result: &Result<T, CommitError>, name: &str) -> bool {
    matches!(
        result.as_ref().map_err(CommitError::error),
        Err(error @ SessionError::Conflict { key }) if key == name && error.status() == 409
    )
}

#[test]
fn of_two_tabs_one_sets_the_token_and_the_other_is_told() {
    let (world, cookie) = world();
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    assert_eq!(TOKEN.get_or_insert_with(&one, || "1".into()).unwrap(), "1");
    assert_eq!(TOKEN.get_or_insert_with(&two, || "2".into()).unwrap(), "2");
    two.insert("other", 1).unwrap();
    assert!(finish(&world, one).is_ok());
    assert!(is_conflict(&finish(&world, two), "token"));
    let stored = world.open(&cookie);
    assert_eq!(TOKEN.get(&stored).unwrap().as_deref(), Some("1"));
    assert!(!stored.contains("other"));
}

#[test]
fn after_an_early_save_the_loser_sees_the_winners_value_and_goes_on() {
    let (world, cookie) = world();
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    assert_eq!(TOKEN.get_or_insert_with(&one, || "1".into()).unwrap(), "1");
    assert!(COUPON.take(&one).unwrap().is_some());
    one.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .unwrap();
    assert!(finish(&world, one).is_ok());

    assert_eq!(TOKEN.get_or_insert_with(&two, || "2".into()).unwrap(), "2");
    assert!(COUPON.take(&two).unwrap().is_some());
    two.insert("other", 1).unwrap();
    two.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .unwrap();
    assert!(save(&world, &two).is_err());
    assert_eq!(TOKEN.get(&two).unwrap().as_deref(), Some("1"));
    assert_eq!(two.get("n").unwrap(), Some(2));
    assert!(two.contains("other") && two.is_modified());
    assert_eq!(COUPON.take(&two).unwrap(), None);
    assert_eq!(TOKEN.get_or_insert_with(&two, || "3".into()).unwrap(), "1");
    assert!(save(&world, &two).is_ok());
    assert!(finish(&world, two).is_ok());
    let data = world.record(&cookie).unwrap().data;
    assert_eq!(&*data, r#"{"token":"1","n":2,"other":1}"#);
}

#[test]
fn equal_defaults_and_other_names_are_no_conflict() {
    let (world, cookie) = world();
    let [one, two, three] = [(); 3].map(|()| world.open(&cookie));
    for session in [&one, &two] {
        assert_eq!(
            TOKEN.get_or_insert_with(session, || "en".into()).unwrap(),
            "en"
        );
    }
    one.insert("a", 1).unwrap();
    two.insert("b", 2).unwrap();
    assert!(COUPON.take(&three).unwrap().is_some());
    for opened in [one, two, three] {
        assert!(finish(&world, opened).is_ok());
    }
    let data = world.record(&cookie).unwrap().data;
    assert_eq!(&*data, r#"{"token":"en","a":1,"b":2}"#);
}

#[test]
fn what_a_request_does_with_its_own_later_is_exact_too() {
    type Act = fn(&Opened);
    // After the taking, and what is stored if nobody else was faster.
    let rows: &[(&str, Act, &str)] = &[
        ("again", |s| assert_eq!(COUPON.take(s).unwrap(), None), "{}"),
        ("remove", |s| assert!(!COUPON.remove(s).unwrap()), "{}"),
        (
            "set",
            |s| COUPON.insert(s, "NEW".to_owned()).unwrap(),
            r#"{"coupon":"NEW"}"#,
        ),
        (
            "default",
            |s| {
                COUPON.get_or_insert_with(s, || "NEW".into()).unwrap();
            },
            r#"{"coupon":"NEW"}"#,
        ),
        (
            "compute",
            |s| {
                COUPON.update(s, |old| old.unwrap_or("NEW".into())).unwrap();
            },
            r#"{"coupon":"NEW"}"#,
        ),
        (
            "set and back",
            |s| {
                COUPON.insert(s, "NEW".to_owned()).unwrap();
                assert!(COUPON.take(s).unwrap().is_some());
            },
            "{}",
        ),
        ("clear", |s| s.clear().unwrap(), "{}"),
        (
            "clear and set",
            |s| {
                s.clear().unwrap();
                s.insert("a", 1).unwrap();
            },
            r#"{"a":1}"#,
        ),
    ];
    for (name, act, stored) in rows {
        for is_fast in [true, false] {
            let (world, cookie) = world();
            let [one, two] = [(); 2].map(|()| world.open(&cookie));
            assert!(COUPON.take(&one).unwrap().is_some());
            act(&one);
            if !is_fast {
                assert!(COUPON.take(&two).unwrap().is_some());
                assert!(finish(&world, two).is_ok());
            }
            let result = finish(&world, one);
            if is_fast {
                assert!(result.is_ok(), "{name}");
                assert_eq!(&*world.record(&cookie).unwrap().data, *stored, "{name}");
            } else {
                assert!(is_conflict(&result, "coupon"), "{name}");
            }
        }
    }
}

#[test]
fn a_value_that_was_computed_is_taken_once() {
    let (world, cookie) = world();
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    let add = |n: Option<u32>| n.unwrap_or(0) + 1;
    for session in [&one, &two] {
        session.update("n", add).unwrap();
        session.update("n", add).unwrap();
        assert_eq!(session.take::<u32>("n").unwrap(), Some(2));
    }
    // Nothing is left of the first, so that the second computes the same again.
    assert!(finish(&world, one).is_ok() && finish(&world, two).is_ok());
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    two.update("n", add).unwrap();
    assert_eq!(two.take::<u32>("n").unwrap(), Some(1));
    two.insert("writes", true).unwrap();
    one.update("n", add).unwrap();
    assert!(finish(&world, one).is_ok());
    assert!(is_conflict(&finish(&world, two), "n"));
    assert_eq!(world.open(&cookie).get("n").unwrap(), Some(1));
}

#[test]
fn what_a_request_has_set_itself_is_its_own() {
    let (world, cookie) = world();
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    COUPON.insert(&one, "OWN".to_owned()).unwrap();
    assert_eq!(COUPON.take(&one).unwrap().as_deref(), Some("OWN"));
    assert_eq!(
        COUPON.get_or_insert_with(&one, || "NEW".into()).unwrap(),
        "NEW"
    );
    assert!(COUPON.take(&two).unwrap().is_some());
    assert!(finish(&world, two).is_ok() && finish(&world, one).is_ok());
    assert_eq!(
        COUPON.get(&world.open(&cookie)).unwrap().as_deref(),
        Some("NEW")
    );
}

#[test]
fn what_was_taken_while_a_save_was_under_way_is_taken_from_what_it_saved() {
    let (world, cookie) = world();
    let opened = world.open(&cookie);
    assert_eq!(
        TOKEN.get_or_insert_with(&opened, || "1".into()).unwrap(),
        "1"
    );
    let step = opened.commit(world.now()).unwrap();
    assert_eq!(TOKEN.take(&opened).unwrap().as_deref(), Some("1"));
    assert!(world.try_drive(step).is_ok());
    assert_eq!(TOKEN.get(&opened).unwrap(), None);
    let other = world.open(&cookie);
    assert_eq!(TOKEN.take(&other).unwrap().as_deref(), Some("1"));
    assert!(finish(&world, opened).is_ok());
    assert!(is_conflict(&finish(&world, other), "token"));
    assert_eq!(
        &*world.record(&cookie).unwrap().data,
        r#"{"coupon":"SAVE10"}"#
    );
}

#[test]
fn who_can_write_no_more_has_taken_nothing_and_is_told() {
    for (is_ended, error) in [
        (true, SessionError::Gone),
        (false, SessionError::Superseded),
    ] {
        let (world, cookie) = world();
        let [taking, showing] = [(); 2].map(|()| world.open(&cookie));
        assert!(COUPON.take(&taking).unwrap().is_some());
        assert_eq!(
            TOKEN.get_or_insert_with(&showing, || "1".into()).unwrap(),
            "1"
        );
        world.request(&cookie, 200, |session| {
            if is_ended {
                session.destroy().unwrap();
            } else {
                session.sign_in("ada").unwrap();
            }
        });
        let taken = finish(&world, taking).unwrap_err();
        assert_eq!(taken.error().to_string(), error.to_string());
        // A page that shows a token goes out, as other pages do whose changes are dropped.
        assert!(finish(&world, showing).is_ok());
    }
}

#[test]
fn a_sign_in_carries_a_value_along_or_its_taker_has_it() {
    for owner in [None, Some("ada")] {
        let (world, cookie) = world();
        let seen = world.request(&cookie, 200, |session| {
            if let Some(owner) = owner {
                session.sign_in(owner).unwrap();
            }
        });
        let cookie = seen.id().unwrap_or(cookie);
        let [one, two] = [(); 2].map(|()| world.open(&cookie));
        assert!(COUPON.take(&one).unwrap().is_some());
        one.sign_in("ada").unwrap();
        assert!(COUPON.take(&two).unwrap().is_some());
        assert!(finish(&world, two).is_ok());
        // It begins its session before it learns that the old one has changed.
        assert!(is_conflict(&finish(&world, one), "coupon"));
        let rows = world.rows();
        assert!(rows == 1 || owner.is_some() && rows == 2, "{rows} sessions");
    }
}

#[test]
fn of_two_sign_ins_one_has_taken_the_value() {
    for owner in [None, Some("ada")] {
        for is_late in [false, true] {
            let (world, cookie) = world();
            let seen = world.request(&cookie, 200, |session| {
                session.insert("cart", 7).unwrap();
                if let Some(owner) = owner {
                    session.sign_in(owner).unwrap();
                }
            });
            let cookie = seen.id().unwrap_or(cookie);
            let take = |opened: &Opened| {
                opened.sign_in("ada").unwrap();
                COUPON.take(opened).unwrap()
            };
            let one = world.open(&cookie);
            let early = (!is_late).then(|| world.open(&cookie));
            assert!(take(&one).is_some());
            let before = early.as_ref().map(take);
            assert!(finish(&world, one).is_ok());
            let two = early.unwrap_or_else(|| world.open(&cookie));
            if is_late {
                assert!(take(&two).is_none(), "{owner:?}");
            } else {
                assert!(before.flatten().is_some(), "{owner:?}");
                assert!(is_conflict(&save(&world, &two), "coupon"), "{owner:?}");
                assert!(!two.contains("coupon"), "{owner:?}");
            }
            // The rest is carried along by both.
            assert_eq!(two.get("cart").unwrap(), Some(7), "{owner:?}");
            assert!(finish(&world, two).unwrap().set_cookie().is_some());
        }
    }
}

#[test]
fn a_sign_in_of_another_owner_has_taken_a_value_or_is_told() {
    for is_late in [false, true] {
        let (world, cookie) = world();
        let seen = world.request(&cookie, 200, |session| session.sign_in("ada").unwrap());
        let cookie = seen.id().unwrap();
        let [one, two] = [(); 2].map(|()| world.open(&cookie));
        for opened in [&one, &two] {
            assert!(COUPON.take(opened).unwrap().is_some());
        }
        one.sign_in("bob").unwrap();
        let (first, second) = if is_late { (two, one) } else { (one, two) };
        assert!(finish(&world, first).is_ok());
        let failed = finish(&world, second).unwrap_err();
        assert_eq!(failed.error().status(), 409, "{failed}");
    }
}

#[test]
fn a_sign_in_from_a_session_that_is_over_has_taken_nothing_from_it() {
    let (world, cookie) = world();
    let [one, two] = [(); 2].map(|()| world.open(&cookie));
    one.sign_in("ada").unwrap();
    for opened in [&one, &two] {
        assert!(COUPON.take(opened).unwrap().is_some());
    }
    assert!(finish(&world, two).is_ok());
    world.advance(Duration::from_secs(15 * 24 * 60 * 60));
    let failed = finish(&world, one).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Gone), "{failed}");
    assert!(failed.reply().set_cookie().is_none());
    let model = world.model.lock().unwrap();
    assert_eq!(model.live(world.now()).count(), 0);
}

/// A request at one moment of its commit.
struct Actor {
    told: [Option<String>; 2],
    step: Option<Result<Step, CommitError>>,
}

#[test]
fn through_every_order_of_store_calls_there_is_one_taker_and_one_value() {
    const ACTORS: usize = 3;
    // Each figure is the actor whose store call comes next.
    for order in 0..ACTORS.pow(9) {
        let (world, cookie) = world();
        let mut actors: Vec<Actor> = (0..ACTORS)
            .map(|number| {
                let opened = world.open(&cookie);
                let token = TOKEN.get_or_insert_with(&opened, || number.to_string());
                let told = [COUPON.take(&opened).unwrap(), Some(token.unwrap())];
                let step = Some(opened.finish(200, world.now()));
                Actor { told, step }
            })
            .collect();
        let mut rest = order;
        let mut turn = |actors: &mut [Actor]| {
            let actor = &mut actors[rest % ACTORS];
            rest /= ACTORS;
            if let Some(Ok(step)) = actor.step.take_if(|step| is_open(step)) {
                actor.step = Some(world.step(step));
            }
        };
        for _ in 0..9 {
            turn(&mut actors);
        }
        for actor in &mut actors {
            while let Some(Ok(step)) = actor.step.take_if(|step| is_open(step)) {
                actor.step = Some(world.step(step));
            }
        }
        let winners: Vec<&Actor> = actors
            .iter()
            .filter(|actor| matches!(actor.step, Some(Ok(_))))
            .collect();
        let [winner] = winners[..] else {
            panic!("{} have taken it, order {order}", winners.len());
        };
        let stored = world.open(&cookie);
        assert_eq!(TOKEN.get(&stored).unwrap(), winner.told[1], "order {order}");
        assert!(winner.told[0].is_some() && !stored.contains("coupon"));
    }
}

fn is_open(step: &Result<Step, CommitError>) -> bool {
    matches!(step, Ok(Step::Load(_) | Step::Write(_)))
}
