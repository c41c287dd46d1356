use std::sync::Arc;

use session_core::{Command, Only, PublicId, Revoke, StoreError, to_micros};

use super::Value;
use crate::estimate::SAMPLE;

/// The SQL that all databases understand, one statement a command.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: Arc<str>,
    pub(crate) insert: Arc<str>,
    pub(crate) replace: Arc<str>,
    /// The replacement by a record that ends one of its secrets or is closed.
    pub(crate) rotate: Arc<str>,
    /// The replacement by a record that is over.
    pub(crate) end: Arc<str>,
    pub(crate) touch: Arc<str>,
    pub(crate) delete: Arc<str>,
    pub(crate) delete_opened: Arc<str>,
    pub(crate) delete_over: Arc<str>,
    pub(crate) devices: Arc<str>,
    /// The list that begins with one of its sessions.
    pub(crate) devices_from: Arc<str>,
    /// The moment of the session with which such a list begins.
    pub(crate) first: Arc<str>,
    pub(crate) revoke_all: Arc<str>,
    pub(crate) revoke_all_but: Arc<str>,
    pub(crate) revoke_one: Arc<str>,
    pub(crate) revoke_tagged: Arc<str>,
    /// The key at which a batch of all sessions ends.
    pub(crate) batch_end: Arc<str>,
    pub(crate) revoke_batch: Arc<str>,
    pub(crate) revoke_rest: Arc<str>,
    /// A batch of all sessions, whose last column is the key.
    pub(crate) walk: Arc<str>,
    /// The first keys, from their index.
    pub(crate) smallest: Arc<str>,
    pub(crate) probe: Arc<str>,
    pub(crate) unprobe: Arc<str>,
}

/// The effect of a statement on caches that have copies of the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Changes,
    /// Ends a session or one of its secrets.
    Ends,
    Nothing,
    /// Ends an owner's sessions and says of each whether it was listed.
    Revokes,
}

