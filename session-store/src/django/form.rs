use std::borrow::Cow;

use session_core::django::{SessionExpiry, Zone};
use session_core::{Expiry, Moment};

/// How a site writes moments.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// In a session's values.
    pub(super) zone: Zone,
    /// In the column `expire_date`.
    pub(super) column: Zone,
}

impl Form {
    /// Reads the value of `_session_expiry`. What Django could not save has no meaning: the row's
    /// own end counts.
    pub(super) fn expiry(&self, value: &str, saved: Moment) -> Expiry {
        let expiry = SessionExpiry::parse(Some(value), &self.zone, saved.into());
        expiry.map(Expiry::from).unwrap_or_default()
    }

    /// Writes the value; `None` for no lifetime of the session's own.
    pub(super) fn expiry_value(&self, expiry: Expiry) -> Option<Cow<'static, str>> {
        SessionExpiry::from(expiry).to_json(&self.zone)
    }

    /// Reads the column as Django sees it at a moment; `None` if that is none.
    pub(crate) fn moment(&self, column: &str, now: Moment) -> Option<Moment> {
        let moment = self.column.read_column_at(column, now.into());
        moment.map(Into::into)
    }

    pub(super) fn column(&self, moment: Moment) -> String {
        self.column.to_column(moment.into())
    }

    /// Returns a moment as the column shows it.
    pub(super) fn shown(&self, moment: Moment, now: Moment) -> Option<Moment> {
        if self.column.uses_tz() {
            Some(moment)
        } else {
            self.moment(&self.column(moment), now)
        }
    }
}
