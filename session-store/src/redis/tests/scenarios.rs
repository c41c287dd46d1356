use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::LazyLock;

use session_core::{Command, Device, Found, Key, Outcome, Record, Revision, Revoke, StoreError};
use session_testkit::{key_of, moment_at, record_of};
use time::OffsetDateTime;

use super::super::ask::{Ask, Slots};
use super::super::{protocol, visits};
use super::explorer::{Limits, Seat, explore};
use super::world::World;

/// Commands that are given at once to a session which is under the key 1 in the state 1.
#[derive(Debug)]
pub(super) struct Scenario {
    owner: Option<&'static str>,
    tasks: Vec<Task>,
    remembered: OffsetDateTime,
}

#[derive(Debug, Clone, Copy)]
enum Task {
    Load(u64),
    Delete(u64),
    /// From this key in this state to that key in that state, and whose it is there.
    Move((u64, u32), (u64, u32), Option<&'static str>),
    Replace(u64, u32, u32),
    Touch(u64, u32),
    Revoke(&'static str),
    Devices(&'static str),
}

#[derive(Debug, Clone)]
pub(super) enum Done {
    Found(Option<Found>),
    Outcome(Outcome),
    Count(usize),
    Devices(Vec<Device>),
}

fn record(state: u32, owner: Option<&str>) -> Record {
    Record {
        owner: owner.map(Into::into),
        // The handle stays when a session moves.
        public_id: record_of(1).public_id,
        ..record_of(state)
    }
}

impl Scenario {
    pub(super) fn world(&self) -> World {
        let mut world = World::new(moment_at(0));
        let record = record(1, self.owner);
        let listed = Some(moment_at(150));
        let key = id(1);
        if let Some(owner) = self.owner {
            let until = moment_at(150);
            world.execute(Ask::List { owner, key, until });
        }
        let record = &record;
        world.execute(Ask::Insert {
            key,
            record,
            listed,
        });
        world
    }

    pub(super) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Says whether nothing is left after its end that would end by itself only.
    ///
    /// Who renews a session that moves meanwhile leaves it listed where it was: it may still be there.
    pub(super) fn is_tidy(&self) -> bool {
        let mut tasks = self.tasks.iter();
        !tasks.any(|task| matches!(task, Task::Touch(..) | Task::Replace(..)))
    }

    pub(super) fn start(
        &self,
        task: usize,
        seat: Seat,
    ) -> Pin<Box<dyn Future<Output = Result<Done, StoreError>> + '_>> {
        let (task, remembered) = (self.tasks[task], self.remembered);
        Box::pin(async move { perform(&seat, task, remembered).await })
    }

    /// Says what matters to a task of what is so now.
    pub(super) fn fact(&self, task: usize, world: &World) -> Fact {
        let found = match self.tasks[task] {
            Task::Load(key) | Task::Delete(key) => world.found(&id(key)),
            Task::Move((key, expected), ..)
            | Task::Replace(key, expected, _)
            | Task::Touch(key, expected) => {
                let record = world.record(&id(key));
                let state = record.map(|record| record.revision.to_i64());
                return Fact::IsExpected(state == Some(expected.into()), world.ended);
            }
            Task::Revoke(owner) | Task::Devices(owner) => {
                return Fact::IsOwned(owned(owner, world) == 1, world.ended);
            }
        };
        Fact::Leads(found.as_ref().map(leads), world.ended)
    }

    /// There is one live session until it is ended, and its owner's index has it.
    pub(super) fn check_world(world: &World, place: &dyn Fn() -> String) {
        let live = world.live();
        assert_eq!(live.len() + world.ended, 1, "ids that live: {}", place());
        for key in live {
            let record = world.record(&key).expect("it lives");
            if let Some(owner) = record.owner.as_deref() {
                assert!(world.is_listed(owner, &key), "unlisted: {}", place());
            }
        }
    }

    /// What a command has answered was so at one moment while it ran.
    ///
    /// A strict store refuses what is not live in the expected state. Ours also refuses a move to
    /// where another move was prepared; none of the scenarios has that.
    pub(super) fn check_task(
        &self,
        task: usize,
        done: &Done,
        facts: &BTreeSet<Fact>,
        world: &World,
        place: &dyn Fn() -> String,
    ) {
        let was = |wanted: &dyn Fn(&Fact) -> bool| facts.iter().any(wanted);
        let may_be_refused = || was(&|fact| matches!(fact, Fact::IsExpected(false, _)));
        let was_ended = was(&|fact| fact.ended() == 0) && was(&|fact| fact.ended() == 1);
        let is_right = match (self.tasks[task], done) {
            (Task::Load(_), Done::Found(found)) => {
                let answer = found.as_ref().map(leads);
                was(&|fact| matches!(fact, Fact::Leads(leads, _) if *leads == answer))
            }
            (Task::Delete(_), Done::Outcome(outcome)) => {
                let was_nothing = was(&|fact| matches!(fact, Fact::Leads(None, _)));
                *outcome == Outcome::Applied && (was_ended || was_nothing)
            }
            (Task::Move(_, (_, state), _), Done::Outcome(outcome)) => {
                let is_committed = world.commits.contains(&i64::from(state));
                is_committed == (*outcome == Outcome::Applied) && (is_committed || may_be_refused())
            }
            (Task::Replace(..) | Task::Touch(..), Done::Outcome(outcome)) => {
                *outcome == Outcome::Applied || may_be_refused()
            }
            (Task::Revoke(_), Done::Count(0)) => {
                was(&|fact| matches!(fact, Fact::IsOwned(false, _)))
            }
            (Task::Revoke(_), Done::Count(1)) => was_ended,
            (Task::Devices(_), Done::Devices(devices)) => {
                let is_owned = devices.len() == 1;
                devices.len() <= 1
                    && was(&|fact| matches!(fact, Fact::IsOwned(so, _) if *so == is_owned))
            }
            _ => false,
        };
        assert!(is_right, "{done:?} of task {task}, {facts:#?}: {}", place());
    }

    /// Whoever comes later finds what is so, whatever was left half done.
    pub(super) fn check_end(world: &World, place: &dyn Fn() -> String) {
        for number in 1..=4 {
            let key = id(number);
            let slots = Alone(std::sync::Mutex::new(world.clone()));
            let found = pollster::block_on(protocol::load(&slots, key));
            assert_eq!(
                found.expect("nothing fails"),
                world.found(&key),
                "{number}: {}",
                place()
            );
        }
        for owner in ["ada", "bob"] {
            let slots = Alone(std::sync::Mutex::new(world.clone()));
            let owned = owned(owner, world);
            let devices = pollster::block_on(visits::devices(&slots, owner));
            assert_eq!(devices.expect("nothing fails").len(), owned, "{}", place());
            let ended = pollster::block_on(visits::revoke(&slots, owner, Revoke::All));
            assert_eq!(ended.expect("nothing fails"), owned, "{}", place());
        }
    }
}

/// What was so at one moment, and how many sessions had been ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Fact {
    /// Where a store that does each command at once would find the session: its revision, and
    /// whether that is elsewhere.
    Leads(Option<(i64, bool)>, usize),
    IsExpected(bool, usize),
    IsOwned(bool, usize),
}

impl Fact {
    fn ended(&self) -> usize {
        match self {
            Self::Leads(_, ended) | Self::IsExpected(_, ended) | Self::IsOwned(_, ended) => *ended,
        }
    }
}

fn leads(found: &Found) -> (i64, bool) {
    let is_moved = matches!(found, Found::Moved { .. });
    (found.record().revision.to_i64(), is_moved)
}

fn owned(owner: &str, world: &World) -> usize {
    let live = world.live();
    let records = live.iter().filter_map(|key| world.record(key));
    records
        .filter(|record| record.owner.as_deref() == Some(owner))
        .count()
}

/// Nobody else is there, and nothing fails.
struct Alone(std::sync::Mutex<World>);

impl Slots for Alone {
    async fn ask(&self, ask: Ask<'_>) -> Result<super::super::ask::Answer, StoreError> {
        Ok(self.0.lock().expect("no test has failed").execute(ask))
    }