impl Statements {
    /// Writes the statements; `write` turns each template into the database's SQL.
    ///
    /// In a template `TABLE` and `KEY` stand for the table and its column of that name, `?` for a
    /// value, `TEXT` for a value that is text, `BY_RANGE` for a hint to read only a range of the
    /// owner's index, and `IF_ABSENT` for the clause that makes an
    /// `INSERT` do nothing if the key is taken.
    pub(crate) fn new(write: impl Fn(Effect, &str) -> String) -> Self {
        let writer = |effect: Effect| {
            let write = &write;
            move |template: &str| Arc::from(write(effect, template))
        };
        let sql = writer(Effect::Nothing);
        let changing = writer(Effect::Changes);
        let ending = writer(Effect::Ends);
        let revoking = writer(Effect::Revokes);
        let fields = FIELDS.map(|(name, _)| name).join(", ");
        let values = FIELDS.map(|(_, value)| value).join(", ");
        let assignments = FIELDS.map(|(name, value)| format!("{name} = {value}"));
        let assignments = assignments.join(", ");
        let expected = "KEY = ? AND revision = ? AND expires > ?";
        let replace = format!("UPDATE TABLE SET {assignments} WHERE {expected}");
        Self {
            load: sql(&format!("SELECT {fields} FROM TABLE WHERE KEY = ?")),
            insert: sql(&format!(
                "INSERT INTO TABLE ({fields}, KEY) VALUES ({values}, ?) IF_ABSENT"
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
            devices: sql(&format!(
                "{LIST} WHERE owner = TEXT AND {LISTED} {NEWEST_FIRST}"
            )),
            devices_from: sql(&format!(
                "{LIST} BY_RANGE WHERE owner = TEXT AND {LISTED} AND created <= ? \
                 AND (created < ? OR KEY <= ?) {NEWEST_FIRST}"
            )),
            first: sql(&format!(
                "SELECT created FROM TABLE WHERE owner = TEXT AND {LISTED} AND KEY = ?"
            )),
            revoke_all: revoking("DELETE FROM TABLE WHERE owner = TEXT"),
            revoke_all_but: revoking("DELETE FROM TABLE WHERE owner = TEXT AND KEY <> ?"),
            revoke_one: revoking("DELETE FROM TABLE WHERE owner = TEXT AND KEY = ?"),
            revoke_tagged: revoking("DELETE FROM TABLE WHERE tag = TEXT"),
            batch_end: sql("SELECT KEY FROM TABLE WHERE KEY > ? ORDER BY KEY LIMIT 1 OFFSET ?"),
            revoke_batch: revoking("DELETE FROM TABLE WHERE KEY > ? AND KEY <= ?"),
            revoke_rest: revoking("DELETE FROM TABLE WHERE KEY > ?"),
            walk: sql(&format!(
                "SELECT {fields}, KEY FROM TABLE WHERE KEY > ? ORDER BY KEY LIMIT ?"
            )),
            smallest: sql("SELECT KEY FROM TABLE WHERE KEY > ? ORDER BY KEY LIMIT ?"),
            // No session has an empty key. If `unprobe` does not follow, a sweep removes the row.
            probe: sql(&format!(
                "INSERT INTO TABLE ({fields}, KEY) VALUES (0, ?, 0, NULL, NULL, NULL, NULL, \
                 FALSE, 0, 0, 0, NULL, NULL, '', TEXT, NULL, NULL, NULL, NULL, ?) IF_ABSENT"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE KEY = ?"),
        }
    }

    /// Returns the statement that carries out a command, and its values.
    pub(crate) fn of_command<'v>(
        &self,
        command: Command<'v>,
        now: i64,
    ) -> Result<(&Arc<str>, Vec<Value<'v>>), StoreError> {
        use Value::{Bytes, Fields, Number};
        let key = Bytes(command.key().as_bytes());
        Ok(match command {
            Command::Insert { record, .. } => (&self.insert, vec![Fields(record), key]),
            Command::Replace {
                expected, record, ..
            } => {
                let state = [key, Number(expected.to_i64()), Number(now)];
                if to_micros(record.expires) <= now {
                    return Ok((&self.end, state.to_vec()));
                }
                // A record has a salt from a rotation until the new secret is presented.
                let remembered = record.secrets.remembered.as_ref();
                let is_rotated = remembered.is_some_and(|it| it.salt.is_some());
                let text = if is_rotated || record.closed {
                    &self.rotate
                } else {
                    &self.replace
                };
                (text, [&[Fields(record)], &state[..]].concat())
            }
            Command::Move { .. } => return Err(StoreError::keys_stay()),
            Command::Touch {
                expected,
                seen,
                expires,
                ..
            } => {
                let [seen, expires] = [seen, expires].map(|moment| Number(to_micros(moment)));
                let expected = Number(expected.to_i64());
                (&self.touch, vec![seen, expires, key, expected, Number(now)])
            }
            Command::Delete { only, .. } => match only {
                Only::Always => (&self.delete, vec![key]),
                Only::Opened(digest) => (&self.delete_opened, vec![key, Bytes(digest.as_bytes())]),
                Only::Over(moment) => (&self.delete_over, vec![key, Number(to_micros(moment))]),
            },
        })
    }

    /// Returns the statement that lists an owner's sessions from the newest or from one of them,
    /// and its values.
    pub(crate) fn of_devices<'v>(
        &self,
        owner: &'v str,
        from: Option<(i64, &'v PublicId)>,
        now: i64,
        (skipped, limit): (usize, usize),
    ) -> (&Arc<str>, Vec<Value<'v>>) {
        use Value::{Bytes, Number};
        let (owner, now) = (Bytes(owner.as_bytes()), Number(now));
        let count = |count| Number(i64::try_from(count).unwrap_or(i64::MAX));
        let (skipped, limit) = (count(skipped), count(limit));
        match from {
            None => (&self.devices, vec![owner, now, limit, skipped]),
            Some((created, from)) => {
                let (created, from) = (Number(created), Bytes(from.as_bytes()));
                let values = vec![owner, now, created, created, from, limit, skipped];
                (&self.devices_from, values)
            }
        }
    }

    /// Returns the statement that reads the moment of a session with which a page begins, and its
    /// values; it finds no row if the list has no such session.
    ///
    /// (As a subquery it would make MySQL read all newer sessions too.)
    pub(crate) fn of_first<'v>(
        &self,
        owner: &'v str,
        from: &'v PublicId,
        now: i64,
    ) -> (&Arc<str>, [Value<'v>; 3]) {
        let (owner, from) = (owner.as_bytes(), from.as_bytes());
        let values = [Value::Bytes(owner), Value::Number(now), Value::Bytes(from)];
        (&self.first, values)
    }

    /// Returns the statement that finds the key at which the next batch of all sessions ends, and its values; no row
    /// if fewer are left.
    pub(crate) fn of_batch_end<'v>(&self, after: &'v [u8]) -> (&Arc<str>, [Value<'v>; 2]) {
        let values = [Value::Bytes(after), Value::Number(BATCH - 1)];
        (&self.batch_end, values)
    }

    /// Returns the statement that ends the sessions of such a batch, or of the rest, and its values.
    pub(crate) fn of_batch<'v>(
        &self,
        after: &'v [u8],
        end: Option<&'v [u8]>,
    ) -> (&Arc<str>, Vec<Value<'v>>) {
        let after = Value::Bytes(after);
        match end {
            Some(end) => (&self.revoke_batch, vec![after, Value::Bytes(end)]),
            None => (&self.revoke_rest, vec![after]),
        }
    }

    /// Returns the statement that reads so many sessions after a key, and its values.
    pub(crate) fn of_walk<'v>(&self, after: &'v [u8], limit: usize) -> (&Arc<str>, [Value<'v>; 2]) {
        let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
        (&self.walk, [Value::Bytes(after), Value::Number(limit)])
    }

    /// Returns the statement that reads the keys of a sample, and its values.
    pub(crate) fn of_smallest(&self) -> (&Arc<str>, [Value<'static>; 2]) {
        let limit = i64::try_from(SAMPLE).unwrap_or(i64::MAX);
        (&self.smallest, [EMPTY, Value::Number(limit)])
    }

    /// Returns the statement that ends sessions with a tag, and its values.
    pub(crate) fn of_tag<'v>(&self, tag: &'v str) -> (&Arc<str>, Vec<Value<'v>>) {
        (&self.revoke_tagged, vec![Value::Bytes(tag.as_bytes())])
    }

    /// Returns the statement that ends sessions of an owner, and its values.
    pub(crate) fn of_revoke<'v>(
        &self,
        owner: &'v str,
        which: Revoke<'v>,
    ) -> (&Arc<str>, Vec<Value<'v>>) {
        let owner = Value::Bytes(owner.as_bytes());
        // A session's handle is its key.
        match which {
            Revoke::All => (&self.revoke_all, vec![owner]),
            Revoke::AllBut(other) => (
                &self.revoke_all_but,
                vec![owner, Value::Bytes(other.as_bytes())],
            ),
            Revoke::One(named) => (
                &self.revoke_one,
                vec![owner, Value::Bytes(named.as_bytes())],
            ),
        }
    }
}

/// The condition under which an owner's list shows a session.
pub(crate) const LISTED: &str = "expires > ? AND NOT closed";

/// The key of the row that a check writes, and its secret.
pub(crate) const EMPTY: Value<'_> = Value::Bytes(&[]);

/// The data of that row, so that a check fails where a session would find no room.
pub(crate) const ROOM: Value<'_> = Value::Bytes(&[b' '; 8_192]);

/// The number of sessions that a statement ends when all are: locks are held for milliseconds.
const BATCH: i64 = 1_000;

/// Read backwards from the index of owners.
const NEWEST_FIRST: &str = "ORDER BY created DESC, KEY DESC LIMIT ? OFFSET ?";

const LIST: &str = "SELECT KEY, created, seen, expires, label, address FROM TABLE";

/// The columns of a record with their placeholders, in the order in which they are bound and read.
pub(super) const FIELDS: [(&str, &str); 19] = [
    ("revision", "?"),
    ("present", "?"),
    ("issued", "?"),
    ("remembered", "?"),
    ("earlier", "?"),
    ("remembered_until", "?"),
    ("salt", "?"),
    ("closed", "?"),
    ("created", "?"),
    ("seen", "?"),
    ("expires", "?"),
    ("authenticated", "?"),
    ("owner", "TEXT"),
    ("expiry", "?"),
    ("data", "TEXT"),
    ("label", "TEXT"),
    ("address", "TEXT"),
    ("tag", "TEXT"),
    ("credential", "?"),
];
