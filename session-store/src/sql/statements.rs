use std::sync::Arc;

use session_core::{Command, Only, PublicId, Revoke, to_micros};

use super::{Dialect, Effect, Value};

/// The SQL that all servers understand, one statement a command.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: Arc<str>,
    pub(crate) insert: Arc<str>,
    pub(crate) replace: Arc<str>,
    /// The same, of a record that ends one of its secrets or is closed.
    pub(crate) rotate: Arc<str>,
    /// The same, of a record that is over.
    pub(crate) end: Arc<str>,
    pub(crate) touch: Arc<str>,
    pub(crate) delete: Arc<str>,
    pub(crate) delete_opened: Arc<str>,
    pub(crate) delete_over: Arc<str>,
    pub(crate) devices: Arc<str>,
    pub(crate) revoke_all: Revocation,
    pub(crate) revoke_all_but: Revocation,
    pub(crate) revoke_one: Revocation,
    pub(crate) probe: Arc<str>,
    pub(crate) unprobe: Arc<str>,
}

/// Ends sessions of an owner. MySQL can't say what it has removed, only how much; so those that do
/// not count go first.
#[derive(Debug)]
pub(crate) struct Revocation {
    /// Removes those that are over or closed.
    pub(crate) uncounted: Arc<str>,
    /// Removes all that are there, whatever the clock says.
    pub(crate) all: Arc<str>,
}

impl Statements {
    pub(crate) fn of<D: Dialect>(dialect: &D) -> Self {
        let writer = |effect: Effect| move |text: &str| Arc::from(dialect.sql(effect, text));
        let sql = writer(Effect::Nothing);
        let changing = writer(Effect::Changes);
        let ending = writer(Effect::Ends);
        let fields = FIELDS.join(", ");
        let values = FIELDS.map(|_| "?").join(", ");
        let assignments = FIELDS.map(|name| format!("{name} = ?")).join(", ");
        let if_absent = D::IF_ABSENT;
        let expected = "KEY = ? AND revision = ? AND expires > ?";
        let replace = format!("UPDATE TABLE SET {assignments} WHERE {expected}");
        let revocation = |which: &str| Revocation {
            uncounted: ending(&format!(
                "DELETE FROM TABLE WHERE {which} AND (expires <= ? OR closed)"
            )),
            all: ending(&format!("DELETE FROM TABLE WHERE {which}")),
        };
        Self {
            load: sql(&format!("SELECT {fields} FROM TABLE WHERE KEY = ?")),
            insert: sql(&format!(
                "INSERT INTO TABLE ({fields}, KEY) VALUES ({values}, ?) {if_absent}"
            )),
            replace: changing(&replace),
            rotate: ending(&replace),
            end: ending(&format!("DELETE FROM TABLE WHERE {expected}")),
            touch: sql(&format!(
                "UPDATE TABLE SET seen = GREATEST(seen, ?), expires = GREATEST(expires, ?) \
                 WHERE {expected}"
            )),
            delete: ending("DELETE FROM TABLE WHERE KEY = ?"),
            delete_opened: ending(
                "DELETE FROM TABLE WHERE KEY = ? AND ? IN (present, remembered, earlier)",
            ),
            delete_over: ending("DELETE FROM TABLE WHERE KEY = ? AND expires <= ?"),
            devices: sql("SELECT KEY, created, seen, expires FROM TABLE \
                 WHERE owner = ? AND expires > ? AND NOT closed ORDER BY seen DESC"),
            revoke_all: revocation("owner = ?"),
            revoke_all_but: revocation("owner = ? AND KEY <> ?"),
            revoke_one: revocation("owner = ? AND KEY = ?"),
            // No session has an empty key. If the second one does not follow, a sweep will.
            probe: sql(&format!(
                "INSERT INTO TABLE ({fields}, KEY) VALUES (0, '', 0, NULL, NULL, NULL, NULL, \
                 FALSE, 0, 0, 0, NULL, NULL, '', '', '') {if_absent}"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE KEY = ''"),
        }
    }

    /// Returns the statement that carries a command out, and what it is run with.
    pub(crate) fn of_command<'v>(
        &self,
        command: Command<'v>,
        now: i64,
    ) -> (&Arc<str>, Vec<Value<'v>>) {
        use Value::{Bytes, Fields, Number};
        match command {
            Command::Insert { key, record } => {
                (&self.insert, vec![Fields(record), Bytes(key.as_bytes())])
            }
            Command::Replace {
                key,
                expected,
                record,
            } => {
                let state = [
                    Bytes(key.as_bytes()),
                    Number(expected.to_i64()),
                    Number(now),
                ];
                if to_micros(record.expires) <= now {
                    return (&self.end, state.to_vec());
                }
                // A salt is there from a rotation until the new secret is presented.
                let remembered = record.secrets.remembered.as_ref();
                let is_rotated = remembered.is_some_and(|it| it.salt.is_some());
                let text = if is_rotated || record.closed {
                    &self.rotate
                } else {
                    &self.replace
                };
                (text, [&[Fields(record)], &state[..]].concat())
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                let lifetime = [seen, expires].map(|moment| Number(to_micros(moment)));
                let state = [
                    Bytes(key.as_bytes()),
                    Number(expected.to_i64()),
                    Number(now),
                ];
                (&self.touch, [&lifetime[..], &state].concat())
            }
            Command::Delete { key, only } => {
                let key = Bytes(key.as_bytes());
                match only {
                    Only::Always => (&self.delete, vec![key]),
                    Only::Opened(digest) => {
                        (&self.delete_opened, vec![key, Bytes(digest.as_bytes())])
                    }
                    Only::Over(moment) => (&self.delete_over, vec![key, Number(to_micros(moment))]),
                }
            }
        }
    }

    /// Returns the statements that end sessions of an owner, and the handle that they name.
    pub(crate) fn of_revoke<'v>(&self, which: Revoke<'v>) -> (&Revocation, Option<Value<'v>>) {
        // A session's handle is its key.
        let handle = |handle: &'v PublicId| Some(Value::Bytes(handle.as_bytes()));
        match which {
            Revoke::All => (&self.revoke_all, None),
            Revoke::AllBut(kept) => (&self.revoke_all_but, handle(kept)),
            Revoke::One(ended) => (&self.revoke_one, handle(ended)),
        }
    }
}

/// A record's columns, in the order in which they are bound and read.
const FIELDS: [&str; 15] = [
    "revision",
    "present",
    "issued",
    "remembered",
    "earlier",
    "remembered_until",
    "salt",
    "closed",
    "created",
    "seen",
    "expires",
    "authenticated",
    "owner",
    "expiry",
    "data",
];
