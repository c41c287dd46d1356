//! Two and three requests of one visitor, through every order of their store calls.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::{Exchange, Key, Reply, Session, SessionError, Step};
use time::Duration;
use util::{World, id_of};

/// What one request does; each writes under a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Read,
    Put,
    Increment,
    Cycle,
    CycleAndPut,
    SignIn(&'static str),
    Clear,
    Destroy,
    Relogin,
    PutThenFail,
    /// No request: time passes until everything of before has expired.
    Expire,
}

const ACTS: [Act; 12] = [
    Act::Read,
    Act::Put,
    Act::Increment,
    Act::Cycle,
    Act::CycleAndPut,
    Act::SignIn("ada"),
    Act::SignIn("bob"),
    Act::Clear,
    Act::Destroy,
    Act::Relogin,
    Act::PutThenFail,
    Act::Expire,
];

enum Stage {
    Asking(Exchange),
    Committing(Step),
    Ended(Option<Reply>),
}

struct Actor {
    act: Act,
    name: String,
    stage: Stage,
    /// It came too late to find the session under its id, and is a visitor without one.
    late: bool,
    /// It came too late, but while the id was remembered.
    renewed: bool,
}

impl Actor {
    fn new(world: &World, act: Act, number: usize, cookie: &str) -> Self {
        let header = format!("{}={cookie}", world.policy.cookie_name());
        Self {
            act,
            name: format!("key{number}"),
            stage: Stage::Asking(Exchange::open(&world.policy, [header.as_bytes()])),
            late: false,
            renewed: false,
        }
    }

    fn perform(&self, session: &Session) {
        let done = |outcome: Result<(), SessionError>| {
            let refused = matches!(outcome, Err(SessionError::Renewed));
            assert_eq!(refused, session.is_renewed(), "{outcome:?}");
        };
        match self.act {
            Act::Read | Act::Expire => {}
            Act::Put | Act::PutThenFail => done(session.insert(&self.name, 1)),
            Act::Increment => {
                let counted = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1);
                done(counted.map(drop));
            }
            Act::Cycle => done(session.cycle()),
            Act::CycleAndPut => {
                done(session.cycle());
                done(session.insert(&self.name, 1));
            }
            Act::SignIn(owner) => session.sign_in(owner).unwrap(),
            Act::Clear => done(session.clear()),
            Act::Destroy => session.destroy().unwrap(),
            Act::Relogin => {
                session.destroy().unwrap();
                session.sign_in("carol").unwrap();
            }
        }
    }

    /// Makes one store call and everything up to the next.
    fn step(&mut self, world: &World) {
        if self.act == Act::Expire {
            world.advance(Duration::days(15));
            self.stage = Stage::Ended(None);
            return;
        }
        let now = world.now();
        let status = if self.act == Act::PutThenFail {
            500
        } else {
            200
        };
        let stage = std::mem::replace(&mut self.stage, Stage::Ended(None));
        let next = match stage {
            Stage::Asking(Exchange::Unread(question)) => {
                let found = world.load(question.key());
                match question.answer(found, now) {
                    Exchange::Open(session) => {
                        self.renewed = session.is_renewed();
                        self.late = !session.exists() || self.renewed;
                        self.perform(&session);
                        session.finish(status, now).unwrap()
                    }
                    again @ Exchange::Unread(_) => {
                        self.stage = Stage::Asking(again);
                        return;
                    }
                }
            }
            Stage::Asking(Exchange::Open(_)) | Stage::Ended(_) => panic!("nothing to do"),
            Stage::Committing(Step::Load(load)) => {
                let found = world.load(load.key());
                load.answer(found, now).unwrap()
            }
            Stage::Committing(Step::Write(write)) => {
                let outcome = world.write(write.command());
                write.answer(outcome, now).unwrap()
            }
            Stage::Committing(Step::Done(_)) => panic!("ended already"),
        };
        self.stage = match next {
            Step::Done(reply) => {
                // No cookie for a dead session: what is set now is alive now.
                if let Some(id) = id_of(&reply) {
                    assert!(world.record(&id).is_some(), "a cookie for a dead session");
                }
                Stage::Ended(Some(reply))
            }
            step => Stage::Committing(step),
        };
    }

    fn is_running(&self) -> bool {
        !matches!(self.stage, Stage::Ended(_))
    }

    fn reply(&self) -> Option<&Reply> {
        match &self.stage {
            Stage::Ended(reply) => reply.as_ref(),
            _ => None,
        }
    }

    fn is_gone(&self) -> bool {
        self.reply().is_some_and(Reply::is_gone)
    }
}

