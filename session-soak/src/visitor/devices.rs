use session_testkit::http::Request;

use super::Visitor;
use crate::guest::Expect;
use crate::invariant::{Breach, Invariant};
use crate::ledger::{Standing, Told};

/// An owner's list, and revocations.
impl Visitor<'_> {
    /// Reads the list; true if that was served.
    pub(crate) fn list(&mut self, browser: usize) -> Result<bool, Breach> {
        let guest = &mut self.guest;
        let cookie = guest.browsers[browser].cookie.clone();
        let asked = guest.ask(Request::new("GET", "/api/devices"), cookie.as_deref());
        guest.expect(&asked, &[200])?;
        guest.obey(browser, &asked, Expect::Same)?;
        let Some(response) = asked.outcome.served() else {
            return Ok(false);
        };
        let listed = handles(&response.body).unwrap_or_default();
        guest.ledger.judge_list(&listed)?;
        Ok(true)
    }

    pub(super) fn revoke_one(&mut self, browser: usize) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let own = guest.browsers[browser].session;
        let sessions = guest.ledger.sessions.iter().enumerate();
        let others = sessions
            .filter(|(number, known)| known.is_owned && known.is_alive() && Some(*number) != own);
        let others: Vec<usize> = others.map(|(number, _)| number).collect();
        let Some(other) = guest.rng.pick(&others).copied() else {
            return Ok(());
        };
        let target = format!("/api/devices/{}", guest.ledger.sessions[other].handle);
        let cookie = guest.browsers[browser].cookie.clone();
        let asked = guest.ask(Request::new("DELETE", target), cookie.as_deref());
        guest.expect(&asked, &[204, 404])?;
        guest.obey(browser, &asked, Expect::Same)?;
        // A store that has lost the answer, and has asked again, does not know what it has ended before.
        let is_unknown = asked.outcome.status() == Some(404);
        let is_found = !is_unknown || asked.is_excused;
        guest
            .ledger
            .checks
            .check(Invariant::ListIsLive, is_found, || {
                format!("{} does not find a session that lives", asked.line)
            })?;
        let told = match asked.outcome.told() {
            Told::NotDone if is_unknown => Told::Unanswered,
            told => told,
        };
        guest.ledger.end(other, told);
        if told == Told::Acknowledged {
            self.bury(other);
            self.is_over(other)?;
        }
        Ok(())
    }

    /// Ends the owner's other sessions, alone or with a new password; true if that is done.
    pub(crate) fn revoke_others(
        &mut self,
        browser: usize,
        is_password: bool,
    ) -> Result<bool, Breach> {
        let guest = &mut self.guest;
        let Some(own) = guest.browsers[browser].session else {
            return Ok(false);
        };
        let request = if is_password {
            Request::new("POST", "/api/password")
        } else {
            Request::new("DELETE", "/api/devices")
        };
        let cookie = guest.browsers[browser].cookie.clone();
        let asked = guest.ask(request, cookie.as_deref());
        guest.expect(&asked, &[200])?;
        guest.obey(browser, &asked, Expect::Same)?;
        let told = asked.outcome.told();
        // As with one: of those that were ended by an answer that was lost, a second one does not tell.
        let counted = asked.outcome.served().filter(|_| !asked.is_excused);
        let revoked = counted.and_then(|it| revoked(&it.body));
        let before: Vec<Standing> = guest.ledger.sessions.iter().map(|it| it.standing).collect();
        guest.ledger.end_others(own, told, revoked, asked.begun)?;
        if told != Told::Acknowledged {
            return Ok(false);
        }
        let sessions = guest.ledger.sessions.iter().zip(&before).enumerate();
        let ended = sessions.filter(|(_, (now, before))| now.standing != **before);
        let ended: Vec<usize> = ended.map(|(number, _)| number).collect();
        for session in ended {
            self.bury(session);
            self.is_over(session)?;
        }
        Ok(true)
    }
}

/// Reads the handles of a list.
fn handles(body: &[u8]) -> Option<Vec<String>> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let devices = json.as_array()?.iter();
    devices
        .map(|device| Some(device.get("handle")?.as_str()?.to_owned()))
        .collect()
}

/// Reads how many were revoked.
fn revoked(body: &[u8]) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    json.get("revoked")?.as_u64()
}
