use session_core::Store;
use time::Duration;

use crate::output::Output;
use crate::progress::Progress;
use crate::trouble::Trouble;
use crate::walk::now;

/// Removes what has been over for the margin, in batches that lock nothing for long.
pub(crate) async fn run(store: &dyn Store, output: Output) -> Result<(), Trouble> {
    let progress = Progress::of("removed");
    // What ends meanwhile is the next sweep's.
    let (over, mut removed) = (now().saturating_sub(MARGIN), 0);
    loop {
        let count = store.sweep(over, BATCH).await?;
        removed += count;
        progress.add(count);
        if count < BATCH {
            break;
        }
    }
    drop(progress);
    output.say(
        &[("removed", removed.into())],
        &format!("removed {removed} sessions that were over"),
    )
}

/// As of a store's own sweep: this machine's clock may be fast, and what is over here may still be live for the nodes.
const MARGIN: Duration = Duration::minutes(5);

const BATCH: usize = 1_000;
