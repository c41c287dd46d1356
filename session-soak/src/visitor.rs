mod burst;
mod devices;
mod entries;

use std::time::{Duration, Instant};

use session_simulator::Rng;
use session_testkit::http::Request;

use crate::guest::{Browser, Guest};
use crate::invariant::{Breach, Invariant};
use crate::ledger::{GRACE, Standing};
use crate::scene::Scene;

/// Somebody with a name and some browsers, who does everything that visitors do.
#[derive(Debug)]
pub(crate) struct Visitor<'s> {
    pub(crate) guest: Guest<'s>,
}

/// What a browser without a session does.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Write,
    SignIn,
}

/// What a browser with a session does.
#[derive(Debug, Clone, Copy)]
enum Act {
    Burst,
    SignIn,
    Logout,
    List,
    RevokeOne,
    RevokeOthers,
    Password,
    Recall,
}

impl<'s> Visitor<'s> {
    pub(crate) fn new(scene: &'s Scene, number: u64) -> Self {
        let mut guest = Guest::new(scene, &format!("visitor{number}"), number);
        guest.browsers = vec![Browser::default(); usize::from(BROWSERS)];
        Self { guest }
    }

    /// Goes on until the run is over, or a rule is broken.
    pub(crate) fn stay(mut self) -> Self {
        while self.guest.scene.pause(pace(&mut self.guest.rng)) {
            if let Err(breach) = self.act() {
                let history = self.guest.history();
                let name = self.guest.ledger.marker().to_owned();
                self.guest.scene.violated(breach, &name, history);
                break;
            }
        }
        self
    }

    fn act(&mut self) -> Result<(), Breach> {
        self.guest.ledger.forget();
        let browser = usize::from(self.guest.rng.small(BROWSERS));
        let Some(session) = self.guest.browsers[browser].session else {
            return match self.guest.rng.weighted(&ENTRIES) {
                Some(Entry::SignIn) => self.sign_in(browser),
                _ => self.begin(browser),
            };
        };
        let known = &self.guest.ledger.sessions[session];
        match known.standing {
            // Only a logout that is acknowledged says where it stands.
            Standing::Doubtful => return self.logout(browser),
            // Ended from elsewhere: what it writes begins another session.
            Standing::Ended | Standing::Left(_) => return self.write_late(browser),
            Standing::Alive => {}
        }
        if known.slots.len() > MOST_VALUES {
            return self.logout(browser);
        }
        let is_owned = known.is_owned;
        match self.guest.rng.weighted(&ACTS).unwrap_or(Act::Burst) {
            Act::SignIn => self.sign_in(browser),
            Act::Logout => self.logout(browser),
            Act::List if is_owned => self.list(browser).map(drop),
            Act::RevokeOne if is_owned => self.revoke_one(browser),
            Act::RevokeOthers if is_owned => self.revoke_others(browser, false).map(drop),
            Act::Password if is_owned => self.revoke_others(browser, true).map(drop),
            Act::Recall => self.recall(),
            _ => self.burst(browser),
        }
    }

    /// Presents an old cookie of an own session that is over.
    fn recall(&mut self) -> Result<(), Breach> {
        let now = Instant::now();
        let sessions = self.guest.ledger.sessions.iter().enumerate();
        let is_over = |standing| match standing {
            Standing::Ended => true,
            Standing::Left(since) => now > since + GRACE,
            Standing::Alive | Standing::Doubtful => false,
        };
        let over = sessions.filter(|(_, known)| is_over(known.standing));
        let over: Vec<usize> = over.map(|(number, _)| number).collect();
        let Some(session) = self.guest.rng.pick(&over).copied() else {
            return Ok(());
        };
        self.is_over(session)
    }

    /// Checks that a session is over, by one of its cookies.
    fn is_over(&mut self, session: usize) -> Result<(), Breach> {
        let cookies = &self.guest.ledger.sessions[session].cookies;
        let Some(cookie) = self.guest.rng.pick(cookies).cloned() else {
            return Ok(());
        };
        let asked = self.guest.ask(show(), Some(&cookie));
        let sets = asked.outcome.cookies().is_ok_and(|set| !set.is_empty());
        self.guest
            .ledger
            .checks
            .check(Invariant::NoDeadCookie, !sets, || {
                format!("{} sets a cookie, and is over", asked.line)
            })?;
        if let Some(look) = self.guest.look(&asked)? {
            self.guest.ledger.judge(session, &look, asked.begun)?;
        }
        Ok(())
    }
}

pub(crate) fn show() -> Request {
    Request::new("GET", "/api/session")
}

/// People pause between requests too.
pub(crate) fn pace(rng: &mut Rng) -> Duration {
    Duration::from_millis(60 + rng.below(80))
}

const BROWSERS: u8 = 3;

/// A session that has more is left.
const MOST_VALUES: usize = 40;

const ENTRIES: [(u64, Entry); 2] = [(1, Entry::Write), (2, Entry::SignIn)];

const ACTS: [(u64, Act); 8] = [
    (60, Act::Burst),
    (7, Act::SignIn),
    (6, Act::Logout),
    (6, Act::List),
    (4, Act::RevokeOne),
    (3, Act::RevokeOthers),
    (3, Act::Password),
    (8, Act::Recall),
];
