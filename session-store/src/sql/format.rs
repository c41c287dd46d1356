//! The versions of the session table, and what a table that is found is for this release.
//!
//! Beside the table stands a small one, `TABLE_version`, with a row for each version that the table
//! has had; a table without it has version 1. `oldest` is the oldest release's version that can
//! still use the table. So an upgrade that only adds leaves older nodes running, and one that does
//! not makes them say so.

/// The version of the tables that this release makes, and to which it upgrades.
///
/// | version | what it added |
/// |---|---|
/// | 1 | |
/// | 2 | `label`, `address`, `tag`, `credential`; an index for an owner's list, one of tags |
pub(crate) const VERSION: i64 = 2;

/// The oldest version whose releases can use a table of [`VERSION`].
pub(crate) const OLDEST: i64 = 1;

/// A column of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Its type as the database's catalogue calls it.
    pub(crate) kind: &'static str,
    pub(crate) presence: Presence,
}

/// Whether a row always has a value in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Each row has a value of its own.
    Unique,
    Mandatory,
    Optional,
    /// Optional, and added to older tables with this type.
    Added(&'static str),
}

/// A table that has our table's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) columns: Vec<FoundColumn>,
    #[cfg(feature = "mysql")]
    pub(crate) indexes: Vec<String>,
    /// The highest version that is noted beside it, and the oldest that can use it.
    pub(crate) noted: Option<(i64, i64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct FoundColumn {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) is_mandatory: bool,
    /// Whether a row gets a value without naming one.
    pub(crate) is_filled: bool,
    pub(crate) is_unique: bool,
}

/// What a table is for this release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Ours,
    /// An older version's: it lacks these columns and perhaps the note of the version.
    Old(Vec<Column>),
    /// Another program's.
    Foreign,
    /// A column of the application's in which our rows would have no value.
    Blocked(String),
    /// A version that needs newer programs.
    TooNew(i64),
}

impl Found {
    /// Judges the table by our columns. Further columns and indexes are the application's.
    pub(crate) fn standing(&self, ours: &[Column]) -> Standing {
        match self.noted {
            Some((version, oldest)) if oldest > VERSION => return Standing::TooNew(version),
            _ => {}
        }
        let mut lacking = Vec::new();
        for column in ours {
            match self.columns.iter().find(|found| found.name == column.name) {
                Some(found) if column.is(found) => {}
                None if matches!(column.presence, Presence::Added(_)) => lacking.push(*column),
                _ => return Standing::Foreign,
            }
        }
        let is_ours = |found: &FoundColumn| ours.iter().any(|column| column.name == found.name);
        let blocks = |found: &&FoundColumn| found.is_mandatory && !found.is_filled;
        let mut others = self.columns.iter().filter(|found| !is_ours(found));
        if let Some(other) = others.find(blocks) {
            return Standing::Blocked(other.name.clone());
        }
        let version = self.noted.map_or(1, |(version, _)| version);
        if lacking.is_empty() && version >= VERSION {
            return Standing::Ours;
        }
        Standing::Old(lacking)
    }
}

impl Column {
    pub(crate) const fn new(name: &'static str, kind: &'static str, presence: Presence) -> Self {
        Self {
            name,
            kind,
            presence,
        }
    }

    fn is(&self, found: &FoundColumn) -> bool {
        let is_mandatory = matches!(self.presence, Presence::Mandatory | Presence::Unique);
        self.kind == found.kind
            && is_mandatory == found.is_mandatory
            && (self.presence != Presence::Unique || found.is_unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [Column; 3] = [
        Column::new("key", "bytes", Presence::Unique),
        Column::new("seen", "number", Presence::Mandatory),
        Column::new("label", "text", Presence::Added("TEXT")),
    ];

    fn found(name: &str, kind: &str, flags: &str) -> FoundColumn {
        FoundColumn {
            name: name.to_owned(),
            kind: kind.to_owned(),
            is_mandatory: flags.contains('m'),
            is_filled: flags.contains('f'),
            is_unique: flags.contains('u'),
        }
    }

    #[test]
    fn a_table_is_judged_by_our_columns_and_its_version() {
        let key = || found("key", "bytes", "mu");
        let seen = || found("seen", "number", "m");
        let label = || found("label", "text", "");
        let note = || found("note", "date", "");
        let lacking = Standing::Old(vec![OURS[2]]);
        let blocked = Standing::Blocked("note".to_owned());
        for (columns, noted, expected) in [
            (vec![key(), seen(), label()], Some((2, 1)), Standing::Ours),
            (vec![label(), seen(), key()], Some((2, 1)), Standing::Ours),
            // The application's own.
            (
                vec![key(), seen(), label(), note()],
                Some((2, 1)),
                Standing::Ours,
            ),
            (
                vec![key(), seen(), label(), found("note", "date", "mf")],
                Some((2, 1)),
                Standing::Ours,
            ),
            (
                vec![key(), seen(), label(), found("note", "date", "m")],
                Some((2, 1)),
                blocked,
            ),
            // Older ones.
            (vec![key(), seen()], None, lacking.clone()),
            (vec![key(), seen()], Some((1, 1)), lacking.clone()),
            (vec![key(), seen(), label()], None, Standing::Old(vec![])),
            // Upgraded halfway, or a column was removed.
            (vec![key(), seen()], Some((2, 1)), lacking.clone()),
            // Newer ones.
            (
                vec![key(), seen(), label(), note()],
                Some((9, 1)),
                Standing::Ours,
            ),
            (vec![key(), seen(), label()], Some((9, 2)), Standing::Ours),
            (
                vec![key(), seen(), label()],
                Some((9, 3)),
                Standing::TooNew(9),
            ),
            (vec![key()], Some((9, 3)), Standing::TooNew(9)),
            // Other programs'.
            (vec![], None, Standing::Foreign),
            (vec![key()], None, Standing::Foreign),
            (
                vec![found("key", "bytes", "m"), seen()],
                None,
                Standing::Foreign,
            ),
            (
                vec![found("key", "text", "mu"), seen()],
                None,
                Standing::Foreign,
            ),
            (
                vec![key(), found("seen", "number", "")],
                None,
                Standing::Foreign,
            ),
            (
                vec![key(), seen(), found("label", "text", "m")],
                None,
                Standing::Foreign,
            ),
            (
                vec![key(), seen(), found("label", "number", "")],
                None,
                Standing::Foreign,
            ),
        ] {
            let table = Found {
                columns,
                #[cfg(feature = "mysql")]
                indexes: Vec::new(),
                noted,
            };
            assert_eq!(table.standing(&OURS), expected, "{table:?}");
        }
    }
}
