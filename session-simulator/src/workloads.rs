use crate::act::{Act, SLOTS, Task};
use crate::moves::{Begin, Shows};
use crate::nodes::SITES;
use crate::rng::Rng;
use crate::setting::Setting;

/// What visitors ask for in one plan: each plan has a few kinds of acts, and does them often.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    acts: Vec<(u64, Act)>,
    browsers: u8,
    nodes: u8,
    /// Once in so many requests there is something strange about the cookie.
    strange: u64,
    /// Once in so many requests it is the application that acts.
    calls: u64,
}

/// The number of owners.
pub(crate) const OWNERS: u8 = 2;

impl Workload {
    pub(crate) fn draw(rng: &mut Rng, setting: &Setting) -> Self {
        let acts = KINDS.iter().map(|(weight, act)| {
            let is_in = *weight >= 4 || rng.once_in(2);
            (if is_in { *weight } else { 0 }, *act)
        });
        let acts = acts.collect();
        Self {
            acts,
            browsers: 1 + rng.small(3),
            nodes: setting.nodes,
            strange: 4 + rng.below(12),
            calls: 6 + rng.below(20),
        }
    }

    /// Draws a request.
    pub(crate) fn request(&self, rng: &mut Rng, id: u16) -> Begin {
        let browser = rng.small(self.browsers);
        let site = if rng.once_in(6) { rng.small(SITES) } else { 0 };
        let shows = if rng.once_in(self.strange) {
            let other = rng.small(self.browsers);
            let strange = [
                (2, Shows::Nothing),
                (3, Shows::Old(1)),
                (1, Shows::Old(2)),
                (1, Shows::Planted),
                (1, Shows::JarBehindPlanted),
                (1, Shows::KeyOf(other)),
                (1, Shows::Renamed),
                (2, Shows::Stolen(other)),
            ];
            rng.weighted(&strange).unwrap_or(Shows::Jar)
        } else {
            Shows::Jar
        };
        Begin {
            id,
            browser,
            node: rng.small(self.nodes),
            site,
            shows,
            task: self.task(rng),
        }
    }

    fn task(&self, rng: &mut Rng) -> Task {
        if rng.once_in(self.calls) {
            let owner = rng.small(OWNERS);
            return match rng.below(8) {
                0..3 => Task::Revoke(owner),
                3..6 => Task::List(owner),
                6 => Task::RevokeEverybody,
                _ => Task::Sweep,
            };
        }
        if rng.once_in(20) {
            return Task::Logout;
        }
        let count = rng.below(5);
        let acts = (0..count).filter_map(|_| self.act(rng));
        Task::Page(acts.collect())
    }

    fn act(&self, rng: &mut Rng) -> Option<Act> {
        let act = rng.weighted(&self.acts)?;
        Some(match act {
            Act::Put(_) => Act::Put(rng.small(SLOTS)),
            Act::Remove(_) => Act::Remove(rng.small(SLOTS)),
            Act::SignIn(_) => Act::SignIn(if rng.once_in(4) { rng.small(OWNERS) } else { 0 }),
            other => other,
        })
    }
}

/// Every kind of act, and how often it is done; the frequent ones are in every plan.
const KINDS: &[(u64, Act)] = &[
    (8, Act::Put(0)),
    (6, Act::Add),
    (4, Act::Save),
    (4, Act::SignIn(0)),
    (2, Act::TrySave),
    (2, Act::Remove(0)),
    (1, Act::Clear),
    (1, Act::Big),
    (3, Act::Cycle),
    (3, Act::Reauthenticate),
    (2, Act::Destroy),
    (1, Act::RevokeAll),
    (1, Act::RevokeOthers),
    (2, Act::Keep),
    (1, Act::Fail),
];
