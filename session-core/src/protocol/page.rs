use std::cmp::Reverse;

use crate::{Device, PublicId};

/// A page of an owner's list of devices.
///
/// A list has pages because a list has no limit of its own: whoever knows the password can sign in
/// any number of times. The newest sign-ins come first; within a page the most recently seen
/// session does.
///
/// ```
/// use session_core::{Page, Policy, Sessions, StoreError};
///
/// # let store = session_testkit::ModelStore::new();
/// # let sessions = Sessions::new(Policy::default(), store);
/// # pollster::block_on(async {
/// let mut next = Some(Page::first().of(20));
/// while let Some(page) = next {
///     let devices = sessions.devices_of("ada", &page).await?.unwrap_or_default();
///     assert!(devices.len() <= 20);
///     next = page.next(&devices);
/// }
/// # Ok::<(), StoreError>(())
/// # })?;
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    after: Option<PublicId>,
    limit: usize,
}

impl Page {
    /// The first page of at most 100 sessions.
    #[must_use]
    pub fn first() -> Self {
        Self {
            after: None,
            limit: 100,
        }
    }

    /// The page of at most 100 sessions that goes on after one of the list.
    #[must_use]
    pub fn after(handle: PublicId) -> Self {
        Self {
            after: Some(handle),
            ..Self::first()
        }
    }

    /// Changes the limit; a page has at least one session.
    #[must_use]
    pub fn of(self, limit: usize) -> Self {
        let limit = limit.max(1);
        Self { limit, ..self }
    }

    /// Returns the page after this one; `None` if this one is not full.
    #[must_use]
    pub fn next(&self, devices: &[Device]) -> Option<Self> {
        let oldest = devices.iter().min_by_key(|device| place(device))?;
        (devices.len() >= self.limit).then(|| Self::after(oldest.public_id).of(self.limit))
    }

    /// Returns the session with which the store's page begins; for a server that drives a store by
    /// hand.
    #[must_use]
    pub fn from(&self) -> Option<&PublicId> {
        self.after.as_ref()
    }

    /// Returns the limit of the store's page.
    #[must_use]
    pub fn limit(&self) -> usize {
        // The session that it goes on after comes back too, as a sign that it is there.
        self.limit.saturating_add(usize::from(self.after.is_some()))
    }

    /// Takes the store's page; `None` if the session that it goes on after is not there.
    #[must_use]
    pub fn answer(&self, mut found: Vec<Device>) -> Option<Vec<Device>> {
        if let Some(after) = self.after {
            if found.first()?.public_id != after {
                return None;
            }
            found.remove(0);
        }
        found.sort_by_key(|device| (Reverse(device.seen), Reverse(place(device))));
        Some(found)
    }
}

/// The order of a list.
fn place(device: &Device) -> (time::OffsetDateTime, PublicId) {
    (device.created, device.public_id)
}
