use std::sync::Arc;

use session_core::{Key, Record, to_micros};
use session_testkit::moment_at;

use super::{Statements, Value};

/// Returns every statement that must find its rows by an index, with values.
pub(crate) fn searching<'v>(
    statements: &'v Statements,
    key: &'v Key,
    record: &'v Record,
) -> Vec<(&'v Arc<str>, Vec<Value<'v>>)> {
    let Statements {
        load,
        insert: _,
        replace,
        rotate,
        end,
        touch,
        delete,
        delete_opened,
        delete_over,
        devices,
        devices_from,
        first,
        revoke_all,
        revoke_all_but,
        revoke_one,
        revoke_tagged,
        batch_end,
        // They are meant to read all of it, a range at a time.
        revoke_batch: _,
        revoke_rest: _,
        walk,
        smallest,
        probe: _,
        unprobe,
    } = statements;
    let key = Value::Bytes(key.as_bytes());
    let owner = Value::Bytes(record.owner.as_ref().unwrap().as_bytes());
    let digest = Value::Bytes(record.secrets.present.as_bytes());
    let revision = Value::Number(record.revision.to_i64());
    let now = Value::Number(to_micros(moment_at(0)));
    let fields = Value::Fields(record);
    vec![
        (load, vec![key]),
        (replace, vec![fields, key, revision, now]),
        (rotate, vec![fields, key, revision, now]),
        (end, vec![key, revision, now]),
        (touch, vec![now, now, key, revision, now]),
        (delete, vec![key]),
        (delete_opened, vec![key, digest]),
        (delete_over, vec![key, now]),
        (devices, vec![owner, now, now, now]),
        (devices_from, vec![owner, now, now, now, key, now, now]),
        (first, vec![owner, now, key]),
        (revoke_all, vec![owner]),
        (revoke_all_but, vec![owner, key]),
        (revoke_one, vec![owner, key]),
        (revoke_tagged, vec![owner]),
        (batch_end, vec![key, now]),
        // Of a long range the whole table would be as good.
        (walk, vec![key, Value::Number(10)]),
        (smallest, vec![key, Value::Number(10)]),
        (unprobe, vec![key]),
    ]
}
