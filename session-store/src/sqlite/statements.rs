use std::sync::Arc;

/// The SQL, one statement a call, with the table's name in it.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) insert: Arc<str>,
    pub(super) replace: Arc<str>,
    pub(super) relocate: Arc<str>,
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
    /// Writes the statements; the name has been checked.
    pub(super) fn of(table: &str) -> Self {
        // Every statement that puts a record binds its fields as ?1 to ?9.
        let fields = "revision = ?1, public_id = ?2, created = ?3, seen = ?4, expires = ?5, \
                      authenticated = ?6, owner = ?7, expiry = ?8, data = ?9";
        let names = "revision, public_id, created, seen, expires, authenticated, owner, expiry, \
                     data";
        // ?1 is the key and ?2 now.
        let found = "(key = ?1 OR previous = ?1 AND remembered > ?2) AND expires > ?2";
        let sql = |text: &str| Arc::from(text.replace("TABLE", &format!("\"{table}\"")));
        let owned = "owner = ?1 AND expires > ?2";
        Self {
            load: sql(&format!(
                "SELECT {names}, key FROM TABLE WHERE {found} ORDER BY key = ?1 DESC LIMIT 1"
            )),
            insert: sql(&format!(
                "INSERT INTO TABLE ({names}, key) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
                 ON CONFLICT (key) DO UPDATE SET {fields}, previous = NULL, remembered = NULL \
                 WHERE expires <= ?11"
            )),
            replace: sql(&format!(
                "UPDATE TABLE SET {fields} WHERE key = ?10 AND revision = ?11 AND expires > ?12"
            )),
            // What is in the way is refused if it lives; else OR REPLACE removes it.
            relocate: sql(&format!(
                "UPDATE OR REPLACE TABLE SET {fields}, key = ?13, previous = ?10, remembered = ?14 \
                 WHERE key = ?10 AND revision = ?11 AND expires > ?12 \
                 AND NOT EXISTS (SELECT 1 FROM TABLE AS other \
                 WHERE other.key = ?13 AND other.expires > ?12)"
            )),
            touch: sql(
                "UPDATE TABLE SET seen = max(seen, ?1), expires = max(expires, ?2) \
                 WHERE key = ?3 AND revision = ?4 AND expires > ?5",
            ),
            // By an old key only where there is nothing under it.
            delete: sql(&format!(
                "DELETE FROM TABLE WHERE key = ?1 OR key = \
                 (SELECT key FROM TABLE WHERE {found} ORDER BY key = ?1 DESC LIMIT 1)"
            )),
            sweep: sql("DELETE FROM TABLE WHERE rowid IN \
                 (SELECT rowid FROM TABLE WHERE expires <= ?1 LIMIT ?2)"),
            devices: sql(&format!(
                "SELECT public_id, created, seen, expires FROM TABLE WHERE {owned} \
                 ORDER BY seen DESC"
            )),
            revoke_all: sql(&format!("DELETE FROM TABLE WHERE {owned}")),
            revoke_all_but: sql(&format!(
                "DELETE FROM TABLE WHERE {owned} AND public_id <> ?3"
            )),
            revoke_one: sql(&format!(
                "DELETE FROM TABLE WHERE {owned} AND public_id = ?3"
            )),
            // No session has an empty key.
            probe: sql(&format!(
                "INSERT INTO TABLE ({names}, key) \
                 VALUES (0, x'', 0, 0, 0, NULL, NULL, '', '', x'')"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE key = x''"),
        }
    }
}
