use session_core::{Expiry, Page, Session, SessionError};
use session_extras::Flash;

use crate::api::{rfc3339, whole_seconds};
use crate::forms::{NOTES, VISITS, notes};
use crate::page::{Device, Happened, Lifetime, View};
use crate::panel::{Handle, Side};
use crate::{Access, Answer, App, Request};

/// Shows the page.
pub(crate) async fn page(
    app: &App,
    request: Request<'_>,
    access: &impl Access,
) -> Result<Answer, Answer> {
    if request.verb() != "GET" {
        return Err(Answer::not_allowed("GET, HEAD"));
    }
    let session = access.open().await?;
    // Nobody reads what a HEAD would take.
    let mut messages = match request.method {
        "HEAD" => Vec::new(),
        _ => messages(access, &session).await?,
    };
    if request.asked("message").as_deref() == Some("signed-out") && session.owner().is_none() {
        messages.push("You are signed out.".to_owned());
    }
    let was_known = request.cookie_of(access.policy().cookie_name()).is_some();
    if messages.is_empty() && was_known && !session.exists() && !session.is_superseded() {
        messages.push(ENDED.to_owned());
    }
    let happened = happened(app, request, access, &session);
    let owner = session.owner();
    let devices = match &owner {
        Some(owner) => match access.devices(owner, &Page::first()).await {
            // There is no list of sessions that are in their cookies.
            Err(SessionError::Store(error)) if error.is_unsupported() => Vec::new(),
            found => found?.unwrap_or_default(),
        },
        None => Vec::new(),
    };
    let idle = match session.expiry() {
        Expiry::After(idle) => idle,
        _ => app.idle(),
    };
    let view = View {
        server: app.server(),
        visits: VISITS
            .get(&session)?
            .and_then(|visits| visits.0.as_u64())
            .unwrap_or(0),
        notes: notes(NOTES.get(&session)?.as_ref()),
        owner: owner.map(|owner| owner.to_string()),
        browser_close: session.is_until_browser_close(),
        lifetime: match session.expiry() {
            Expiry::BrowserClose => Lifetime::BrowserClose,
            Expiry::After(_) => Lifetime::Minutes,
            Expiry::Policy => Lifetime::Default,
            _ => Lifetime::Other,
        },
        expires_in: session
            .expires_in()
            .filter(|_| session.exists())
            .map(whole_seconds),
        idle_minutes: (idle.as_secs() / 60).max(1),
        devices: devices
            .iter()
            .map(|device| Device {
                handle: device.public_id.to_string(),
                label: device.label.as_deref().map(str::to_owned),
                created_at: rfc3339(device.created),
                last_seen_at: rfc3339(device.seen),
                expires_at: rfc3339(device.expires),
                current: Some(device.public_id) == session.public_id(),
            })
            .collect(),
        exists: session.exists(),
        notice: notice(&request),
        messages,
        happened,
    };
    Ok(Answer::text(200, "text/html; charset=utf-8", view.render()))
}

/// Tells what the form did that led here, once.
fn happened(
    app: &App,
    request: Request<'_>,
    access: &impl Access,
    session: &Session,
) -> Option<Happened> {
    // Nobody reads what a HEAD would take.
    let word = request.asked("done").filter(|_| request.method == "GET")?;
    let panel = app.panels().take(&word)?;
    let after = side(app, request, access, Some(session));
    let name = access.policy().cookie_name();
    Some(panel.shown(name, after, app.sessions().are_in_cookies()))
}

/// Notes what the browser sends, and what it stands for if that was looked up.
pub(crate) fn side(
    app: &App,
    request: Request<'_>,
    access: &impl Access,
    session: Option<&Session>,
) -> Side {
    let sent = request.cookie_of(access.policy().cookie_name());
    Side {
        cookie: sent.map(|value| app.panels().cookie(value)),
        handle: match session {
            None => Handle::Unknown,
            Some(session) => session.public_id().map_or(Handle::None, Handle::Of),
        },
    }
}

/// Takes the messages for this page, and saves first, so that no other tab shows them too.
async fn messages(access: &impl Access, session: &Session) -> Result<Vec<String>, Answer> {
    loop {
        let taken = Flash::take_unsaved(session)?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        match access.save().await {
            Ok(()) => return Ok(taken.into_iter().map(|flash| flash.text).collect()),
            // Another tab was faster; look for later ones.
            Err(SessionError::Conflict { .. }) => {}
            Err(SessionError::Gone | SessionError::Superseded) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn notice(request: &Request<'_>) -> Option<&'static str> {
    let refused = request.asked("notice").as_deref() == Some("refused");
    refused.then_some("That could not be done; nothing was changed.")
}

const ENDED: &str =
    "Your session has ended: it was signed out from elsewhere, or nobody used it for too long.";