/// Runs the acts through every order and returns how many there were.
fn explore(acts: &[Act], owner: Option<&str>, grace: Duration) -> usize {
    let mut schedule: Vec<(usize, usize)> = Vec::new();
    let mut orders = 0;
    loop {
        orders += 1;
        run(acts, owner, grace, &mut schedule);
        // The next order: advance the last choice that has another.
        while let Some((chosen, of)) = schedule.pop() {
            if chosen + 1 < of {
                schedule.push((chosen + 1, of));
                break;
            }
        }
        if schedule.is_empty() {
            return orders;
        }
    }
}

fn run(acts: &[Act], owner: Option<&str>, grace: Duration, schedule: &mut Vec<(usize, usize)>) {
    let world = World::new(|policy| policy.renewal_grace(grace).renewal_grace_reads());
    let begun = world.request("", 200, |session| {
        session.insert("base", 1).unwrap();
        if let Some(owner) = owner {
            session.sign_in(owner).unwrap();
        }
    });
    let cookie = begun.id().unwrap();
    let mut actors: Vec<Actor> = acts
        .iter()
        .enumerate()
        .map(|(number, act)| Actor::new(&world, *act, number, &cookie))
        .collect();
    let mut destroyed = false;
    let mut position = 0;
    loop {
        let mut running: Vec<&mut Actor> = actors
            .iter_mut()
            .filter(|actor| actor.is_running())
            .collect();
        if running.is_empty() {
            break;
        }
        if position == schedule.len() {
            schedule.push((0, running.len()));
        }
        let was_live = world.record(&cookie).is_some();
        let actor = &mut *running[schedule[position].0];
        let deletes = matches!(&actor.stage, Stage::Committing(Step::Write(write))
            if matches!(write.command(), session_core::Command::Delete { .. }));
        actor.step(&world);
        destroyed |= deletes && was_live;
        position += 1;
        // Two live ids of one session at no moment: its own value marks it.
        let marked = marked(&world, &actors);
        assert!(marked <= 1, "two live ids: {acts:?} {schedule:?}");
        assert!(
            !destroyed || marked == 0,
            "resurrected: {acts:?} {schedule:?}"
        );
    }
    judge(
        &world,
        &cookie,
        &actors,
        destroyed,
        &format!("{acts:?} {owner:?} {schedule:?}"),
    );
}

/// Counts the live sessions that hold the first one's value, but for those that somebody who came
/// too late has begun by signing in: they took a copy along.
fn marked(world: &World, actors: &[Actor]) -> usize {
    let model = world.model.lock().unwrap();
    let begun = begun(actors);
    let own = |digest: &[u8; 32]| begun.iter().any(|id| key_of(id).digest() == digest);
    let records = model.0.iter();
    records
        .filter(|(digest, record)| record.expires > world.now() && !own(digest))
        .filter(|(_, record)| record.data.contains("\"base\""))
        .count()
}

/// The ids of the sessions that those have begun who came too late.
fn begun(actors: &[Actor]) -> Vec<String> {
    let late = actors.iter().filter(|actor| actor.late);
    late.filter_map(|actor| id_of(actor.reply()?)).collect()
}

fn key_of(id: &str) -> Key {
    Key::of(session_core::Id::parse(id.as_bytes()).unwrap())
}

