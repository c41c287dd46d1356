use std::sync::Arc;

use super::notify::Notify;
use super::table::Table;

/// The SQL, one statement a command, with the table's name in it.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) insert: Arc<str>,
    pub(super) replace: Arc<str>,
    pub(super) relocate: Arc<str>,
    pub(super) clear: Arc<str>,
    pub(super) touch: Arc<str>,
    pub(super) delete: Arc<str>,
    pub(super) sweep: Arc<str>,
    pub(super) devices: Arc<str>,
    pub(super) revoke_all: Arc<str>,
    pub(super) revoke_all_but: Arc<str>,
    pub(super) revoke_one: Arc<str>,
    pub(super) probe: Arc<str>,
    pub(super) unprobe: Arc<str>,
}

impl Statements {
    pub(super) fn of(table: &Table, notify: Notify) -> Self {
        let sql = |text: &str| Arc::from(text.replace("TABLE", table.quoted()));
        // The same statement, which also tells the key of each row that it changes. It answers
        // with as many rows as it has changed.
        let telling = |key: &str, text: &str| {
            let channel = table.channel();
            sql(&format!(
                "WITH changed AS ({text} RETURNING {key} AS key) \
                 SELECT pg_notify('{channel}', encode(key, 'hex')) FROM changed"
            ))
        };
        let ending = |key: &str, text: &str| match notify {
            Notify::Nothing => sql(text),
            Notify::Ends | Notify::Changes => telling(key, text),
        };
        let changing = |key: &str, text: &str| match notify {
            Notify::Nothing | Notify::Ends => sql(text),
            Notify::Changes => telling(key, text),
        };
        let names = "revision, public_id, created, seen, expires, authenticated, owner, expiry, \
                     data";
        // Every statement that puts a record binds its fields as $1 to $9.
        let fields = "revision = $1, public_id = $2, created = $3, seen = $4, expires = $5, \
                      authenticated = $6, owner = $7, expiry = $8, data = $9";
        let expected = "key = $10 AND revision = $11 AND expires > $12";
        // $1 is the key and $2 now.
        let moved = "previous = $1 AND remembered > $2 AND expires > $2";
        let owned = "owner = $1 AND expires > $2";
        Self {
            // At most one row each, from an index each.
            load: sql(&format!(
                "SELECT {names}, key FROM TABLE WHERE key = $1 AND expires > $2 \
                 UNION ALL SELECT {names}, key FROM TABLE WHERE {moved}"
            )),
            insert: sql(&format!(
                "INSERT INTO TABLE AS old ({names}, key) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (key) DO UPDATE SET ({names}, previous, remembered) = \
                 ROW ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL) \
                 WHERE old.expires <= $11"
            )),
            replace: changing(
                "key",
                &format!("UPDATE TABLE SET {fields} WHERE {expected}"),
            ),
            // Nobody has read it by its new key yet.
            relocate: ending(
                "previous",
                &format!(
                    "UPDATE TABLE SET {fields}, key = $13, previous = $10, remembered = $14 \
                     WHERE {expected}"
                ),
            ),
            clear: sql("DELETE FROM TABLE WHERE key = $1 AND expires <= $2"),
            touch: sql(
                "UPDATE TABLE SET seen = greatest(seen, $1), expires = greatest(expires, $2) \
                 WHERE key = $3 AND revision = $4 AND expires > $5",
            ),
            // A row that is moved while we wait for it is looked at again, and then has our key
            // as its previous one. Its id tells it from another session that lives under the key.
            delete: ending(
                "key",
                &format!(
                    "DELETE FROM TABLE AS gone WHERE key = $1 OR ({moved} \
                     AND NOT EXISTS (SELECT 1 FROM TABLE AS other \
                     WHERE other.key = $1 AND other.expires > $2 AND other.id <> gone.id))"
                ),
            ),
            // Two sweeps at a time take different rows, and wait for nobody. The array is made
            // once; a joined subquery might be run again, past the limit.
            sweep: sql(
                "WITH gone AS (DELETE FROM TABLE WHERE id = ANY (ARRAY (SELECT id FROM TABLE \
                 WHERE expires <= $1 AND expires >= $3 ORDER BY expires LIMIT $2 \
                 FOR UPDATE SKIP LOCKED)) RETURNING expires) \
                 SELECT count(*), max(expires) FROM gone",
            ),
            devices: sql(&format!(
                "SELECT public_id, created, seen, expires FROM TABLE WHERE {owned} \
                 ORDER BY seen DESC"
            )),
            revoke_all: ending("key", &format!("DELETE FROM TABLE WHERE {owned}")),
            revoke_all_but: ending(
                "key",
                &format!("DELETE FROM TABLE WHERE {owned} AND public_id <> $3"),
            ),
            revoke_one: ending(
                "key",
                &format!("DELETE FROM TABLE WHERE {owned} AND public_id = $3"),
            ),
            // No session has an empty key. If the second one does not follow, a sweep will.
            probe: sql(&format!(
                "INSERT INTO TABLE ({names}, key) VALUES (0, '', 0, 0, 0, NULL, NULL, '', '', '') \
                 ON CONFLICT (key) DO UPDATE SET revision = 0"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE key = ''"),
        }
    }
}
