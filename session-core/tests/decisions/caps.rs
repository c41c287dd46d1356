//! The limit of sessions that one owner may have.

use std::time::Duration;

use session_core::{CommitError, List, Opened, Outcome, Overflow, PolicyBuilder, Reply, Step};

use crate::request::write;
use crate::util::{World, id_of, key_of, outage};

fn world(limit: usize, overflow: Overflow) -> World {
    World::new(|policy: PolicyBuilder| policy.max_devices(limit, overflow))
}

fn login(world: &World, cookie: &str) -> Result<Reply, CommitError> {
    let opened = world.open(cookie);
    opened.sign_in("ada").unwrap();
    let step = opened.finish(200, world.now())?;
    world.try_drive(step)
}

/// Signs in on another device, a second later.
fn device(world: &World) -> String {
    world.advance(Duration::from_secs(1));
    id_of(&login(world, "").unwrap()).unwrap()
}

fn live(world: &World) -> Vec<session_core::PublicId> {
    let model = world.model.lock().unwrap();
    let listed = model.listed("ada", world.now());
    listed.into_iter().map(|device| device.public_id).collect()
}

fn handles<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<session_core::PublicId> {
    ids.into_iter().map(|id| key_of(id).public_id()).collect()
}

#[test]
fn the_session_that_was_used_longest_ago_ends() {
    let world = world(2, Overflow::EndOldest);
    let (first, second) = (device(&world), device(&world));
    // The older login is used, as far as the throttle of a minute lets that show.
    world.advance(Duration::from_mins(2));
    world.request(&first, 200, |_| ());
    world.calls.lock().unwrap().clear();
    let third = device(&world);
    let calls = std::mem::take(&mut *world.calls.lock().unwrap());
    assert_eq!(calls, ["list", "insert", "list", "delete"]);
    assert_eq!(live(&world), handles([&third, &first]));
    world.request(&second, 200, |session| assert!(!session.exists()));
}

#[test]
fn a_login_that_replaces_ones_own_session_ends_no_other() {
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let world = world(2, overflow);
        let (first, second) = (device(&world), device(&world));
        let again = id_of(&login(&world, &second).unwrap()).unwrap();
        assert_eq!(live(&world), handles([&again, &first]), "{overflow:?}");
        // From an anonymous session it is one more, and another owner's do not count.
        let anonymous = world.begin();
        let result = login(&world, &anonymous);
        assert_eq!(result.is_ok(), overflow == Overflow::EndOldest);
        let bobs = world.request("", 200, |session| session.sign_in("bob").unwrap());
        assert!(bobs.id().is_some());
    }
}

#[test]
fn a_refused_login_changes_nothing_and_sets_no_cookie() {
    let world = world(1, Overflow::Refuse);
    let first = device(&world);
    let anonymous = world.begin();
    let rows = world.rows();
    for cookie in ["", &anonymous] {
        let failed = login(&world, cookie).unwrap_err();
        assert_eq!(failed.error().status(), 409);
        assert!(failed.error().public_json().contains("too many devices"));
        assert_eq!(failed.reply().set_cookie(), None);
        assert_eq!((live(&world), world.rows()), (handles([&first]), rows));
    }
    // Nor is it tried again if the handler saves, and then answers with a page of its own.
    let opened = world.open("");
    write(opened.session());
    opened.sign_in("ada").unwrap();
    let step = opened.commit(world.now()).unwrap();
    assert!(world.try_drive(step).is_err());
    let seen = world.finish(opened, 200);
    assert_eq!((seen.reply.set_cookie(), world.rows()), (None, rows));
    // A place that is free again serves.
    world.request(&first, 200, |session| session.destroy().unwrap());
    assert!(login(&world, "").is_ok());
}

/// Logins of one owner under way, each at its next step.
struct Race<'a> {
    world: &'a World,
    steps: Vec<Option<Result<Step, CommitError>>>,
}

impl<'a> Race<'a> {
    fn of(world: &'a World, count: usize) -> Self {
        let begin = |_| {
            let opened: Opened = world.open("");
            opened.sign_in("ada").unwrap();
            Some(opened.finish(200, world.now()))
        };
        let steps = (0..count).map(begin).collect();
        Self { world, steps }
    }

    fn step(&mut self, of: usize) {
        let step = self.steps[of].take().unwrap();
        self.steps[of] = Some(step.and_then(|step| self.world.step(step)));
    }

    fn is_under_way(&self, of: usize) -> bool {
        !matches!(self.steps[of], Some(Err(_) | Ok(Step::Done(_))))
    }

