use serde::Serialize;
use session_core::{Device, Page, PublicId};

use crate::api::rfc3339;
use crate::{Answer, Request};

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
