use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use session_testkit::http::{Client, Request};

use super::browsers::{self, Check, Count, login, logout, put, show};
use super::scene::{Scene, Seat, Tally};
use super::showcase::Showcase;

/// Browsers that use the showcase all the time, while servers break.
pub struct Crowd {
    name: &'static str,
    scene: Arc<Scene>,
    browsers: Mutex<Vec<JoinHandle<Check>>>,
    /// A tab of the counting browser, for a storm of requests.
    tab: Client,
}

impl Crowd {
    /// Starts all browsers; no answer may ever take longer than `patience`.
    pub fn gather(name: &'static str, showcase: &Showcase, patience: Duration) -> Self {
        let scene = Scene::new(patience);
        let mut browsers = Vec::new();
        let mut add = |act: fn(Seat, Client) -> Check| {
            let (seat, browser) = (Seat::new(&scene), showcase.browser());
            browsers.push(thread::spawn(move || act(seat, browser)));
        };
        for act in [browsers::keep, browsers::keep, browsers::keep] {
            add(act);
        }
        for act in [browsers::read, browsers::read, browsers::read] {
            add(act);
        }
        add(browsers::come_and_go);
        add(browsers::move_on);
        let tab = showcase.browser();
        let count = Arc::new(Count::default());
        for is_first in [true, false] {
            let (seat, tab, count) = (Seat::new(&scene), tab.clone(), Arc::clone(&count));
            if is_first {
                let begin = Request::new("PUT", "/api/data/count").json("0");
                seat.send(&tab, begin).unwrap();
            }
            browsers.push(thread::spawn(move || browsers::count(seat, tab, count)));
        }
        Self {
            name,
            scene,
            browsers: Mutex::new(browsers),
            tab,
        }
    }

    /// Breaks a server until that is noticed, and mends it; from then on nothing may fail.
    pub fn outage(&self, what: &str, begin: impl FnOnce(), noticed: Noticed, mend: impl FnOnce()) {
        self.served(what);
        self.scene.begin_trouble();
        begin();
        self.until(what, |tallies| noticed.is_so(tallies));
        let broken = self.scene.tallies();
        mend();
        self.scene.end_trouble();
        self.recovered(what, &broken);
    }

    /// Breaks a server that is replaced by itself; some time later nothing may fail any more.
    ///
    /// The successor may lack writes that were acknowledged just before. `caught_up` returns once it has all
    /// writes from before the call.
    pub fn failover(
        &self,
        what: &str,
        caught_up: impl FnOnce(),
        begin: impl FnOnce(),
        noticed: Noticed,
    ) {
        self.served(what);
        self.scene.doubt(true);
        caught_up();
        self.scene.begin_trouble();
        begin();
        self.until(what, |tallies| noticed.is_so(tallies));
        let broken = self.scene.tallies();
        self.scene.begin_to_count();
        self.until(what, |tallies| {
            tallies.iter().all(|tally| tally.served >= 10)
        });
        self.scene.end_trouble();
        self.scene.doubt(false);
        self.recovered(what, &broken);
    }

    /// Does something that no request under way may notice.
    pub fn unnoticed(&self, what: &str, mut act: impl FnMut()) {
        for _ in 0..10 {
            act();
            self.served(what);
        }
    }

    /// Does something between requests that the next request, of any kind, may not notice.
    pub fn unheard(&self, what: &str, mut act: impl FnMut()) {
        self.served(what);
        let seat = Seat::guest(&self.scene);
        let guest = self.tab.stranger();
        for request in [login("guest"), show(), put(0, 1), login("other"), logout()] {
            self.scene.silence(|| {
                act();
                seat.send_in_silence(&guest, request).unwrap();
            });
        }
        self.served(what);
    }

    /// Sends many requests at once during an outage; all are answered in time.
    pub fn storm(&self) {
        let threads: Vec<_> = (0..200)
            .map(|number| {
                let (seat, tab) = (Seat::guest(&self.scene), self.tab.clone());
                let request = match number % 2 {
                    0 => show(),
                    _ => put(0, 1),
                };
                thread::spawn(move || seat.send(&tab, request).is_some())
            })
            .collect();
        let served = threads
            .into_iter()
            .map(joined)
            .filter(|is_served| *is_served);
        assert_eq!(served.count(), 0, "{}", self.name);
    }

    /// Stops all browsers, and checks that the store has what was acknowledged.
    pub fn part(self) {
        self.served("the end");
        self.scene.end();
        let browsers = self.browsers.into_inner();
        let browsers = browsers.unwrap_or_else(PoisonError::into_inner);
        let checks: Vec<Check> = browsers.into_iter().map(joined).collect();
        for check in checks {
            check();
        }
    }

    /// Waits until every browser was served.
    fn served(&self, what: &str) {
        self.scene.begin_to_count();
        self.until(what, |tallies| {
            tallies.iter().all(|tally| tally.served >= 2)
        });
    }

    fn recovered(&self, what: &str, broken: &[Tally]) {
        let mended = Instant::now();
        self.served(what);
        let failed: usize = broken.iter().map(|tally| tally.failed).sum();
        let slowest = broken.iter().map(|tally| tally.slowest).max();
        println!(
            "{}, {what}: {failed} failed, the slowest answer took {:.1?}, all were served {:.1?} later",
            self.name,
            slowest.unwrap_or_default(),
            mended.elapsed()
        );
    }

    fn until(&self, what: &str, are_so: impl Fn(&[Tally]) -> bool) {
        let what = format!("{}, {what}", self.name);
        self.scene.until(&what, || self.nobody_has_left(), are_so);
    }

    /// Panics if a browser has panicked, because it saw something forbidden.
    fn nobody_has_left(&self) {
        let mut browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = browsers.iter().position(JoinHandle::is_finished) {
            let _: Check = joined(browsers.swap_remove(index));
            panic!("{}: a browser has left", self.name);
        }
    }
}

/// The browsers that have to notice an outage.
#[derive(Debug, Clone, Copy)]
pub enum Noticed {
    /// All browsers, this often.
    All(usize),
    Any,
    /// Some browsers, while others are served.
    Part,
}

impl Noticed {
    fn is_so(self, tallies: &[Tally]) -> bool {
        match self {
            Self::All(times) => tallies.iter().all(|tally| tally.failed >= times),
            Self::Any => tallies.iter().any(|tally| tally.failed > 0),
            Self::Part => {
                let is_out = |tally: &Tally| tally.failed > 5;
                let is_in = |tally: &Tally| tally.failed == 0 && tally.served > 30;
                tallies.iter().any(is_out) && tallies.iter().any(is_in)
            }
        }
    }
}

fn joined<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
