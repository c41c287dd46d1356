use std::sync::Arc;

use serde_json::Value;
use session_core::{Device, Key, Moment, Record};

use crate::output::{moment, plain};

/// What a list shows of a session.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: Key,
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) address: Option<Arc<str>>,
    pub(crate) created: Moment,
    pub(crate) seen: Moment,
    pub(crate) expires: Moment,
}

impl Found {
    pub(crate) fn of(key: &Key, record: &Record) -> Self {
        Self {
            key: *key,
            owner: record.owner.clone(),
            label: record.label.clone(),
            address: record.address.clone(),
            created: record.created,
            seen: record.seen,
            expires: record.expires,
        }
    }

    /// Takes an entry of an owner's list, in a store whose handles are its keys.
    pub(crate) fn of_device(device: &Device, owner: &str) -> Option<Self> {
        Some(Self {
            key: Key::from_bytes(device.public_id.as_bytes())?,
            owner: Some(owner.into()),
            label: device.label.clone(),
            address: device.address.clone(),
            created: device.created.into(),
            seen: device.seen.into(),
            expires: device.expires.into(),
        })
    }

    pub(crate) fn fields(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &Option<Arc<str>>| text.as_deref().map_or(Value::Null, Value::from);
        vec![
            ("handle", self.key.public_id().to_string().into()),
            ("owner", text(&self.owner)),
            ("label", text(&self.label)),
            ("address", text(&self.address)),
            ("created", moment(self.created).into()),
            ("seen", moment(self.seen).into()),
            ("expires", moment(self.expires).into()),
        ]
    }

    /// One line, whose first five columns have no space.
    pub(crate) fn line(&self) -> String {
        let owner = self.owner.as_deref().unwrap_or("-");
        let [label, address] = [&self.label, &self.address].map(|text| text.as_deref());
        let device: Vec<_> = [label, address].into_iter().flatten().collect();
        let line = format!(
            "{}  {}  {}  {}  {}  {}",
            self.key.public_id(),
            moment(self.created),
            moment(self.seen),
            moment(self.expires),
            owner.replace(' ', "\u{fffd}"),
            device.join(", ")
        );
        plain(line.trim_end())
    }
}