    /// The logins that were answered with a cookie.
    fn admitted(&self) -> usize {
        let answers = self.steps.iter().flatten().flatten();
        let cookies = answers.filter(|step| match step {
            Step::Done(reply) => reply.set_cookie().is_some(),
            _ => false,
        });
        cookies.count()
    }
}

/// Runs every order of the steps of logins at once, and calls `check` after each.
fn every_order(make: &dyn Fn() -> World, logins: usize, check: &dyn Fn(&World, usize, &[usize])) {
    let mut orders = vec![Vec::new()];
    let mut seen = 0;
    while let Some(order) = orders.pop() {
        let world = make();
        let mut race = Race::of(&world, logins);
        for of in &order {
            race.step(*of);
        }
        let ready: Vec<_> = (0..logins).filter(|of| race.is_under_way(*of)).collect();
        if ready.is_empty() {
            check(&world, race.admitted(), &order);
            seen += 1;
        }
        for of in ready {
            orders.push([&order[..], &[of]].concat());
        }
    }
    assert!(seen > 40, "{seen} orders");
}

#[test]
fn of_logins_that_race_no_more_stay_than_there_may_be_and_one_stays() {
    let make = || {
        let world = world(1, Overflow::EndOldest);
        device(&world);
        world.advance(Duration::from_secs(1));
        world
    };
    every_order(&make, 2, &|world, admitted, order| {
        let live = live(world).len();
        assert_eq!(live, 1, "{order:?}");
        assert!(admitted >= 1, "{order:?}");
    });
}

#[test]
fn of_logins_that_race_for_the_last_place_one_at_most_gets_it() {
    let make = || world(1, Overflow::Refuse);
    every_order(&make, 2, &|world, admitted, order| {
        let live = live(world).len();
        assert!(live <= 1 && admitted == live, "{order:?}");
    });
}

#[test]
fn a_clock_that_is_behind_lets_its_own_logins_live() {
    for behind in [1, 4, 10] {
        let world = world(1, Overflow::EndOldest);
        let first = device(&world);
        world.set_back(Duration::from_mins(behind));
        for _ in 0..3 {
            let next = device(&world);
            world.request(&next, 200, |session| {
                assert_eq!(
                    session.owner().as_deref(),
                    Some("ada"),
                    "{behind} min behind"
                );
            });
        }
        world.request(&first, 200, |session| assert!(!session.exists()));
        assert_eq!(live(&world).len(), 1);
    }
}

#[test]
fn a_moment_far_ahead_is_not_inherited() {
    let world = World::new(|policy| {
        let policy = policy.max_devices(2, Overflow::EndOldest);
        policy.absolute(Duration::from_hours(24))
    });
    let first = device(&world);
    let mut record = world.record(&first).unwrap();
    record.created = world.now() + Duration::from_hours(24 * 365);
    world.put(&first, record);
    let next = id_of(&login(&world, "").unwrap()).unwrap();
    let record = world.record(&next).unwrap();
    assert!(record.created <= world.now() + Duration::from_mins(5));
    assert_eq!(record.expires, world.now() + Duration::from_hours(24));
}

#[test]
fn a_login_that_is_cut_off_keeps_no_place_for_long() {
    let world = world(1, Overflow::Refuse);
    let mut race = Race::of(&world, 1);
    // Listed and inserted, and then its server dies.
    race.step(0);
    race.step(0);
    assert_eq!(live(&world).len(), 1);
    assert!(login(&world, "").is_err());
    world.advance(Duration::from_mins(10));
    let admitted = id_of(&login(&world, "").unwrap()).unwrap();
    let record = world.record(&admitted).unwrap();
    assert_eq!(record.expires, world.now() + Duration::from_hours(14 * 24));
}

#[test]
fn a_list_far_above_the_cap_shrinks_in_one_login() {
    let many = World::new(|policy| policy);
    for _ in 0..200 {
        device(&many);
    }
    let capped = world(3, Overflow::EndOldest);
    capped.advance(Duration::from_mins(10));
    *capped.model.lock().unwrap() = many.model.lock().unwrap().clone();
    let last = id_of(&login(&capped, "").unwrap()).unwrap();
    assert_eq!(live(&capped).len(), 3);
    assert!(live(&capped).contains(&key_of(&last).public_id()));
}

