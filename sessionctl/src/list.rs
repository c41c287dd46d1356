use std::io::{IsTerminal as _, stdout};

use session_core::Store;

use crate::filter::Conditions;
use crate::output::Output;
use crate::selection::Selection;
use crate::trouble::Trouble;

pub(crate) async fn run(
    store: &dyn Store,
    conditions: &Conditions,
    over: bool,
    output: Output,
) -> Result<(), Trouble> {
    let mut lines = output.lines();
    let mut selection = Selection::of(store, conditions, over);
    if !stdout().is_terminal() {
        selection = selection.showing("looked at").await;
    }
    while let Some(page) = selection.next().await? {
        for found in page {
            lines.line(&found.fields(), || found.line())?;
        }
    }
    lines.end()
}
