use std::collections::VecDeque;
use std::thread;
use std::time::Instant;

use session_simulator::Rng;
use session_testkit::http::Request;

use crate::invariant::{Breach, Invariant};
use crate::ledger::{Ledger, Look, handle};
use crate::scene::Scene;
use crate::wire::{COOKIE, Departure, Door, Outcome, with_cookie};

/// An actor with a ledger and some browsers, who asks and takes what comes.
#[derive(Debug)]
pub(crate) struct Guest<'s> {
    pub(crate) scene: &'s Scene,
    pub(crate) ledger: Ledger,
    pub(crate) browsers: Vec<Browser>,
    pub(crate) rng: Rng,
    history: VecDeque<String>,
}

/// A browser: its cookie, and the session that it should open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
    pub(crate) session: Option<usize>,
}

/// A request that was sent, and what became of it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) begun: Instant,
    pub(crate) outcome: Outcome,
    /// Whether there was a trouble meanwhile.
    pub(crate) is_excused: bool,
}

/// What an answer may do to the browser's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Renew it.
    Same,
    /// Renew it, or begin another session.
    New,
    /// Renew or remove it.
    End,
    /// Nothing.
    Nothing,
}

impl<'s> Guest<'s> {
    pub(crate) fn new(scene: &'s Scene, name: &str, number: u64) -> Self {
        Self {
            scene,
            ledger: Ledger::new(name),
            browsers: Vec::new(),
            rng: scene.rng(number),
            history: VecDeque::new(),
        }
    }

    /// Sends one request with a cookie, to any server.
    pub(crate) fn ask(&mut self, request: Request, cookie: Option<&str>) -> Asked {
        let mut all = self.ask_all(vec![(request, None)], cookie);
        all.remove(0)
    }

    /// Sends one request to one server.
    pub(crate) fn ask_at(&mut self, door: &Door, request: Request, cookie: Option<&str>) -> Asked {
        let line = format!("{} {} {}", door.name, request.method, request.target);
        let begun = Instant::now();
        let (outcome, is_excused) = self.scene.send(door, with_cookie(request, cookie), None);
        Asked {
            line,
            begun,
            outcome,
            is_excused,
        }
    }

    /// Sends requests at once with one cookie, each to any server, as a browser's tabs do.
    ///
    /// All have the cookie of the beginning: a browser that sends a new one, and then takes a late answer to the old one,
    /// is left with a dead cookie (a known limit, see ARCHITECTURE.md).
    pub(crate) fn ask_all(
        &mut self,
        requests: Vec<(Request, Option<Departure>)>,
        cookie: Option<&str>,
    ) -> Vec<Asked> {
        let scene = self.scene;
        let mut drawn = Vec::new();
        for (request, departure) in requests {
            let door = scene.door(&mut self.rng);
            let line = format!("{} {} {}", door.name, request.method, request.target);
            drawn.push((door, line, with_cookie(request, cookie), departure));
        }
        let asked: Vec<Asked> = thread::scope(|scope| {
            let threads: Vec<_> = drawn
                .into_iter()
                .map(|(door, line, request, departure)| {
                    scope.spawn(move || {
                        let begun = Instant::now();
                        let (outcome, is_excused) = scene.send(door, request, departure);
                        Asked {
                            line,
                            begun,
                            outcome,
                            is_excused,
                        }
                    })
                })
                .collect();
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(asked) => asked,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.collect()
        });
        for one in &asked {
            let about = match &one.outcome {
                Outcome::Answered(response) => response.status.to_string(),
                Outcome::NotSent => "not sent".to_owned(),
                Outcome::Unanswered(why) => why.clone(),
            };
            let shown = cookie.and_then(handle).unwrap_or_default();
            let set = one.outcome.cookies().unwrap_or_default();
            let set: Vec<String> = set
                .iter()
                .map(|set| match handle(set.value()) {
                    Some(named) if named == shown => "renews".to_owned(),
                    Some(named) => format!("sets {named}"),
                    None => "removes".to_owned(),
                })
                .collect();
            let at = one.begun.duration_since(scene.begun).as_secs_f32();
            self.note(format!(
                "{at:9.3} {} by {shown:.12} → {about} {}",
                one.line,
                set.join(" ")
            ));
        }
        asked
    }

