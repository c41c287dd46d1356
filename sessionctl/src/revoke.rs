use session_core::{Command, Only, Outcome, Revoke, Store, Whose};

use crate::ask::confirm;
use crate::filter::Conditions;
use crate::found::Found;
use crate::output::Output;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::selection::Selection;
use crate::trouble::Trouble;
use crate::walk::now;

/// Ends the sessions that meet the conditions.
pub(crate) async fn run(
    store: &dyn Store,
    conditions: &Conditions,
    (dry_run, yes): (bool, bool),
    output: Output,
) -> Result<(), Trouble> {
    if dry_run {
        let count = count(store, conditions).await?;
        let text = format!("{count} live sessions would end");
        return output.say(&[("would_end", count.into())], &text);
    }
    if !yes {
        let count = count(store, conditions).await?;
        confirm(&format!("End {count} live sessions for good?"))?;
    }
    let ended = match whose(conditions) {
        Some(whose) => {
            let _progress = Progress::waiting("ending sessions");
            store.revoke(whose, now()).await?
        }
        None => end_each(store, conditions).await?,
    };
    output.say(
        &[("ended", ended.into())],
        &format!("ended {ended} live sessions"),
    )
}

/// Returns what the store itself can end at once, which misses none that begins meanwhile.
fn whose(conditions: &Conditions) -> Option<Whose<'_>> {
    let Conditions {
        owner,
        handle,
        tag,
        older_than,
        all,
    } = conditions;
    match (owner, handle, tag, older_than) {
        (None, None, None, None) => all.then_some(Whose::Everybody),
        (Some(owner), None, None, None) => Some(Whose::Owner(owner, Revoke::All)),
        (Some(owner), Some(handle), None, None) => Some(Whose::Owner(owner, Revoke::One(handle))),
        (None, None, Some(tag), None) => Some(Whose::Tag(tag.as_str())),
        _ => None,
    }
}

async fn count(store: &dyn Store, conditions: &Conditions) -> Result<usize, Trouble> {
    let selection = Selection::of(store, conditions, false);
    let (mut selection, mut count) = (selection.showing("looked at").await, 0);
    while let Some(page) = selection.next().await? {
        count += page.len();
    }
    Ok(count)
}

async fn end_each(store: &dyn Store, conditions: &Conditions) -> Result<usize, Trouble> {
    let selection = Selection::of(store, conditions, false);
    let (mut selection, mut ended) = (selection.showing("looked at").await, 0);
    let mut pace = Pace::between(SMALLEST, LARGEST);
    while let Some(page) = selection.next().await? {
        let mut left = &page[..];
        while !left.is_empty() {
            let (some, others) = left.split_at(pace.size().min(left.len()));
            ended += pace.batch(async |_| end_some(store, some).await).await?;
            left = others;
        }
    }
    Ok(ended)
}

async fn end_some(store: &dyn Store, some: &[Found]) -> Result<usize, Trouble> {
    let mut ended = 0;
    for found in some {
        let delete = Command::Delete {
            key: &found.key,
            only: Only::Always,
        };
        let outcome = store.write(delete, now()).await?;
        ended += usize::from(outcome == Outcome::Applied);
    }
    Ok(ended)
}

const SMALLEST: usize = 4;
const LARGEST: usize = 64;
