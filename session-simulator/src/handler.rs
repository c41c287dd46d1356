use session_core::{RequestSession, Revoke, SessionError};

use crate::act::{Act, Task};
use crate::desk::{COUNTER, Desk, owner_name, seen, slot_name};
use crate::ledger::attempt::Target;
use crate::ledger::write::What;
use crate::ledger::{Fact, Ledger};
use crate::setting::MAX_BYTES;

/// Serves a task, as a server with an adapter does.
pub(crate) async fn serve(desk: Desk, cookies: Vec<String>, task: Task) {
    match task {
        Task::Page(acts) => page(desk, cookies, acts).await,
        Task::Logout => logout(desk, cookies).await,
        Task::Revoke(owner) => revoke(desk, Some(owner)).await,
        Task::RevokeEverybody => revoke(desk, None).await,
        Task::List(owner) => list(desk, owner).await,
        Task::Sweep => {
            let now = desk.sessions.policy().now();
            let _ = desk.sessions.store().sweep(now, 100).await;
        }
    }
}

/// Looks at a session while nothing fails, and goes away.
pub(crate) async fn probe(desk: Desk, cookie: String) {
    let request = desk.sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await;
    desk.looks(&session.expect("no store call fails any more"));
}

async fn page(desk: Desk, cookies: Vec<String>, acts: Vec<Act>) {
    let request = desk.sessions.open(cookies.iter().map(String::as_bytes));
    let mut status = 200;
    let mut kept = None;
    match request.handle().load().await {
        Ok(session) => {
            desk.looks(&session);
            for act in acts {
                match act {
                    Act::Keep => kept = Some(session.clone()),
                    Act::Fail => status = 500,
                    other => {
                        if let Err(error) = perform(&desk, &session, other).await {
                            status = error.status();
                            break;
                        }
                    }
                }
            }
        }
        Err(error) => status = error.status(),
    }
    let outcome = request.commit(status).await;
    drop(kept);
    desk.answers(status, outcome);
}

async fn perform(desk: &Desk, session: &RequestSession, act: Act) -> Result<(), SessionError> {
    let id = desk.id;
    let wrote = |what| desk.ledger.borrow_mut().wrote(id, what);
    match act {
        Act::Put(slot) => {
            let value = (u64::from(id) << 32) | desk.ledger.borrow_mut().point().order;
            session.insert(&slot_name(slot), value)?;
            wrote(What::Put(slot, value));
        }
        Act::Remove(slot) => {
            // To remove what is not there changes nothing.
            let is_there = session.contains(&slot_name(slot));
            session.remove(&slot_name(slot))?;
            if is_there {
                wrote(What::Remove(slot));
            }
        }
        Act::Add => {
            session.update(COUNTER, |count: Option<u64>| count.unwrap_or(0) + 1)?;
            wrote(What::Add);
        }
        Act::Clear => {
            let has_values = !session.is_empty();
            session.clear()?;
            if has_values {
                wrote(What::Clear);
            }
        }
        Act::Big => session.insert("big", "x".repeat(MAX_BYTES - 100))?,
        Act::Cycle => {
            session.cycle()?;
            desk.ledger.borrow_mut().visit(id, |visit| visit.turns += 1);
        }
        Act::SignIn(owner) => {
            let from = seen(session);
            session.sign_in(owner_name(owner))?;
            desk.ledger.borrow_mut().signs_in(id, owner, from);
        }
        Act::Reauthenticate => {
            session.reauthenticate()?;
            desk.ledger.borrow_mut().visit(id, |visit| visit.turns += 1);
        }
        Act::Destroy => {
            let own = session.public_id();
            // After a sign-in the browser may have another cookie already.
            let is_left = own.is_some() && session.is_superseded();
            session.destroy()?;
            desk.ledger.borrow_mut().destroys(id, own, is_left);
        }
        Act::Save => save(desk, session).await?,
        Act::TrySave => {
            // The handler goes on.
            let _ = save(desk, session).await;
        }
        Act::RevokeAll => revoke_own(desk, session, None).await?,
        Act::RevokeOthers => revoke_own(desk, session, session.public_id()).await?,
        Act::Keep | Act::Fail => {}
    }
    Ok(())
}

async fn save(desk: &Desk, session: &RequestSession) -> Result<(), SessionError> {
    let saved = session.save().await;
    let mut ledger = desk.ledger.borrow_mut();
    match &saved {
        Ok(()) => ledger.saved(desk.id, seen(session)),
        Err(SessionError::Gone | SessionError::Superseded) => {
            ledger.lost(desk.id, session.public_id());
        }
        Err(SessionError::TooManyDevices { .. }) => ledger.login_refused(desk.id),
        Err(_) => ledger.save_failed(desk.id),
    }
    saved
}

/// A handler ends its owner's sessions, all but one if there is one.
async fn revoke_own(
    desk: &Desk,
    session: &RequestSession,
    kept: Option<session_core::PublicId>,
) -> Result<(), SessionError> {
    let stored = session.public_id();
    // What has just signed in stays.
    let has_signed_in = |ledger: &Ledger| {
        ledger
            .visits
            .get(&desk.id)
            .is_some_and(|it| it.has_signed_in)
    };
    let stays = kept.or(stored.filter(|_| has_signed_in(&desk.ledger.borrow())));
    let owner = session.owner().as_deref().and_then(crate::desk::owner_of);
    let Some(owner) = owner else {
        return Err(SessionError::NotSignedIn);
    };
    let target = stays.map_or(Target::Owners(owner), |kept| Target::OwnersBut(owner, kept));
    let attempt = desk.ledger.borrow_mut().attempt(desk.id, target);
    match &kept {
        Some(kept) => session.revoke(Revoke::AllBut(kept)).await?,
        None => session.revoke(Revoke::All).await?,
    };
    let mut ledger = desk.ledger.borrow_mut();
    ledger.succeed(attempt);
    if kept.is_none() && stored.is_some() && session.public_id().is_none() {
        ledger.revoked_its_own(desk.id);
    }
    Ok(())
}

async fn logout(desk: Desk, cookies: Vec<String>) {
    let request = desk.sessions.open(cookies.iter().map(String::as_bytes));
    let mut status = 200;
    desk.ledger.borrow_mut().logs_out(desk.id);
    if let Err(error) = request.handle().destroy() {
        status = error.status();
    }
    let outcome = request.commit(status).await;
    desk.answers(status, outcome);
}

/// The application ends an owner's sessions, or everybody's.
async fn revoke(desk: Desk, owner: Option<u8>) {
    let target = owner.map_or(Target::Everybody, Target::Owners);
    let attempt = desk.ledger.borrow_mut().attempt(desk.id, target);
    let ended = match owner {
        Some(owner) => desk.sessions.revoke(&owner_name(owner), Revoke::All).await,
        None => desk.sessions.revoke_everybody().await,
    };
    let mut ledger = desk.ledger.borrow_mut();
    if ended.is_ok() {
        ledger.succeed(attempt);
    }
    ledger.ends(desk.id);
}

async fn list(desk: Desk, owner: u8) {
    let begun = desk.ledger.borrow_mut().point();
    let found = desk.sessions.devices(&owner_name(owner)).await;
    let mut ledger = desk.ledger.borrow_mut();
    if let Ok(found) = found {
        let found = found.iter().map(|device| device.public_id).collect();
        ledger.note(Fact::Listed {
            owner,
            begun,
            found,
        });
    }
    ledger.ends(desk.id);
}