#[test]
fn a_store_that_fails_midway_has_ended_those_that_were_used_longest_ago() {
    let many = World::new(|policy| policy);
    let ids: Vec<_> = (0..4).map(|_| device(&many)).collect();
    let capped = world(2, Overflow::EndOldest);
    capped.advance(Duration::from_mins(10));
    *capped.model.lock().unwrap() = many.model.lock().unwrap().clone();
    let opened = capped.open("");
    opened.sign_in("ada").unwrap();
    let mut step = opened.finish(200, capped.now()).unwrap();
    // It ends one of three.
    while !capped.calls.lock().unwrap().contains(&"delete") {
        step = capped.step(step).unwrap();
    }
    let Step::Write(second) = step else {
        panic!("one more has to go");
    };
    assert!(second.answer(Err(outage()), capped.now()).is_err());
    let left = live(&capped);
    assert!(!left.contains(&key_of(&ids[0]).public_id()));
    let kept = handles(&ids[1..]);
    assert!(kept.iter().all(|handle| left.contains(handle)));
}

#[test]
fn a_cap_that_cannot_be_kept_is_refused() {
    use session_core::Policy;
    let zero = Policy::builder().max_devices(0, Overflow::Refuse).build();
    assert!(zero.unwrap_err().to_string().starts_with("max_devices: "));
    let plain = Policy::builder()
        .plain_ids()
        .max_devices(1, Overflow::EndOldest);
    let refused = plain.build().unwrap_err().to_string();
    assert!(
        refused.contains("plain ids") && refused.ends_with("drop `plain_ids` or `max_devices`")
    );
}

#[test]
fn a_list_that_fails_is_an_outage_and_sets_no_cookie() {
    for overflow in [Overflow::EndOldest, Overflow::Refuse] {
        let world = world(1, overflow);
        let opened = world.open("");
        opened.sign_in("ada").unwrap();
        let first = list(opened.finish(200, world.now()).unwrap());
        let failed = first.answer(Err(outage()), world.now()).unwrap_err();
        assert_eq!(failed.error().status(), 503);
        assert_eq!((failed.reply().set_cookie(), world.rows()), (None, 0));

        let opened = world.open("");
        opened.sign_in("ada").unwrap();
        let first = list(opened.finish(200, world.now()).unwrap());
        let Step::Write(insert) = first.answer(Ok(vec![]), world.now()).unwrap() else {
            panic!("the new session is inserted");
        };
        let again = list(insert.answer(Ok(Outcome::Applied), world.now()).unwrap());
        let failed = again.answer(Err(outage()), world.now()).unwrap_err();
        assert_eq!(failed.error().status(), 503);
        assert_eq!(failed.reply().set_cookie(), None);
    }
}

/// "The store failed; the changes are kept": a handler that saves again would believe itself signed in.
#[test]
fn a_login_that_gives_way_and_cannot_withdraw_is_still_to_be_saved() {
    for withdraws in [true, false] {
        let world = world(1, Overflow::EndOldest);
        let opened = world.open("");
        opened.sign_in("ada").unwrap();
        write(&opened);
        let mut step = opened.commit(world.now()).unwrap();
        for _ in 0..2 {
            step = world.step(step).unwrap();
        }
        // Another login has ended it, before it looks again.
        world.model.lock().unwrap().0.clear();
        let Step::Write(write) = world.step(step).unwrap() else {
            panic!("it is withdrawn");
        };
        let outcome = if withdraws {
            Ok(Outcome::Applied)
        } else {
            Err(outage())
        };
        let failed = write.answer(outcome, world.now()).unwrap_err();
        assert_eq!(failed.error().status(), if withdraws { 409 } else { 503 });
        assert!(failed.reply().set_cookie().is_none());
        assert_eq!(opened.owner().is_none(), withdraws);
        assert_eq!(opened.contains("k"), !withdraws);
        let reply = world.drive(opened.commit(world.now()).unwrap());
        assert_eq!(reply.set_cookie().is_none(), withdraws);
        assert_eq!(live(&world).len(), usize::from(!withdraws));
    }
}

#[test]
fn a_login_that_is_destroyed_during_its_list_begins_nothing() {
    let world = world(1, Overflow::EndOldest);
    let opened = world.open("");
    opened.sign_in("ada").unwrap();
    let first = list(opened.commit(world.now()).unwrap());
    opened.destroy().unwrap();
    let Step::Done(reply) = first.answer(Ok(vec![]), world.now()).unwrap() else {
        panic!("nothing is left to do");
    };
    assert_eq!((reply.set_cookie(), world.rows()), (None, 0));
}

/// Takes the list that a step asks for; it shows nobody.
fn list(step: Step) -> List {
    let Step::List(list) = step else {
        panic!("a login under a cap lists: {step:?}");
    };
    assert_eq!((list.owner(), &*format!("{list:?}")), ("ada", "List"));
    list
}
