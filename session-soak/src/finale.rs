use std::time::{Duration, Instant};

use crate::guest::{Browser, Expect};
use crate::invariant::{Breach, Invariant};
use crate::ledger::Standing;
use crate::visitor::{Visitor, show};

/// The end: everything is mended, nothing is under way, and all that the ledger knows is read back.
impl Visitor<'_> {
    pub(crate) fn read_back(&mut self) -> Result<(), Breach> {
        for session in 0..self.guest.ledger.sessions.len() {
            self.at_last(|visitor| visitor.is_read(session))?;
        }
        self.guest.browsers.truncate(1);
        self.settle_list()
    }

    /// Reads one session by its last cookie; true once that was served.
    fn is_read(&mut self, session: usize) -> Result<bool, Breach> {
        let known = &self.guest.ledger.sessions[session];
        let Some(cookie) = known.cookies.last().cloned() else {
            return Ok(true);
        };
        let is_alive = known.is_alive();
        self.guest.browsers[0] = Browser {
            cookie: Some(cookie.clone()),
            session: Some(session),
        };
        let asked = self.guest.ask(show(), Some(&cookie));
        if is_alive {
            self.guest.obey(0, &asked, Expect::Same)?;
        }
        let Some(look) = self.guest.look(&asked)? else {
            return Ok(false);
        };
        self.guest.ledger.judge(session, &look, asked.begun)?;
        self.guest.ledger.learn(session, &look);
        Ok(true)
    }

    /// The owner's list is their live sessions; once the others are revoked it is the one that has asked.
    fn settle_list(&mut self) -> Result<(), Breach> {
        let mut sessions = self.guest.ledger.sessions.iter();
        let alive = sessions.rposition(|known| known.is_owned && known.is_alive());
        if let Some(session) = alive {
            let cookie = self.guest.ledger.sessions[session].cookies.last().cloned();
            self.guest.browsers[0] = Browser {
                cookie,
                session: Some(session),
            };
        } else {
            self.at_last(|visitor| {
                visitor.guest.browsers[0] = Browser::default();
                visitor.sign_in(0)?;
                Ok(visitor.guest.browsers[0].session.is_some())
            })?;
        }
        self.at_last(|visitor| visitor.list(0))?;
        // Nothing is under way any more.
        self.guest.ledger.strays.clear();
        self.at_last(|visitor| visitor.revoke_others(0, false))?;
        let kept = self.guest.browsers[0].session;
        let mut others = self.guest.ledger.sessions.iter().enumerate();
        let lives = |standing| matches!(standing, Standing::Alive | Standing::Doubtful);
        let left = others
            .find(|(number, known)| {
                known.is_owned && lives(known.standing) && Some(*number) != kept
            })
            .map(|(_, known)| known.handle.clone());
        let is_alone = left.is_none();
        let checks = &mut self.guest.ledger.checks;
        checks.check(Invariant::ListIsLive, is_alone, || format!("{left:?}"))?;
        self.at_last(|visitor| visitor.list(0))
    }

    /// Repeats what was refused, which nothing excuses for long.
    fn at_last(
        &mut self,
        mut act: impl FnMut(&mut Self) -> Result<bool, Breach>,
    ) -> Result<(), Breach> {
        let since = Instant::now();
        while !act(self)? {
            let is_late = since.elapsed() > LIMIT;
            let checks = &mut self.guest.ledger.checks;
            checks.check(Invariant::ServiceResumes, !is_late, || {
                format!("nothing is served in the end for {LIMIT:?}")
            })?;
        }
        Ok(())
    }
}

/// The time limit of one answer, as of a recovery.
const LIMIT: Duration = Duration::from_secs(300);
