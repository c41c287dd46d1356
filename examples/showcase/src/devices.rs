use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use session_core::{Device, Page, PublicId, Session};

use crate::api::{owner, revoke_others, rfc3339, saves};
use crate::{Access, Answer, Request};

/// A device as the API shows it.
#[derive(Serialize)]
pub(crate) struct Shown {
    handle: String,
    label: Option<String>,
    created_at: String,
    last_seen_at: String,
    expires_at: String,
    current: bool,
}

impl Shown {
    pub(crate) fn of(device: &Device, current: Option<PublicId>) -> Self {
        Self {
            handle: device.public_id.to_string(),
            label: device.label.as_deref().map(str::to_owned),
            created_at: rfc3339(device.created),
            last_seen_at: rfc3339(device.seen),
            expires_at: rfc3339(device.expires),
            current: Some(device.public_id) == current,
        }
    }
}

/// Ends the owner's other sessions, because the password was changed; this one goes on under a new id.
pub(crate) async fn password(access: &impl Access, session: &Session) -> Result<Answer, Answer> {
    session.reauthenticate()?;
    // Before the others end, since a plain id is the handle too. Whoever has been signed out ends nobody's.
    let revoked = if saves(access).await? {
        revoke_others(access, session).await?
    } else {
        0
    };
    Ok(Answer::json(200, &json!({ "revoked": revoked })))
}

/// Answers only an owner who has just authenticated.
pub(crate) fn sensitive(request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let within = request.asked("within").and_then(|text| text.parse().ok());
    let within = within.ok_or_else(|| Answer::error(400, "within is a number of seconds"))?;
    session.require_authenticated_within(Duration::from_secs(within))?;
    Ok(Answer::json(200, &json!({ "owner": &*owner(session)? })))
}

/// Reads which page of the list is asked for.
pub(crate) fn page(request: &Request<'_>) -> Result<Page, Answer> {
    match request.asked("after") {
        None => Ok(Page::first()),
        Some(handle) => match PublicId::parse(&handle) {
            Some(handle) => Ok(Page::after(handle)),
            None => Err(Answer::error(400, "after is a device's handle")),
        },
    }
}
