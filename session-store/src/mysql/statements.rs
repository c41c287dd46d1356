use std::sync::Arc;

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
    pub(super) sweep_end: Arc<str>,
    pub(super) sweep: Arc<str>,
    pub(super) devices: Arc<str>,
    pub(super) revoke_all: Arc<str>,
    pub(super) revoke_all_but: Arc<str>,
    pub(super) revoke_one: Arc<str>,
    pub(super) probe: Arc<str>,
    pub(super) unprobe: Arc<str>,
}

impl Statements {
    pub(super) fn of(table: &Table) -> Self {
        let sql = |text: &str| Arc::from(text.replace("TABLE", &table.quoted()));
        let names = FIELDS.join(", ");
        // Every statement that puts a record binds its fields first, in this order.
        let fields = FIELDS.map(|name| format!("{name} = ?")).join(", ");
        let expected = "`key` = ? AND revision = ? AND expires > ?";
        // Binds the key, and now twice.
        let moved = "previous = ? AND remembered > ? AND expires > ?";
        let owned = "owner = ? AND expires > ?";
        Self {
            // At most one row each, from an index each.
            load: sql(&format!(
                "SELECT {names}, `key` FROM TABLE WHERE `key` = ? AND expires > ? \
                 UNION ALL SELECT {names}, `key` FROM TABLE WHERE {moved}"
            )),
            insert: sql(&insert()),
            replace: sql(&format!("UPDATE TABLE SET {fields} WHERE {expected}")),
            // `previous` takes the old key before the key is changed: assignments are made from
            // left to right, and see those before them.
            relocate: sql(&format!(
                "UPDATE TABLE SET {fields}, previous = `key`, remembered = ?, `key` = ? \
                 WHERE {expected}"
            )),
            clear: sql("DELETE FROM TABLE WHERE `key` = ? AND expires <= ?"),
            touch: sql("UPDATE TABLE SET seen = GREATEST(seen, ?), \
                 expires = GREATEST(expires, ?) WHERE `key` = ? AND revision = ? AND expires > ?"),
            // The row is found first, under the key or moved from it, and then removed by its id,
            // which stays the same if it is moved in between.
            delete: sql(&format!(
                "DELETE gone FROM TABLE AS gone JOIN (SELECT COALESCE(\
                 (SELECT id FROM TABLE WHERE `key` = ? AND expires > ?), \
                 (SELECT id FROM TABLE WHERE {moved} LIMIT 1), \
                 (SELECT id FROM TABLE WHERE `key` = ?)) AS id LIMIT 1) AS found \
                 ON gone.id = found.id"
            )),
            sweep_end: sql(
                "SELECT expires FROM TABLE WHERE expires >= ? AND expires <= ? \
                 ORDER BY expires LIMIT 1 OFFSET ?",
            ),
            // Two sweeps at a time take different rows, and wait for nobody, where the server knows
            // how to; such comments are read from that version on, one by each family. In another
            // order the join would lock rows that it then leaves alone.
            sweep: sql("DELETE gone FROM (SELECT id FROM TABLE \
                 WHERE expires >= ? AND expires <= ? ORDER BY expires LIMIT ? \
                 /*!80001 FOR UPDATE SKIP LOCKED */ /*M!100600 FOR UPDATE SKIP LOCKED */) AS found \
                 STRAIGHT_JOIN TABLE AS gone ON gone.id = found.id WHERE gone.expires <= ?"),
            devices: sql(&format!(
                "SELECT public_id, created, seen, expires FROM TABLE WHERE {owned} \
                 ORDER BY seen DESC"
            )),
            revoke_all: sql(&format!("DELETE FROM TABLE WHERE {owned}")),
            revoke_all_but: sql(&format!(
                "DELETE FROM TABLE WHERE {owned} AND public_id <> ?"
            )),
            revoke_one: sql(&format!(
                "DELETE FROM TABLE WHERE {owned} AND public_id = ?"
            )),
            // No session has a key of zeros. If the second one does not follow, a sweep will.
            probe: sql(&format!(
                "INSERT INTO TABLE ({names}, `key`) VALUES (0, '', 0, 0, 0, NULL, NULL, '', '', '') \
                 ON DUPLICATE KEY UPDATE revision = 0"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE `key` = REPEAT('\\0', 32)"),
        }
    }
}

/// Writes the statement that overwrites only what has expired.
///
/// On a live row it changes nothing, which the server counts as it counts a new row: as one,
/// because `sqlx` asks for matched rows. So the last insert id tells them apart, which is a new
/// row's own, and 0 where `LAST_INSERT_ID(0)` was evaluated.
fn insert() -> String {
    let names = FIELDS.join(", ");
    let overwrites = |name: &str| match name {
        "revision" => {
            "revision = IF(expires <= ?, VALUES(revision), revision + LAST_INSERT_ID(0))".to_owned()
        }
        "previous" | "remembered" => format!("{name} = IF(expires <= ?, NULL, {name})"),
        _ => format!("{name} = IF(expires <= ?, VALUES({name}), {name})"),
    };
    // The end comes last: the others look at what it was.
    let others = FIELDS.iter().filter(|name| **name != "expires");
    let assignments: Vec<String> = others
        .chain(&["previous", "remembered", "expires"])
        .map(|name| overwrites(name))
        .collect();
    format!(
        "INSERT INTO TABLE ({names}, `key`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE {}",
        assignments.join(", ")
    )
}

const FIELDS: [&str; 9] = [
    "revision",
    "public_id",
    "created",
    "seen",
    "expires",
    "authenticated",
    "owner",
    "expiry",
    "data",
];

/// How often an insert binds now.
pub(super) const OVERWRITTEN: usize = FIELDS.len() + 2;
