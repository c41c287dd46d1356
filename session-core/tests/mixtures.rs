//! Requests that do many things to one session at once, in random orders of their store calls.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::{AllOrNothing, CommitError, Opened, Reply, Step};
use util::{World, id_of, key_of};

const ACTORS: usize = 4;
const HISTORIES: u64 = 6_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Take,
    Token,
    Count,
    Put,
    Clear,
    Cycle,
    Destroy,
    Guard,
    Done,
    Save,
    SignIn,
}

/// What a request was told, and is counted once its commit has succeeded.
#[derive(Debug, Clone, Default)]
struct Told {
    takes: u32,
    tokens: Vec<u32>,
    counts: u32,
}

struct Actor {
    number: u32,
    acts: Vec<Act>,
    opened: Option<Opened>,
    guards: Vec<AllOrNothing>,
    /// The commit under way, and whether it is the last.
    step: Option<(Step, bool)>,
    pending: Told,
    sure: Told,
    status: u16,
    id: Option<String>,
}

impl Actor {
    fn act(&mut self, world: &World, act: Act) {
        let opened = self.opened.as_ref().unwrap();
        match act {
            Act::Take => {
                if let Ok(Some(_)) = opened.take::<u32>("coupon") {
                    self.pending.takes += 1;
                }
            }
            Act::Token => {
                let number = self.number;
                if let Ok(token) = opened.get_or_insert_with("token", || number) {
                    self.pending.tokens.push(token);
                }
            }
            Act::Count => {
                let add = |n: Option<u32>| n.unwrap_or(0) + 1;
                self.pending.counts += u32::from(opened.update("n", add).is_ok());
            }
            Act::Put => drop(opened.insert(&self.number.to_string(), 1)),
            Act::Clear => drop(opened.clear()),
            Act::Cycle => drop(opened.cycle()),
            Act::Destroy => {
                // It ends the session and takes nothing from it.
                if opened.destroy().is_ok() {
                    self.pending = Told::default();
                }
            }
            Act::SignIn => drop(opened.sign_in("ada")),
            Act::Guard => self.guards.push(opened.all_or_nothing()),
            Act::Done => {
                if let Some(guard) = self.guards.pop() {
                    guard.done();
                }
            }
            Act::Save => match opened.commit(world.now()) {
                Ok(step) => self.step = Some((step, false)),
                Err(error) => self.told(Err(error), false),
            },
        }
    }

    /// Does one thing: a step of its commit, or its next act, or its last commit.
    fn turn(&mut self, world: &World) {
        match self.step.take() {
            Some((Step::Done(reply), is_last)) => self.told(Ok(reply), is_last),
            Some((step, is_last)) => match world.step(step) {
                Ok(step) => self.step = Some((step, is_last)),
                Err(error) => self.told(Err(error), is_last),
            },
            None => match self.acts.pop() {
                Some(act) => self.act(world, act),
                None => {
                    if let Some(opened) = self.opened.take() {
                        match opened.finish(self.status, world.now()) {
                            Ok(step) => self.step = Some((step, true)),
                            Err(error) => self.told(Err(error), true),
                        }
                    }
                }
            },
        }
    }

    fn told(&mut self, outcome: Result<Reply, CommitError>, is_last: bool) {
        let Ok(reply) = outcome else {
            // It has to ask again for what it was told, and the rest is still to be written.
            self.pending.takes = 0;
            self.pending.tokens.clear();
            return;
        };
        if is_last {
            self.id = id_of(&reply).or(self.id.take());
        }
        // What a request left undone itself it has not kept.
        let is_kept = !is_last || (self.status < 500 && self.guards.is_empty());
        let was_dropped = reply.is_gone() || reply.is_superseded();
        let pending = std::mem::take(&mut self.pending);
        if is_kept && !was_dropped {
            self.sure.takes += pending.takes;
            self.sure.tokens.extend(pending.tokens);
            self.sure.counts += pending.counts;
        }
    }

    fn is_over(&self) -> bool {
        self.opened.is_none() && self.step.is_none()
    }
}

