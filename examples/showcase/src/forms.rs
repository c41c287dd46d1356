use std::time::Duration;

use serde_json::Value;
use session_core::{Expiry, Field, Page, Session};

use crate::api::{owner, revoke, revoke_others, rfc3339, whole_seconds};
use crate::loose::Loose;
use crate::page::{Device, View};
use crate::{Access, Answer, App, Request};

const VISITS: Field<Loose> = Field::new("visits");
const NOTES: Field<Loose> = Field::new("notes");

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
    let owner = session.owner();
    let devices = match &owner {
        Some(owner) => access
            .devices(owner, &Page::first())
            .await?
            .unwrap_or_default(),
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
        expires_in: session
            .expires_in()
            .filter(|_| session.exists())
            .map(whole_seconds),
        idle_minutes: (idle.as_secs() / 60).max(1),
        devices: devices
            .iter()
            .map(|device| Device {
                handle: device.public_id.to_string(),
                created_at: rfc3339(device.created),
                last_seen_at: rfc3339(device.seen),
                expires_at: rfc3339(device.expires),
                current: Some(device.public_id) == session.public_id(),
            })
            .collect(),
        exists: session.exists(),
        notice: notice(request.query),
    };
    Ok(Answer::text(200, "text/html; charset=utf-8", view.render()))
}

/// Applies a form of the page, then shows the page again.
pub(crate) async fn submit(
    app: &App,
    request: Request<'_>,
    form: &[&str],
    access: &impl Access,
) -> Result<Answer, Answer> {
    const FORMS: [&[&str]; 8] = [
        &["visit"],
        &["note"],
        &["note", "remove"],
        &["login"],
        &["logout"],
        &["lifetime"],
        &["revoke"],
        &["revoke-others"],
    ];
    if !FORMS.contains(&form) {
        return Err(Answer::error(404, "not found"));
    }
    if request.method != "POST" {
        return Err(Answer::not_allowed("POST"));
    }
    if form == ["logout"] {
        access.destroy()?;
        return Ok(Answer::see_other("/"));
    }
    let session = access.open().await?;
    Ok(match apply(app, access, &session, form, request).await {
        Ok(()) => Answer::see_other("/"),
        // The page reports errors that the visitor can correct.
        Err(refusal) if (400..500).contains(&refusal.status) => {
            Answer::see_other("/?notice=refused")
        }
        Err(refusal) => refusal,
    })
}

async fn apply(
    app: &App,
    access: &impl Access,
    session: &Session,
    form: &[&str],
    request: Request<'_>,
) -> Result<(), Answer> {
    let bad = || Answer::error(400, "the form is incomplete");
    match form {
        ["visit"] => {
            VISITS.update(session, |visits| {
                let visits = visits.and_then(|visits| visits.0.as_u64());
                Loose(Value::from(visits.unwrap_or(0).saturating_add(1)))
            })?;
        }
        ["note"] => {
            let text = request.field("text").map(|text| text.trim().to_owned());
            let text = text.filter(|text| !text.is_empty() && text.chars().count() <= 200);
            let text = text.ok_or_else(bad)?;
            NOTES.update(session, move |old| {
                let mut all = notes(old.as_ref());
                all.push(text.clone());
                Loose(Value::from(all))
            })?;
        }
        ["note", "remove"] => {
            let index = request.field("index").and_then(|index| index.parse().ok());
            let index: usize = index.ok_or_else(bad)?;
            let shown = notes(NOTES.get(session)?.as_ref());
            let text = shown.get(index).cloned().ok_or_else(bad)?;
            NOTES.update(session, move |old| {
                // By the text that was shown: another tab may have shifted the indices.
                let mut all = notes(old.as_ref());
                if let Some(at) = all.iter().position(|note| *note == text) {
                    all.remove(at);
                }
                Loose(Value::from(all))
            })?;
        }
        ["login"] => {
            let user = request.field("user").map(|user| user.trim().to_owned());
            let user = user.filter(|user| !user.is_empty()).ok_or_else(bad)?;
            app.users().find(user).await?.sign_in(session)?;
        }
        ["lifetime"] => session.set_expiry(lifetime(request).ok_or_else(bad)?)?,
        ["revoke"] => {
            let handle = request.field("handle").ok_or_else(bad)?;
            revoke(access, session, &handle).await?;
        }
        ["revoke-others"] => {
            owner(session)?;
            revoke_others(access, session).await?;
        }
        _ => return Err(Answer::error(404, "not found")),
    }
    Ok(())
}

fn lifetime(request: Request<'_>) -> Option<Expiry> {
    match &*request.field("mode")? {
        "browser-close" => Some(Expiry::BrowserClose),
        "default" => Some(Expiry::Policy),
        "minutes" => {
            let minutes: u64 = request.field("minutes")?.parse().ok()?;
            (1..=525_600)
                .contains(&minutes)
                .then(|| Expiry::After(Duration::from_mins(minutes)))
        }
        _ => None,
    }
}

/// Reads the list of notes; a value of another type under this name counts as empty.
fn notes(value: Option<&Loose>) -> Vec<String> {
    let list = value.and_then(|value| value.0.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|note| note.as_str().map(str::to_owned))
        .collect()
}

fn notice(query: &str) -> Option<&'static str> {
    (query == "notice=refused").then_some("That could not be done; nothing was changed.")
}
