use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::flood::Flood;
use crate::invariant::Checks;
use crate::options::{Framework, Kind};
use crate::report::Report;
use crate::scene::Scene;
use crate::site::Site;
use crate::slow::Slow;
use crate::trouble::Troubles;
use crate::visitor::Visitor;
use crate::wire::Door;

/// Who comes, and for how long.
#[derive(Debug, Clone, Copy)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is what the command line says"
)]
pub struct Crowd {
    /// Of all that is drawn.
    pub seed: u64,
    /// How many clients there are; an eighth floods, and an eighth is slow.
    pub clients: u64,
    /// How long they stay.
    pub length: Duration,
}

/// Soaks a store with servers of these frameworks, whose programs are in a folder.
///
/// # Errors
///
/// A store or a server can't be started or mended.
pub fn soak(
    kind: Kind,
    frameworks: &[Framework],
    programs: &Path,
    crowd: Crowd,
) -> io::Result<Report> {
    let mut site = Site::start(kind, frameworks, programs)?;
    let scene = Scene::new(site.doors(), crowd.seed);
    let mut troubles = Troubles::new(&scene);
    let (mut checks, visitors) = play(&scene, crowd, || troubles.make(&mut site, crowd.length))?;
    if scene.violation().is_none() {
        // No request of before is under way any more, not even one that a server had accepted while it was frozen.
        site.renew()?;
        read_back(&scene, visitors, &mut checks);
    }
    checks.add(troubles.checks());
    let names = frameworks.iter().map(|it| it.name().to_owned()).collect();
    let mut report = report(kind.name(), names, &scene, checks);
    report.faults = troubles.counts();
    report.slowest = troubles.slowest;
    Ok(report)
}

/// Soaks servers that run already, without troubles.
#[must_use]
pub fn soak_at(servers: &[SocketAddr], crowd: Crowd) -> Report {
    let doors = servers.iter().map(|address| Door {
        name: address.port().to_string(),
        address: *address,
    });
    let scene = Scene::new(doors.collect(), crowd.seed);
    let mut checks = Checks::default();
    let played = play(&scene, crowd, || {
        scene.pause(crowd.length);
        Ok(())
    });
    if let Ok((seen, visitors)) = played {
        checks.add(&seen);
        if scene.violation().is_none() {
            read_back(&scene, visitors, &mut checks);
        }
    }
    let names = servers.iter().map(ToString::to_string).collect();
    report("servers that run", names, &scene, checks)
}

/// Lets everybody in while `disturb` runs; returns what was checked by those who have nothing to read back, and the others.
fn play(
    scene: &Scene,
    crowd: Crowd,
    disturb: impl FnOnce() -> io::Result<()>,
) -> io::Result<(Checks, Vec<Visitor<'_>>)> {
    let few = (crowd.clients / 8).max(1);
    let many = crowd.clients.saturating_sub(2 * few).max(1);
    let (disturbed, floods, visitors) = thread::scope(|scope| {
        let floods = (0..few).map(|number| Flood::new(scene, number));
        let floods: Vec<_> = floods
            .map(|flood| scope.spawn(move || flood.stay()))
            .collect();
        let slow = (0..few).map(|number| Slow::new(scene, number));
        let slow: Vec<_> = slow.map(|slow| scope.spawn(move || slow.stay())).collect();
        let visitors = (0..many).map(|number| Visitor::new(scene, number));
        let mut visitors: Vec<_> = visitors
            .map(|visitor| scope.spawn(move || visitor.stay()))
            .collect();
        visitors.extend(slow);
        let disturbed = disturb();
        scene.end();
        let floods: Vec<_> = floods.into_iter().map(joined).collect();
        let visitors: Vec<_> = visitors.into_iter().map(joined).collect();
        (disturbed, floods, visitors)
    });
    let mut checks = Checks::default();
    for flood in &floods {
        checks.add(&flood.ledger.checks);
    }
    if disturbed.is_err() || scene.violation().is_some() {
        for visitor in &visitors {
            checks.add(&visitor.guest.ledger.checks);
        }
    }
    disturbed.map(|()| (checks, visitors))
}

/// Reads back all that the visitors know.
fn read_back(scene: &Scene, visitors: Vec<Visitor<'_>>, checks: &mut Checks) {
    thread::scope(|scope| {
        let readers: Vec<_> = visitors
            .into_iter()
            .map(|mut visitor| {
                scope.spawn(move || {
                    if let Err(breach) = visitor.read_back() {
                        let name = visitor.guest.ledger.marker().to_owned();
                        scene.violated(breach, &name, visitor.guest.history());
                    }
                    visitor.guest.ledger.checks
                })
            })
            .collect();
        for reader in readers {
            checks.add(&joined(reader));
        }
    });
}

fn report(store: &str, servers: Vec<String>, scene: &Scene, checks: Checks) -> Report {
    Report {
        store: store.to_owned(),
        servers,
        seed: scene.seed,
        took: scene.begun.elapsed(),
        counts: scene.traffic.counts(),
        checks,
        faults: Vec::new(),
        slowest: Duration::ZERO,
        violation: scene.violation(),
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