/// A random number generator with a seed (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % limit as u64).unwrap()
    }
}

/// Plays one history and returns the actors, and what is stored at its end under any key.
fn play(seed: u64, acts: &[Act]) -> (Vec<Actor>, World, String) {
    let mut chance = Chance(seed);
    let world = World::new(|policy| policy);
    let begun = world.request("", 200, |session| session.insert("coupon", 7).unwrap());
    let cookie = begun.id().unwrap();
    // Two sign-ins from one session both carry along what neither has taken.
    let signs_in = chance.below(ACTORS * 2);
    let mut actors: Vec<Actor> = (0..ACTORS)
        .map(|number| {
            let length = 1 + chance.below(6);
            let mut own: Vec<Act> = (0..length)
                .map(|_| acts[chance.below(acts.len())])
                .collect();
            if number == signs_in && acts.contains(&Act::SignIn) {
                own.insert(chance.below(own.len()), Act::SignIn);
            } else {
                own.retain(|act| *act != Act::SignIn);
            }
            Actor {
                number: u32::try_from(number).unwrap(),
                acts: own,
                opened: Some(world.open(&cookie)),
                guards: Vec::new(),
                step: None,
                pending: Told::default(),
                sure: Told::default(),
                status: if chance.below(8) == 0 { 500 } else { 200 },
                id: None,
            }
        })
        .collect();
    while actors.iter().any(|actor| !actor.is_over()) {
        let actor = &mut actors[chance.below(ACTORS)];
        actor.turn(&world);
    }
    (actors, world, cookie)
}

fn stored(world: &World, actors: &[Actor], cookie: &str, name: &str) -> Option<u32> {
    let mut keys = vec![key_of(cookie)];
    keys.extend(
        actors
            .iter()
            .filter_map(|actor| actor.id.as_deref())
            .map(key_of),
    );
    let model = world.model.lock().unwrap();
    let mut newest = keys.iter().rev().filter_map(|key| model.0.get(key));
    let record = newest.find(|record| !record.closed)?;
    let data: serde_json::Value = serde_json::from_str(&record.data).unwrap();
    data.get(name)?.as_u64()?.try_into().ok()
}

#[test]
fn whatever_requests_do_beside_it_a_value_has_one_taker_at_most() {
    use Act::{Clear, Count, Cycle, Destroy, Done, Guard, Put, Save, SignIn, Take, Token};
    let acts = [
        Take, Take, Take, Token, Count, Put, Clear, Cycle, Guard, Done, Save, Save, SignIn, Destroy,
    ];
    for seed in 0..HISTORIES {
        let (actors, ..) = play(seed, &acts);
        let takes: u32 = actors.iter().map(|actor| actor.sure.takes).sum();
        assert!(takes <= 1, "seed {seed}: {takes} have taken it");
    }
}

#[test]
fn whatever_requests_do_beside_it_a_default_is_one_and_counts_are_exact() {
    use Act::{Count, Cycle, Done, Guard, Put, Save, SignIn, Take, Token};
    let acts = [
        Take, Token, Token, Count, Count, Put, Cycle, Guard, Done, Save, Save, SignIn,
    ];
    let mut is_token_seen = false;
    for seed in 0..HISTORIES {
        let (actors, world, cookie) = play(seed, &acts);
        let token = stored(&world, &actors, &cookie, "token");
        for actor in &actors {
            for told in &actor.sure.tokens {
                assert_eq!(Some(*told), token, "seed {seed}: {}", actor.number);
                is_token_seen = true;
            }
        }
        let counted: u32 = actors.iter().map(|actor| actor.sure.counts).sum();
        let n = stored(&world, &actors, &cookie, "n").unwrap_or(0);
        assert_eq!(n, counted, "seed {seed}");
        let takes: u32 = actors.iter().map(|actor| actor.sure.takes).sum();
        let left = stored(&world, &actors, &cookie, "coupon").is_some();
        assert!(
            takes == 0 || !left,
            "seed {seed}: it was taken and is there"
        );
    }
    assert!(is_token_seen);
}