/// What is left must be what some order of whole requests would have left.
fn judge(world: &World, cookie: &str, actors: &[Actor], destroyed: bool, case: &str) {
    let any = |test: fn(&Act) -> bool| actors.iter().any(|actor| test(&actor.act));
    let ends = any(|act| matches!(act, Act::Destroy | Act::Relogin | Act::Expire));
    let renews = any(|act| matches!(act, Act::Cycle | Act::CycleAndPut | Act::SignIn(_)));
    let signs_in = any(|act| matches!(act, Act::SignIn(_)));
    let clears = any(|act| matches!(act, Act::Clear | Act::SignIn(_)));

    // A visitor who came too late begins a session of their own, if they write.
    for actor in actors.iter().filter(|actor| actor.late) {
        assert!(ends || renews, "the session could not be found: {case}");
        let began = actor.reply().and_then(id_of);
        let writes = match actor.act {
            Act::Read | Act::Cycle | Act::Clear | Act::Destroy | Act::PutThenFail => false,
            Act::SignIn(_) | Act::Relogin => true,
            _ => !actor.renewed,
        };
        let expires = any(|act| *act == Act::Expire);
        assert!(writes || began.is_none(), "late {:?}: {case}", actor.act);
        assert!(
            began.is_some() || !writes || expires,
            "late {:?}: {case}",
            actor.act
        );
    }
    let begun = begun(actors);
    let model = world.model.lock().unwrap();
    let own = |id: &String| model.0.contains_key(key_of(id).digest());
    assert!(
        begun.iter().all(own),
        "a session that was just begun is gone: {case}"
    );
    let live: Vec<_> = model
        .live(world.now())
        .into_iter()
        .filter(|record| {
            !begun
                .iter()
                .any(|id| model.0.get(key_of(id).digest()) == Some(*record))
        })
        .collect();

    if !ends {
        assert_eq!(live.len(), 1, "the session was lost, or doubled: {case}");
    }
    if destroyed && !any(|act| *act == Act::Relogin) {
        assert!(live.is_empty(), "something outlived the logout: {case}");
    }
    for actor in actors.iter().filter(|actor| !actor.late) {
        let reply = actor.reply();
        if actor.is_gone() {
            // A new id alone is no reason while the old one is remembered: what was under way goes
            // on under the new one.
            let is_remembered = !world.policy.renewal_grace().is_zero();
            assert!(
                ends || signs_in || (renews && !is_remembered),
                "gone without a reason: {case}"
            );
            assert!(
                reply.unwrap().set_cookie().is_none(),
                "a cookie for the gone: {case}"
            );
            continue;
        }
        if matches!(actor.act, Act::Put | Act::CycleAndPut) && !ends && !clears {
            let kept = live[0].data.contains(&format!("\"{}\"", actor.name));
            assert!(kept, "lost {}: {case}", actor.name);
        }
        if actor.act == Act::PutThenFail {
            let kept = live.iter().any(|record| record.data.contains(&actor.name));
            assert!(!kept, "an error was committed: {case}");
        }
    }
    if !ends && !clears {
        let counts =
            |actor: &&Actor| actor.act == Act::Increment && !actor.late && !actor.is_gone();
        let expected = actors.iter().filter(counts).count();
        let kept = live[0].data.contains(&format!("\"n\":{expected}"));
        assert!(kept || expected == 0, "lost increment: {case}");
    }
    // The one live id is known: it is the first cookie, or one that a response has set.
    if !ends {
        let known = actors.iter().filter_map(|actor| id_of(actor.reply()?));
        let found = known
            .chain([cookie.to_owned()])
            .any(|id| model.0.get(key_of(&id).digest()) == Some(live[0]));
        assert!(found, "an id that nobody knows: {case}");
    }
}

const GRACE: Duration = Duration::seconds(10);

#[test]
fn two_requests_in_every_order() {
    let mut orders = 0;
    for owner in [None, Some("ada")] {
        for first in ACTS {
            for second in ACTS {
                for grace in [Duration::ZERO, GRACE] {
                    orders += explore(&[first, second], owner, grace);
                }
            }
        }
    }
    assert!(orders > 1_000, "{orders} orders");
}

#[test]
fn three_requests_in_every_order() {
    let mut orders = 0;
    for (i, first) in ACTS.into_iter().enumerate() {
        for (j, second) in ACTS.into_iter().enumerate().skip(i) {
            for third in ACTS.into_iter().skip(j) {
                orders += explore(&[first, second, third], None, GRACE);
            }
        }
    }
    assert!(orders > 50_000, "{orders} orders");
}
