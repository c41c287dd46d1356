use std::sync::Arc;

/// The SQL, one statement a call, with the table's name in it.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) insert: Arc<str>,
    pub(super) replace: Arc<str>,
    /// The replacement by a record that is over.
    pub(super) end: Arc<str>,
    pub(super) touch: Arc<str>,
    pub(super) delete: Arc<str>,
    pub(super) delete_opened: Arc<str>,
    pub(super) delete_over: Arc<str>,
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
        let sql = |text: &str| Arc::from(text.replace("TABLE", &format!("\"{table}\"")));
        // A record's fields are bound in this order after the key, which is ?1.
        let fields = "revision, present, issued, remembered, earlier, remembered_until, salt, closed, \
                      created, seen, expires, authenticated, owner, expiry, data";
        let values = "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16";
        let listed = "expires > ?2 AND NOT closed";
        Self {
            load: sql(&format!("SELECT {fields} FROM TABLE WHERE key = ?1")),
            insert: sql(&format!(
                "INSERT INTO TABLE (key, {fields}) VALUES (?1, {values}) ON CONFLICT (key) DO NOTHING"
            )),
            replace: sql(&format!(
                "UPDATE TABLE SET ({fields}) = ({values}) \
                 WHERE key = ?1 AND revision = ?17 AND expires > ?18"
            )),
            end: sql("DELETE FROM TABLE WHERE key = ?1 AND revision = ?2 AND expires > ?3"),
            touch: sql(
                "UPDATE TABLE SET seen = max(seen, ?4), expires = max(expires, ?5) \
                 WHERE key = ?1 AND revision = ?2 AND expires > ?3",
            ),
            delete: sql("DELETE FROM TABLE WHERE key = ?1"),
            delete_opened: sql(
                "DELETE FROM TABLE WHERE key = ?1 AND ?2 IN (present, remembered, earlier)",
            ),
            delete_over: sql("DELETE FROM TABLE WHERE key = ?1 AND expires <= ?2"),
            sweep: sql("DELETE FROM TABLE WHERE rowid IN \
                 (SELECT rowid FROM TABLE WHERE expires <= ?1 LIMIT ?2)"),
            devices: sql(&format!(
                "SELECT key, created, seen, expires FROM TABLE \
                 WHERE owner = ?1 AND {listed} ORDER BY seen DESC"
            )),
            // They say of each session that was removed whether it was listed.
            revoke_all: sql(&format!(
                "DELETE FROM TABLE WHERE owner = ?1 RETURNING {listed}"
            )),
            revoke_all_but: sql(&format!(
                "DELETE FROM TABLE WHERE owner = ?1 AND key <> ?3 RETURNING {listed}"
            )),
            revoke_one: sql(&format!(
                "DELETE FROM TABLE WHERE owner = ?1 AND key = ?3 RETURNING {listed}"
            )),
            // No session has an empty key.
            probe: sql(&format!(
                "INSERT INTO TABLE (key, {fields}) \
                 VALUES (x'', 0, x'', 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, '', '')"
            )),
            unprobe: sql("DELETE FROM TABLE WHERE key = x''"),
        }
    }
}
