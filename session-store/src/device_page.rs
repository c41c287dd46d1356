use std::cmp::Reverse;

use session_core::{Device, PublicId};

/// Sorts an owner's sessions by sign-in, the newest first, and returns the page that begins with one of them, or with
/// the first.
pub(crate) fn device_page(
    mut devices: Vec<Device>,
    from: Option<&PublicId>,
    limit: usize,
) -> Vec<Device> {
    devices.sort_unstable_by_key(|device| Reverse((device.created, device.public_id)));
    if let Some(from) = from {
        let first = devices.iter().position(|device| device.public_id == *from);
        devices.drain(..first.unwrap_or(devices.len()));
    }
    devices.truncate(limit);
    devices
}