    fn now(&self) -> OffsetDateTime {
        moment_at(0)
    }
}

/// Hashing takes longer than everything else here.
fn id(number: u64) -> Key {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| (0..=4).map(key_of).collect());
    KEYS[usize::try_from(number).expect("it is small")]
}

async fn perform(
    slots: &impl Slots,
    task: Task,
    remembered: OffsetDateTime,
) -> Result<Done, StoreError> {
    if let Task::Move((2, _), ..) = task {
        // Nobody knows the state of a session that was never found.
        let found = protocol::load(slots, id(2)).await?;
        if !matches!(found, Some(Found::Here(_))) {
            return Ok(Done::Outcome(Outcome::Refused));
        }
    }
    let command = match task {
        Task::Load(key) => return protocol::load(slots, id(key)).await.map(Done::Found),
        Task::Revoke(owner) => {
            let revoked = visits::revoke(slots, owner, Revoke::All).await;
            return revoked.map(Done::Count);
        }
        Task::Devices(owner) => return visits::devices(slots, owner).await.map(Done::Devices),
        Task::Delete(key) => Command::Delete { key: &id(key) },
        Task::Move((key, expected), (with, state), owner) => Command::Replace {
            key: &id(key),
            expected: Revision::from_i64(expected.into()),
            with: &id(with),
            record: &record(state, owner),
            remembered,
        },
        Task::Replace(key, expected, state) => Command::Replace {
            key: &id(key),
            expected: Revision::from_i64(expected.into()),
            with: &id(key),
            record: &record(state, Some("ada")),
            remembered,
        },
        Task::Touch(key, expected) => Command::Touch {
            key: &id(key),
            expected: Revision::from_i64(expected.into()),
            seen: moment_at(10),
            // Further ahead than the index lists it.
            expires: moment_at(200),
        },
    };
    protocol::write(slots, command).await.map(Done::Outcome)
}

