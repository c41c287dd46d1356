use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use session_servers::Cut;
use session_simulator::Rng;
use session_testkit::http::Request;

use crate::guest::{Browser, Expect, Guest};
use crate::invariant::{Breach, Checks, Invariant};
use crate::ledger::Told;
use crate::place::PRIMARIES;
use crate::scene::Scene;
use crate::site::Site;
use crate::visitor::show;

/// Something that breaks and is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    StoreKilled,
    StoreFrozen,
    ConnectionsCut,
    AnswersLost,
    ServerKilled,
    ServerFrozen,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] = [
        Self::StoreKilled,
        Self::StoreFrozen,
        Self::ConnectionsCut,
        Self::AnswersLost,
        Self::ServerKilled,
        Self::ServerFrozen,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StoreKilled => "store killed",
            Self::StoreFrozen => "store frozen",
            Self::ConnectionsCut => "connections cut",
            Self::AnswersLost => "answers lost",
            Self::ServerKilled => "server killed",
            Self::ServerFrozen => "server frozen",
        }
    }
}

/// Breaks one thing after the other, and waits each time until everybody is served again.
#[derive(Debug)]
pub(crate) struct Troubles<'s> {
    scene: &'s Scene,
    rng: Rng,
    checks: Checks,
    /// How often each was done.
    done: BTreeMap<Fault, u64>,
    /// The longest time from the mending until every server served.
    pub(crate) slowest: Duration,
}

impl<'s> Troubles<'s> {
    pub(crate) fn new(scene: &'s Scene) -> Self {
        Self {
            scene,
            rng: scene.rng(9_000),
            checks: Checks::default(),
            done: BTreeMap::new(),
            slowest: Duration::ZERO,
        }
    }

