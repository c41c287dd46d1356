use std::sync::Arc;

use crate::sql::{self, Effect, LISTED};

/// The statements of an SQLite database.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) common: sql::Statements,
    pub(super) sweep: Arc<str>,
}

impl Statements {
    /// Writes the statements for a table, whose name has been checked.
    pub(super) fn new(table: &str) -> Self {
        let write = |effect: Effect, template: &str| {
            let returning = match effect {
                Effect::Revokes => &*format!(" RETURNING {LISTED}"),
                _ => "",
            };
            // Text is bound as bytes, which a STRICT table refuses.
            let text = template.replace("TEXT", "CAST(? AS TEXT)");
            let text = text
                .replace("BY_RANGE ", "")
                .replace("IF_ABSENT", "ON CONFLICT DO NOTHING");
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