    /// Checks that an answer has one of these statuses, or that the request was not served.
    pub(crate) fn expect(&mut self, asked: &Asked, statuses: &[u16]) -> Result<(), Breach> {
        let Some(response) = asked.outcome.served() else {
            return Ok(());
        };
        let is_right = statuses.contains(&response.status);
        self.ledger
            .checks
            .check(Invariant::AnswersMakeSense, is_right, || {
                let body = String::from_utf8_lossy(&response.body);
                let body: String = body.chars().take(200).collect();
                format!("{} was answered {} {body}", asked.line, response.status)
            })
    }

    /// Reads what an answer to `GET /api/session` shows; `None` if it was not served.
    pub(crate) fn look(&mut self, asked: &Asked) -> Result<Option<Look>, Breach> {
        self.expect(asked, &[200])?;
        let Some(response) = asked.outcome.served() else {
            return Ok(None);
        };
        let look = Look::parse(&response.body);
        self.ledger
            .checks
            .check(Invariant::AnswersMakeSense, look.is_some(), || {
                format!("{} shows no session", asked.line)
            })?;
        Ok(look)
    }

    /// Takes an answer's cookies as the browser does, and returns that of a new session.
    pub(crate) fn obey(
        &mut self,
        browser: usize,
        asked: &Asked,
        expect: Expect,
    ) -> Result<Option<String>, Breach> {
        let is_served = asked.outcome.served().is_some();
        let mut begun = None;
        let cookies = asked.outcome.cookies();
        let checks = &mut self.ledger.checks;
        checks.check(Invariant::AnswersMakeSense, cookies.is_ok(), || {
            format!("{}: {cookies:?}", asked.line)
        })?;
        for cookie in cookies.unwrap_or_default() {
            if cookie.name() != COOKIE {
                continue;
            }
            if cookie.is_removal() {
                let may = expect == Expect::End && is_served;
                self.ledger
                    .checks
                    .check(Invariant::OutageIsNoLogout, may, || {
                        format!("{} removes the cookie", asked.line)
                    })?;
                self.browsers[browser].cookie = None;
                continue;
            }
            let value = cookie.value().to_owned();
            if self.is_renewed(browser, &value, asked, expect)? {
                self.browsers[browser].cookie = Some(value);
            } else {
                begun = Some(value);
            }
        }
        Ok(begun)
    }

    /// Says whether a cookie that an answer sets is of the browser's session; if not, it has to be of a new one.
    fn is_renewed(
        &mut self,
        browser: usize,
        cookie: &str,
        asked: &Asked,
        expect: Expect,
    ) -> Result<bool, Breach> {
        let name = self.ledger.marker().to_owned();
        let checks = &mut self.ledger.checks;
        let Some(handle) = handle(cookie) else {
            let what = || format!("{} sets {cookie:?}", asked.line);
            return checks
                .check(Invariant::NoDeadCookie, false, what)
                .map(|()| false);
        };
        let mut book = self.scene.book();
        let owner = book.owner_of(&handle).map(str::to_owned);
        let is_foreign = owner.as_ref().is_some_and(|owner| *owner != name);
        checks.check(Invariant::NobodySeesAnothers, !is_foreign, || {
            format!("{} sets a cookie of {owner:?}", asked.line)
        })?;
        let session = self.browsers[browser].session;
        let known = session.map(|session| &self.ledger.sessions[session]);
        let mine = known.filter(|known| known.handle == handle);
        if let (Some(known), Some(session)) = (mine, session) {
            let may = known.is_alive() || expect == Expect::End;
            checks.check(
                Invariant::NoDeadCookie,
                may && expect != Expect::Nothing,
                || format!("{} sets a cookie of {handle}, which is over", asked.line),
            )?;
            book.meet(cookie);
            drop(book);
            self.ledger.renew(session, cookie);
            return Ok(true);
        }
        checks.check(Invariant::NoDeadCookie, owner.is_none(), || {
            format!("{} sets a cookie of {handle}, another session", asked.line)
        })?;
        checks.check(Invariant::OutageIsNoLogout, expect == Expect::New, || {
            format!("{} replaces the session by {handle}", asked.line)
        })?;
        // Nobody else has it, as the book is still open.
        let _ = book.claim(&handle, &name);
        book.meet(cookie);
        Ok(false)
    }

    pub(crate) fn note(&mut self, event: String) {
        self.history.push_back(event);
        if self.history.len() > EVENTS {
            self.history.pop_front();
        }
    }

    pub(crate) fn history(&self) -> Vec<String> {
        self.history.iter().cloned().collect()
    }
}

/// How many events a violation shows.
const EVENTS: usize = 60;
