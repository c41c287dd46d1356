use std::sync::Arc;

use super::table::{Change, Row};
use crate::sql::Value;

/// The statements on Django's table.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) find: Arc<str>,
    insert: Arc<str>,
    swap: Arc<str>,
    rename: Arc<str>,
    take: Arc<str>,
    delete: Arc<str>,
    delete_over: Arc<str>,
    pub(super) batch: Arc<str>,
    pub(super) newest: Arc<str>,
    pub(super) smallest: Arc<str>,
    pub(super) sweep: Arc<str>,
    key: KeyMatch,
}

/// What is different in each database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// A value that is a moment.
    pub(super) moment: &'static str,
    /// The moment of the column, for a comparison in a row whose key is given.
    pub(super) end: &'static str,
    /// The moment of the column, as it is shown.
    pub(super) ends: &'static str,
    /// The place of a row in a walk, and the condition that it comes after another one.
    pub(super) place: &'static str,
    pub(super) after: &'static str,
    pub(super) order: &'static str,
    /// Whether the data are the same, byte by byte.
    pub(super) same_data: &'static str,
    pub(super) key: KeyMatch,
    /// What follows `UPDATE`, so that a taken key is no error.
    pub(super) or_ignore: &'static str,
    pub(super) sweep: &'static str,
}

/// How a key is compared byte by byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyMatch {
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    Plain,
    /// The index knows neither case nor accents, so that bytes are compared as well.
    #[cfg(feature = "mysql")]
    Twice,
}

impl KeyMatch {
    fn sql(self) -> &'static str {
        match self {
            #[cfg(any(feature = "postgres", feature = "sqlite"))]
            Self::Plain => "session_key = ?",
            #[cfg(feature = "mysql")]
            Self::Twice => "session_key = ? AND CAST(session_key AS BINARY) = ?",
        }
    }

    pub(super) fn values(self, key: &str) -> Vec<Value<'_>> {
        match self {
            #[cfg(any(feature = "postgres", feature = "sqlite"))]
            Self::Plain => vec![Value::Text(key)],
            #[cfg(feature = "mysql")]
            Self::Twice => vec![Value::Text(key); 2],
        }
    }
}

impl Statements {
    /// Writes the statements; `write` names the table and numbers the values.
    pub(super) fn new(words: &Words, write: impl Fn(&str) -> String) -> Self {
        let Words {
            moment,
            end,
            ends,
            place,
            after,
            order,
            same_data,
            key,
            or_ignore,
            sweep,
        } = *words;
        let at = key.sql();
        let is_old = format!("{at} AND {same_data} AND {end} = {moment}");
        let new = format!("session_data = ?, expire_date = {moment}");
        let write = |text: String| Arc::from(write(&text));
        Self {
            find: write(format!("SELECT session_data, {ends} FROM TABLE WHERE {at}")),
            insert: write(format!(
                "INSERT INTO TABLE (session_key, session_data, expire_date) \
                 VALUES (?, ?, {moment}) IF_ABSENT"
            )),
            swap: write(format!("UPDATE TABLE SET {new} WHERE {is_old}")),
            rename: write(format!(
                "UPDATE {or_ignore}TABLE SET session_key = ?, {new} WHERE {is_old}"
            )),
            take: write(format!("DELETE FROM TABLE WHERE {is_old}")),
            delete: write(format!("DELETE FROM TABLE WHERE {at}")),
            delete_over: write(format!(
                "DELETE FROM TABLE WHERE {at} AND {end} <= {moment}"
            )),
            batch: write(format!(
                "SELECT {place}, session_key, session_data, {ends} FROM TABLE \
                 WHERE {after} ORDER BY {order} LIMIT ?"
            )),
            newest: write(
                "SELECT session_data FROM TABLE ORDER BY expire_date DESC LIMIT ?".to_owned(),
            ),
            smallest: write(
                "SELECT session_key FROM TABLE ORDER BY session_key LIMIT ?".to_owned(),
            ),
            sweep: write(sweep.to_owned()),
            key,
        }
    }

    /// Returns the values of `find`.
    pub(super) fn at<'v>(&self, key: &'v str) -> Vec<Value<'v>> {
        self.key.values(key)
    }

    /// Returns the statement of a change, and its values.
    pub(super) fn of<'v>(&self, change: Change<'v>) -> (&Arc<str>, Vec<Value<'v>>) {
        let at = |key| self.at(key);
        let cells = |row: &'v Row| [&*row.token, &*row.ends].map(Value::Text).to_vec();
        match change {
            Change::Delete { key } => (&self.delete, at(key)),
            Change::DeleteOver { key, moment } => (
                &self.delete_over,
                [at(key), vec![Value::Text(moment)]].concat(),
            ),
            Change::Insert { key, row } => {
                (&self.insert, [vec![Value::Text(key)], cells(row)].concat())
            }
            Change::Move { key, to, old, new } => {
                let to = vec![Value::Text(to)];
                (&self.rename, [to, cells(new), at(key), cells(old)].concat())
            }
            Change::Swap { key, old, new } => {
                (&self.swap, [cells(new), at(key), cells(old)].concat())
            }
            Change::Take { key, old } => (&self.take, [at(key), cells(old)].concat()),
        }
    }
}

/// The key of the row by which a check tries its rights; no session has a key with a space.
pub(super) const PROBE: &str = "session check";

/// Returns a row that any sweep removes, with room for a session.
pub(super) fn probe(ends: &str) -> Row {
    Row {
        token: "-".repeat(4096),
        ends: ends.to_owned(),
    }
}
