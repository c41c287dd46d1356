use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use session_core::{PublicId, Record, Store};

use crate::filter::Conditions;
use crate::output::{Output, moment};
use crate::selection::{Selection, load};
use crate::state::State;
use crate::trouble::Trouble;
use crate::walk::now;

/// Shows one session: no id, no digest, and values only if that is asked for.
pub(crate) async fn run(
    store: &dyn Store,
    handle: PublicId,
    values: bool,
    output: Output,
) -> Result<(), Trouble> {
    let conditions = Conditions {
        handle: Some(handle),
        ..Conditions::default()
    };
    let mut selection = Selection::of(store, &conditions, true);
    while let Some(page) = selection.next().await? {
        if let Some(found) = page.first()
            && let Some(record) = load(store, &found.key, now()).await?
        {
            let mut fields = found.fields();
            fields.extend(more(&record));
            fields.push(("values", shown(&record, values)));
            return output.table(&fields);
        }
    }
    Err(Trouble::Undone(format!("there is no session {handle}")))
}

fn more(record: &Record) -> Vec<(&'static str, Value)> {
    let issued = record.secrets.issued;
    let is_over = State::of(record, now()) == State::Over;
    vec![
        ("authenticated", record.authenticated.map(moment).into()),
        ("renewed", moment(issued).into()),
        ("expiry", record.expiry.to_string().into()),
        ("over", is_over.into()),
        ("closed", record.closed.into()),
        ("tagged", record.tag.is_some().into()),
        ("stamped", record.credential.is_some().into()),
        ("bytes", record.data.len().into()),
    ]
}

/// Returns the values, or the bytes of each; `null` if they are no JSON object.
fn shown(record: &Record, values: bool) -> Value {
    let members: Result<BTreeMap<String, Box<RawValue>>, _> = serde_json::from_str(&record.data);
    let Ok(members) = members else {
        return Value::Null;
    };
    let shown = members.into_iter().map(|(name, raw)| {
        let value = if values {
            serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().into())
        } else {
            format!("{} bytes", raw.get().len()).into()
        };
        (name, value)
    });
    Value::Object(shown.collect())
}
