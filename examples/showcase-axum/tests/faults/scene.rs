use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pollster::block_on;
use session_testkit::http::{Answer, Client, Request};

use super::browsers::show;

/// What the browsers share with the one who breaks things.
pub struct Scene {
    /// How long any answer may take.
    patience: Duration,
    /// Held during each request; whoever takes it alone has silence.
    gate: RwLock<()>,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    is_over: bool,
    /// Even while nothing is broken.
    troubles: u64,
    is_doubtful: bool,
    tallies: Vec<Tally>,
}

/// How one browser has fared since the tallies were last cleared.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub failed: usize,
    /// Since the last one that failed.
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
        })
    }

    /// From now on requests may fail.
    pub fn begin_trouble(&self) {
        let mut state = self.state();
        state.troubles += 1;
        for tally in &mut state.tallies {
            *tally = Tally::default();
        }
    }

    /// What is asked from now on has to be answered.
    pub fn end_trouble(&self) {
        self.state().troubles += 1;
        self.begin_to_count();
    }

    pub fn begin_to_count(&self) {
        for tally in &mut self.state().tallies {
            tally.served = 0;
        }
    }

    /// Says whether what is acknowledged from now on may be undone.
    pub fn doubt(&self, is_doubtful: bool) {
        self.state().is_doubtful = is_doubtful;
    }

    pub fn end(&self) {
        self.state().is_over = true;
    }

    /// Lets nobody ask anything meanwhile.
    pub fn silence(&self, act: impl FnOnce()) {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        act();
    }

    /// Waits until the tallies are so; `check` is called again and again, and panics if it is of no use to wait.
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
    /// `None` for a guest, which nothing waits for.
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
        // Browsers of people do not ask all the time either.
        std::thread::sleep(Duration::from_millis(12));
        !self.scene.state().is_over
    }

    /// Says whether what was just acknowledged stays, whoever dies.
    pub fn is_sure(&self) -> bool {
        !self.scene.state().is_doubtful
    }

    /// Sends a request, and judges the answer; `None` if it failed as it may in these circumstances.
    pub fn send(&self, browser: &Client, request: Request) -> Option<Answer> {
        let gate = self.scene.gate.read();
        let _gate = gate.unwrap_or_else(PoisonError::into_inner);
        self.send_in_silence(browser, request)
    }

    /// Does the same while nobody else may.
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

    /// Asks what is in a session.
    pub fn session(&self, browser: &Client) -> Option<serde_json::Value> {
        let answer = self.send(browser, show())?;
        Some(serde_json::from_str(&answer.text()).unwrap())
    }
}

const UNAVAILABLE: &str = r#"{"error":"session store unavailable"}"#;

/// How long anything may take to come back by itself, on a busy machine.
const RECOVERY: Duration = Duration::from_secs(40);
