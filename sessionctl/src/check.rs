use std::time::Duration;

use serde_json::Value;
use session_core::{Finding, Report, Store};

use crate::output::{Output, plain};
use crate::trouble::Trouble;
use crate::walk::now;

/// Tries whether the store can be used, and reports what it says of itself.
pub(crate) async fn run(store: &dyn Store, output: Output) -> Result<(), Trouble> {
    let report = Report::of_store(store, now, SKEW).await;
    // This tool has opened the store without a sweep; whether the application has one, nobody here knows.
    let findings: Vec<&Finding> = report
        .iter()
        .filter(|finding| finding.name != "store-sweeper")
        .collect();
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| plain(&finding.to_string()))
        .collect();
    let listed: Result<Vec<Value>, _> = findings.iter().map(serde_json::to_value).collect();
    let listed = listed.map_err(|error| Trouble::Undone(error.to_string()))?;
    let fields = [("ok", report.is_ok().into()), ("findings", listed.into())];
    output.say(&fields, &lines.join("\n"))?;
    if report.is_ok() {
        Ok(())
    } else {
        Err(Trouble::Undone("the store has a problem".into()))
    }
}

/// How far apart the clocks of applications may be by default.
const SKEW: Duration = Duration::from_secs(5 * 60);
