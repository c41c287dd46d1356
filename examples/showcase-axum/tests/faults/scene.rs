use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pollster::block_on;
use session_testkit::http::{Answer, Client, Request};

use super::browsers::show;

/// The state that the browsers share with the test.
pub struct Scene {
    /// The time limit of every answer.
    patience: Duration,
    /// A lock that is shared by requests; its exclusive holder has silence.
    gate: RwLock<()>,
    state: Mutex<State>,
    moved: Condvar,
    over: Condvar,
}

struct State {
    is_over: bool,
    /// The number of begins and ends of trouble: even while nothing is broken.
    troubles: u64,
    is_doubtful: bool,
    tallies: Vec<Tally>,
}

/// The results of one browser since the tallies were last cleared.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub failed: usize,
    /// The served requests since the last failed one.
    pub served: usize,
    pub slowest: Duration,
}

impl Tally {
    fn add(&mut self, is_served: bool, took: Duration) {
        self.slowest = self.slowest.max(took);
        if is_served {
            self.served += 1;
        } else {
            self.failed += 1;
            self.served = 0;
        }
    }
}

impl Scene {
    pub fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            patience,
            gate: RwLock::default(),
            state: Mutex::new(State {
                is_over: false,
                troubles: 0,
                is_doubtful: false,
                tallies: Vec::new(),
            }),
            moved: Condvar::new(),
            over: Condvar::new(),
        })
    }

    /// Begins a time in which requests may fail.
    pub fn begin_trouble(&self) {
        let mut state = self.state();
        state.troubles += 1;
        for tally in &mut state.tallies {
            *tally = Tally::default();
        }
    }

    /// Ends the trouble: every later request has to be answered.
    pub fn end_trouble(&self) {
        self.state().troubles += 1;
        self.begin_to_count();
    }

    pub fn begin_to_count(&self) {
        for tally in &mut self.state().tallies {
            tally.served = 0;
        }
    }

    /// Sets whether later acknowledged writes may be lost.
    pub fn doubt(&self, is_doubtful: bool) {
        self.state().is_doubtful = is_doubtful;
    }

    pub fn end(&self) {
        self.state().is_over = true;
        self.over.notify_all();
    }

    /// Runs `act` while there are no requests.
    pub fn silence(&self, act: impl FnOnce()) {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        act();
    }

    /// Waits until the tallies are so; `check` runs again and again, and panics if waiting is useless.
    pub fn until(&self, what: &str, check: impl Fn(), are_so: impl Fn(&[Tally]) -> bool) {
        let deadline = Instant::now() + RECOVERY;
        let mut state = self.state();
        while !are_so(&state.tallies) {
            assert!(Instant::now() < deadline, "{what}: {:?}", state.tallies);
            let waited = self.moved.wait_timeout(state, Duration::from_millis(100));
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            check();
            state = self.state();
        }
    }

    pub fn tallies(&self) -> Vec<Tally> {
        self.state().tallies.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser's part in the scene.
pub struct Seat {
    scene: Arc<Scene>,
    /// `None` for a guest, which has no tally.
    number: Option<usize>,
}

impl Seat {
    pub fn new(scene: &Arc<Scene>) -> Self {
        let mut state = scene.state();
        state.tallies.push(Tally::default());
        Self {
            scene: Arc::clone(scene),
            number: Some(state.tallies.len() - 1),
        }
    }

    pub fn guest(scene: &Arc<Scene>) -> Self {
        Self {
            scene: Arc::clone(scene),
            number: None,
        }
    }

    pub fn goes_on(&self) -> bool {
        // People's browsers pause between requests too.
        let pause = Duration::from_millis(12);
        let state = self.scene.state();
        let over = &self.scene.over;
        let waited = over.wait_timeout_while(state, pause, |state| !state.is_over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_over
    }

    /// Returns whether the write that was just acknowledged is safe.
    pub fn is_sure(&self) -> bool {
        !self.scene.state().is_doubtful
    }

    /// Sends a request and checks the answer; `None` if it failed while that was allowed.
    pub fn send(&self, browser: &Client, request: Request) -> Option<Answer> {
        let gate = self.scene.gate.read();
        let _gate = gate.unwrap_or_else(PoisonError::into_inner);
        self.send_in_silence(browser, request)
    }

    /// Sends a request without taking the lock.
    pub fn send_in_silence(&self, browser: &Client, request: Request) -> Option<Answer> {
        let line = format!("{} {}", request.method, request.target);
        let before = self.scene.state().troubles;
        let cookie = browser.cookie_header();
        let asked = Instant::now();
        let answer = block_on(browser.send(request));
        let took = asked.elapsed();
        assert!(took < self.scene.patience, "{line} took {took:?}");
        let served = match answer {
            Ok(answer) if answer.status() == 503 => {
                assert_eq!(answer.text(), UNAVAILABLE, "{line}");
                assert!(answer.set_cookies().is_empty(), "{line}: {answer:?}");
                None
            }
            Ok(answer) => {
                assert!(matches!(answer.status(), 200 | 204), "{line}: {answer:?}");
                Some(answer)
            }
            Err(_) => None,
        };
        let mut state = self.scene.state();
        let is_excused = before % 2 == 1 || state.troubles != before;
        if let Some(number) = self.number {
            state.tallies[number].add(served.is_some(), took);
        }
        drop(state);
        self.scene.moved.notify_all();
        if served.is_none() {
            assert!(
                is_excused,
                "{line} failed after {took:?}, and nothing was broken"
            );
            assert_eq!(browser.cookie_header(), cookie, "{line}");
        }
        served
    }

    /// Returns the content of a session.
    pub fn session(&self, browser: &Client) -> Option<serde_json::Value> {
        let answer = self.send(browser, show())?;
        Some(serde_json::from_str(&answer.text()).unwrap())
    }
}

const UNAVAILABLE: &str = r#"{"error":"session store unavailable"}"#;

/// The time limit of a recovery, on a busy machine.
const RECOVERY: Duration = Duration::from_secs(40);