const FEW: Limits = Limits {
    faults: 0,
    switches: 3,
};

const ADA: Option<&str> = Some("ada");
const BOB: Option<&str> = Some("bob");

/// A sign-in of Ada's, or a new id for her session.
const CYCLE: Task = Task::Move((1, 1), (2, 2), ADA);
const OTHER: Task = Task::Move((1, 1), (3, 3), ADA);
/// The next move of a session that has moved, once it has.
const ON: Task = Task::Move((2, 2), (4, 4), ADA);

/// Explores the tasks for a session of this owner; with keys that are remembered, and with ones that are not.
fn explore_all(owner: Option<&'static str>, tasks: &[Task], faults: usize) {
    let switches = usize::MAX;
    explore_some(owner, tasks, Limits { faults, switches });
}

fn explore_some(owner: Option<&'static str>, tasks: &[Task], limits: Limits) {
    for remembered in [moment_at(60), moment_at(0)] {
        let scenario = Scenario {
            owner,
            tasks: tasks.to_vec(),
            remembered,
        };
        let states = explore(&scenario, limits);
        println!("{states} states, {limits:?}: {scenario:?}");
    }
}

#[test]
fn of_two_movers_one_moves() {
    let bare = |key, state| Task::Move((1, 1), (key, state), None);
    explore_all(None, &[bare(2, 2), bare(3, 3)], 2);
    explore_all(ADA, &[CYCLE, OTHER], 2);
    explore_all(BOB, &[CYCLE, OTHER], 1);
    explore_all(ADA, &[CYCLE, ON], 2);
}

#[test]
fn what_moves_is_found() {
    explore_all(ADA, &[CYCLE, Task::Load(1)], 2);
    explore_all(ADA, &[CYCLE, Task::Load(2)], 2);
    explore_all(ADA, &[CYCLE, Task::Load(1), Task::Load(2)], 1);
    explore_all(ADA, &[CYCLE, ON, Task::Load(1)], 0);
    explore_all(ADA, &[CYCLE, ON, Task::Load(2)], 0);
}

#[test]
fn what_is_deleted_is_dead() {
    explore_all(ADA, &[CYCLE, Task::Delete(1)], 2);
    explore_all(ADA, &[CYCLE, Task::Delete(2)], 2);
    explore_all(ADA, &[CYCLE, Task::Delete(1), Task::Load(2)], 1);
    explore_all(ADA, &[CYCLE, Task::Delete(2), Task::Load(1)], 1);
    explore_all(ADA, &[CYCLE, OTHER, Task::Delete(1)], 0);
    explore_all(ADA, &[CYCLE, ON, Task::Delete(1)], 0);
    explore_all(ADA, &[CYCLE, ON, Task::Delete(2)], 0);
}

#[test]
fn nothing_escapes_revocation() {
    explore_all(ADA, &[CYCLE, Task::Revoke("ada")], 1);
    explore_some(ADA, &[CYCLE, OTHER, Task::Revoke("ada")], FEW);
    explore_some(ADA, &[CYCLE, ON, Task::Revoke("ada")], FEW);
    explore_all(BOB, &[CYCLE, Task::Revoke("ada")], 1);
    explore_all(BOB, &[CYCLE, Task::Revoke("bob")], 1);
    explore_all(None, &[CYCLE, Task::Revoke("ada")], 1);
}

#[test]
fn what_moves_is_listed_once() {
    explore_all(ADA, &[CYCLE, Task::Devices("ada")], 1);
    explore_some(ADA, &[CYCLE, ON, Task::Devices("ada")], FEW);
    explore_all(BOB, &[CYCLE, Task::Devices("bob")], 1);
}

#[test]
fn writes_meet_moves() {
    explore_all(ADA, &[CYCLE, Task::Replace(1, 1, 5)], 1);
    explore_all(ADA, &[CYCLE, Task::Touch(1, 1)], 1);
    explore_all(ADA, &[CYCLE, Task::Replace(2, 2, 5)], 1);
    explore_all(ADA, &[CYCLE, Task::Touch(2, 2)], 1);
    explore_all(BOB, &[CYCLE, Task::Replace(1, 1, 5)], 1);
    explore_all(
        ADA,
        &[
            Task::Touch(1, 1),
            Task::Replace(1, 1, 5),
            Task::Revoke("ada"),
        ],
        0,
    );
}
