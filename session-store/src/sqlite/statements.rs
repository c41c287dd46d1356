use std::sync::Arc;

use crate::sql::{self, Effect, LISTED};

/// The SQL with the table's name in it, one statement a call.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) common: sql::Statements,
    pub(super) sweep: Arc<str>,
}

impl Statements {
    /// Writes the statements; the name has been checked.
    pub(super) fn new(table: &str) -> Self {
        let write = |effect: Effect, template: &str| {
            let returning = match effect {
                Effect::Revokes => &*format!(" RETURNING {LISTED}"),
                _ => "",
            };
            // All texts are bound as bytes, and the table is STRICT.
            let text = template.replace("TEXT", "CAST(? AS TEXT)");
            let text = text.replace("IF_ABSENT", "ON CONFLICT DO NOTHING");
            let text = text.replace("GREATEST", "max").replace("KEY", "key");
            text.replace("TABLE", &format!("\"{table}\"")) + returning
        };
        let sweep = "DELETE FROM TABLE WHERE rowid IN \
                     (SELECT rowid FROM TABLE WHERE expires <= ? LIMIT ?)";
        Self {
            sweep: write(Effect::Ends, sweep).into(),
            common: sql::Statements::new(write),
        }
    }
}