    /// Returns how often each fault was injected.
    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        let count = |fault: Fault| self.done.get(&fault).copied().unwrap_or_default();
        let counts = Fault::ALL.map(|fault| (fault.name(), count(fault)));
        counts.to_vec()
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Goes on for so long, or until a rule is broken.
    ///
    /// # Errors
    ///
    /// Something can't be broken, or can't be mended.
    pub(crate) fn make(&mut self, site: &mut Site, length: Duration) -> io::Result<()> {
        let end = Instant::now() + length;
        let mut last = None;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            let pause = Duration::from_millis(500 + self.rng.below(1_500)).min(rest);
            if !self.scene.pause(pause) || rest < SHORTEST {
                return Ok(());
            }
            let fault = self.choose(site, last);
            last = Some(fault);
            // Mostly short, sometimes beyond the stores' time-outs.
            let longest = if self.rng.once_in(4) { 8_000 } else { 2_500 };
            let hold = Duration::from_millis(100 + self.rng.below(longest)).min(rest / 3);
            self.scene.turn();
            let mended = self.cause(fault, site, hold);
            if let Err(error) = mended {
                let what = format!("{} can't be mended: {error}", fault.name());
                return Err(io::Error::other(what));
            }
            *self.done.entry(fault).or_default() += 1;
            let since = Instant::now();
            if let Err(breach) = self.resume(fault, LIMIT) {
                self.scene.violated(breach, "the trouble-maker", Vec::new());
                return Ok(());
            }
            self.slowest = self.slowest.max(since.elapsed());
            self.scene.turn();
        }
    }

    /// Draws one that the site can have, and another one than the last.
    fn choose(&mut self, site: &Site, last: Option<Fault>) -> Fault {
        let possible = Fault::ALL.into_iter().filter(|fault| match fault {
            Fault::StoreKilled | Fault::StoreFrozen | Fault::ConnectionsCut => {
                site.place.has_server()
            }
            Fault::AnswersLost => site.proxy.is_some(),
            Fault::ServerKilled | Fault::ServerFrozen => true,
        });
        let possible: Vec<Fault> = possible.filter(|fault| Some(*fault) != last).collect();
        let drawn = self.rng.pick(&possible).copied();
        drawn.unwrap_or(Fault::ServerKilled)
    }

    fn cause(&mut self, fault: Fault, site: &mut Site, hold: Duration) -> io::Result<()> {
        let primary = usize::try_from(self.rng.below(PRIMARIES)).unwrap_or_default();
        let node = usize::try_from(self.rng.below(site.nodes.len() as u64)).unwrap_or_default();
        match fault {
            Fault::StoreKilled => {
                site.place.kill(primary);
                self.scene.pause(hold);
                site.place.restart(primary)
            }
            Fault::StoreFrozen => {
                site.place.freeze(primary)?;
                self.scene.pause(hold);
                site.place.thaw(primary)
            }
            Fault::ConnectionsCut => {
                for _ in 0..3 {
                    site.place.cut(primary)?;
                    self.scene.pause(hold / 3);
                }
                Ok(())
            }
            Fault::AnswersLost => {
                if let Some(proxy) = &site.proxy {
                    let cuts = [Cut::BeforeResponse, Cut::BeforeRequest];
                    let rng = &mut self.rng;
                    let plan: Vec<_> = (0..40)
                        .map(|_| rng.once_in(3).then(|| rng.pick(&cuts).copied()).flatten())
                        .collect();
                    proxy.plan(plan);
                    self.scene.pause(hold);
                    proxy.plan([]);
                }
                Ok(())
            }
            Fault::ServerKilled => {
                site.nodes[node].process.kill();
                self.scene.pause(hold);
                site.nodes[node].process.restart()
            }
            Fault::ServerFrozen => {
                site.nodes[node].process.freeze()?;
                self.scene.pause(hold);
                site.nodes[node].process.thaw()
            }
        }
    }

    /// Waits until each server begins sessions and the next one finds them.
    fn resume(&mut self, fault: Fault, limit: Duration) -> Result<(), Breach> {
        let since = Instant::now();
        for place in 0..self.scene.doors.len() {
            // Some at each, since a cluster spreads them.
            for _ in 0..4 {
                while !self.serves(place)? {
                    let is_late = since.elapsed() > limit;
                    self.checks.check(Invariant::ServiceResumes, !is_late, || {
                        let name = &self.scene.doors[place].name;
                        format!("{name} does not serve {limit:?} after: {}", fault.name())
                    })?;
                    // Also if the run is over meanwhile, which ends no recovery.
                    if !self.scene.pause(Duration::from_millis(50))
                        && self.scene.violation().is_some()
                    {
                        return Ok(());
                    }
                }
            }
        }
        self.checks
            .check(Invariant::ServiceResumes, true, String::new)
    }

    fn serves(&mut self, place: usize) -> Result<bool, Breach> {
        let doors = [place, (place + 1) % self.scene.doors.len()];
        let [first, second] = doors.map(|door| &self.scene.doors[door]);
        let mut guest = Guest::new(self.scene, "probe", self.rng.draw());
        guest.browsers = vec![Browser::default()];
        let request = Request::new("PUT", "/api/data/probe").json("\"probe/1/\"");
        let asked = guest.ask_at(first, request, None);
        if asked.outcome.told() != Told::Acknowledged {
            return Ok(false);
        }
        let Some(cookie) = guest.obey(0, &asked, Expect::New)? else {
            return Ok(false);
        };
        let asked = guest.ask_at(second, show(), Some(&cookie));
        let look = guest.look(&asked)?;
        // Begun without a doubt, so it has to be there.
        if let Some(look) = &look {
            guest
                .ledger
                .checks
                .check(Invariant::AcknowledgedIsKept, look.exists, || {
                    format!("{} does not find a session of {}", second.name, first.name)
                })?;
        }
        self.checks.add(&guest.ledger.checks);
        Ok(look.is_some())
    }
}

/// The time limit of a recovery. Beside seventy others that want two cores it has taken more than a minute; how long it
/// takes is in the report.
const LIMIT: Duration = Duration::from_secs(300);

/// Less is no trouble.
const SHORTEST: Duration = Duration::from_millis(600);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::wire::Door;

    #[test]
    fn a_server_that_does_not_come_back_is_seen() {
        // Nobody listens there any more.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let name = "gone".to_owned();
        let scene = Scene::new(vec![Door { name, address }], 1);
        let mut troubles = Troubles::new(&scene);
        let resumed = troubles.resume(Fault::ServerKilled, Duration::from_millis(120));
        let breach = resumed.expect_err("it is late");
        assert_eq!(breach.invariant, Invariant::ServiceResumes);
        assert!(breach.what.contains("gone"), "{breach}");
    }
}
