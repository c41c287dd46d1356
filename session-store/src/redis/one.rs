//! What a command does where one server has all keys: one script.

use std::cmp::Reverse;

use session_core::{Command, Device, Found, Key, Outcome, Revoke, StoreError};

use super::ask::{Answer, Ask, Slots, Which};

pub(super) async fn load(slots: &impl Slots, key: Key) -> Result<Option<Found>, StoreError> {
    let load = Ask::Load {
        key,
        led_by: None,
        confirmed: None,
    };
    Ok(match slots.ask(load).await? {
        Answer::Here(record) => Some(Found::Here(*record)),
        Answer::There(to, record) => Some(Found::Moved {
            to,
            record: *record,
        }),
        _ => None,
    })
}

pub(super) async fn write(slots: &impl Slots, command: Command<'_>) -> Result<Outcome, StoreError> {
    let ask = match command {
        Command::Insert { key, record } => Ask::Insert {
            key: *key,
            record,
            listed: None,
        },
        Command::Replace {
            key,
            expected,
            with,
            record,
            ..
        } if key == with => Ask::Replace {
            key: *key,
            expected,
            record,
            listed: None,
            confirmed: None,
        },
        Command::Replace {
            key,
            expected,
            with,
            record,
            remembered,
        } => Ask::Relocate {
            key: *key,
            expected,
            with: *with,
            record,
            remembered,
        },
        Command::Touch {
            key,
            expected,
            seen,
            expires,
        } => Ask::Touch {
            key: *key,
            expected,
            seen,
            expires,
            listed: None,
            confirmed: None,
        },
        Command::Delete { key } => {
            let finish = Ask::Finish {
                key: *key,
                led_by: None,
                which: Which::Any,
                confirmed: None,
            };
            slots.ask(finish).await?;
            return Ok(Outcome::Applied);
        }
    };
    Ok(if slots.ask(ask).await? == Answer::Done {
        Outcome::Applied
    } else {
        Outcome::Refused
    })
}

pub(super) async fn devices(slots: &impl Slots, owner: &str) -> Result<Vec<Device>, StoreError> {
    let Answer::Devices(mut devices) = slots.ask(Ask::Devices { owner }).await? else {
        return Ok(Vec::new());
    };
    devices.sort_by_key(|device| Reverse(device.seen));
    Ok(devices)
}

pub(super) async fn revoke(
    slots: &impl Slots,
    owner: &str,
    which: Revoke<'_>,
) -> Result<usize, StoreError> {
    match slots.ask(Ask::Revoke { owner, which }).await? {
        Answer::Count(ended) => Ok(ended),
        _ => Ok(0),
    }
}
