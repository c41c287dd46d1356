use std::time::Instant;

use session_testkit::http::Request;

use super::Visitor;
use crate::guest::{Asked, Browser, Expect};
use crate::invariant::{Breach, Invariant};
use crate::ledger::{Standing, Told};

/// Begins and ends of sessions; each request goes alone, since what crosses a sign-in may be dropped.
impl Visitor<'_> {
    /// Writes without a session.
    pub(crate) fn begin(&mut self, browser: usize) -> Result<(), Breach> {
        self.guest.browsers[browser] = Browser::default();
        self.write_anew(browser)
    }

    /// Writes with the cookie of a session that was ended elsewhere: that begins another one.
    pub(super) fn write_late(&mut self, browser: usize) -> Result<(), Breach> {
        let session = self.guest.browsers[browser].session;
        let is_ended =
            |session: usize| self.guest.ledger.sessions[session].standing == Standing::Ended;
        if !session.is_some_and(is_ended) {
            self.guest.browsers[browser] = Browser::default();
            return Ok(());
        }
        self.write_anew(browser)
    }

    fn write_anew(&mut self, browser: usize) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let cookie = guest.browsers[browser].cookie.clone();
        let number = guest.rng.draw() >> 20;
        let text = crate::ledger::value(guest.ledger.marker(), number);
        let json = serde_json::Value::from(text);
        let request = Request::new("PUT", "/api/data/k0").json(json.to_string());
        let asked = guest.ask(request, cookie.as_deref());
        // A process remembers for a while that a session is over.
        let statuses: &[u16] = if cookie.is_some() {
            &[204, 409]
        } else {
            &[204]
        };
        guest.expect(&asked, statuses)?;
        let begun = guest.obey(browser, &asked, Expect::New)?;
        let is_done = asked.outcome.told() == Told::Acknowledged;
        guest.browsers[browser] = Browser::default();
        self.is_begun(&asked, is_done, begun.is_some())?;
        if let Some(cookie) = begun.filter(|_| is_done) {
            let session = self.guest.ledger.begin(&cookie, false);
            self.guest.browsers[browser] = Browser {
                cookie: Some(cookie),
                session,
            };
            if let Some(session) = session {
                self.guest.ledger.is_written(session, "k0", number);
            }
        }
        Ok(())
    }

    pub(crate) fn sign_in(&mut self, browser: usize) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let Browser { cookie, session } = guest.browsers[browser].clone();
        let user = serde_json::json!({ "user": guest.ledger.marker() });
        let request = Request::new("POST", "/api/login").json(user.to_string());
        let asked = guest.ask(request, cookie.as_deref());
        guest.expect(&asked, &[204])?;
        let begun = guest.obey(browser, &asked, Expect::New)?;
        let now = Instant::now();
        match asked.outcome.told() {
            Told::NotDone => return Ok(()),
            Told::Refused | Told::Unanswered => {
                guest.ledger.sign_in_is_doubtful(session, now);
                guest.browsers[browser] = Browser::default();
                return Ok(());
            }
            Told::Acknowledged => {}
        }
        self.is_begun(&asked, true, begun.is_some())?;
        let guest = &mut self.guest;
        let Some(cookie) = begun else {
            return Ok(());
        };
        let session = match session {
            Some(left) => guest.ledger.sign_in(left, &cookie, now),
            None => guest.ledger.begin(&cookie, true),
        };
        guest.browsers[browser] = Browser {
            cookie: Some(cookie),
            session,
        };
        Ok(())
    }

    pub(super) fn logout(&mut self, browser: usize) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let Browser { cookie, session } = guest.browsers[browser].clone();
        let Some(session) = session else {
            return Ok(());
        };
        let asked = guest.ask(Request::new("POST", "/api/logout"), cookie.as_deref());
        guest.expect(&asked, &[204])?;
        guest.obey(browser, &asked, Expect::End)?;
        let told = asked.outcome.told();
        guest.ledger.end(session, told);
        if told == Told::Acknowledged {
            let is_removed = guest.browsers[browser].cookie.is_none();
            guest
                .ledger
                .checks
                .check(Invariant::AnswersMakeSense, is_removed, || {
                    format!("{} leaves the cookie", asked.line)
                })?;
            guest.browsers[browser] = Browser::default();
            self.bury(session);
            self.is_over(session)?;
        }
        Ok(())
    }

    /// Hands a dead session's cookies to those who try such.
    pub(super) fn bury(&mut self, session: usize) {
        let cookies = &self.guest.ledger.sessions[session].cookies;
        self.guest.scene.book().bury(cookies);
    }

    /// Checks that an acknowledged request has begun a session.
    fn is_begun(&mut self, asked: &Asked, is_done: bool, has_begun: bool) -> Result<(), Breach> {
        if !is_done {
            return Ok(());
        }
        self.guest
            .ledger
            .checks
            .check(Invariant::AnswersMakeSense, has_begun, || {
                format!("{} is acknowledged, and begins no session", asked.line)
            })
    }
}
