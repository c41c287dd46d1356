use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::Value;
use session_core::{Cursor, Store};
use session_store::{Moved, Moving};

use crate::output::Output;
use crate::pace::{Hurry, Pace};
use crate::progress::Progress;
use crate::storage::Storage;
use crate::trouble::Trouble;
use crate::walk::now;

/// The two stores of a move.
#[derive(Debug, Args)]
pub(crate) struct Stores {
    /// The old store's URL, as --store has it
    #[arg(
        long,
        env = "SESSION_FROM",
        hide_env_values = true,
        value_name = "URL",
        required_unless_present = "from_file"
    )]
    from: Option<String>,

    /// File whose first line is that URL
    #[arg(long, value_name = "PATH")]
    from_file: Option<PathBuf>,

    /// Its table [default: session]
    #[arg(long, value_name = "NAME")]
    from_table: Option<String>,

    /// Prefix of its keys in Redis [default: session]
    #[arg(long, value_name = "TEXT")]
    from_prefix: Option<String>,

    /// The new store's URL
    #[arg(
        long,
        env = "SESSION_TO",
        hide_env_values = true,
        value_name = "URL",
        required_unless_present = "to_file"
    )]
    to: Option<String>,

    /// File whose first line is that URL
    #[arg(long, value_name = "PATH")]
    to_file: Option<PathBuf>,

    /// Its table [default: session]
    #[arg(long, value_name = "NAME")]
    to_table: Option<String>,

    /// Prefix of its keys in Redis [default: session]
    #[arg(long, value_name = "TEXT")]
    to_prefix: Option<String>,

    /// Take no rests: several times as fast, but requests wait for up to seconds meanwhile
    #[arg(long)]
    hurry: bool,
}

/// Makes passes through the old store until one has met nothing.
pub(crate) async fn run(
    moving: &Moving,
    old: &dyn Store,
    hurry: Hurry,
    output: Output,
) -> Result<(), Trouble> {
    let progress = Progress::through(old, "moved").await;
    let (mut moved, mut passes) = (0, 0);
    let last = loop {
        let pass = pass(moving, hurry, &progress).await?;
        moved += pass.moved;
        passes += 1;
        if pass.met == pass.kept {
            break pass;
        }
    };
    drop(progress);
    let fields: [(&str, Value); 3] = [
        ("moved", moved.into()),
        ("kept", last.kept.into()),
        ("passes", passes.into()),
    ];
    let text = format!("moved {moved} sessions; {} are left", last.kept);
    let said = output.say(&fields, &text);
    if last.kept == 0 {
        return said;
    }
    let reason = last.trouble.map_or_else(
        || "they can't be read".to_owned(),
        |error| Trouble::from(error).to_string(),
    );
    let kept = last.kept;
    Err(Trouble::Undone(format!(
        "{kept} sessions stay in the old store: {reason}"
    )))
}

/// Goes through the old store once, a batch in memory at a time.
async fn pass(moving: &Moving, hurry: Hurry, progress: &Progress) -> Result<Moved, Trouble> {
    let mut pass = Moved::default();
    let mut from = Cursor::default();
    let mut pace = Pace::between(SMALLEST, LARGEST).hurry(hurry);
    loop {
        let some = async |size| moving.move_batch(&from, size, now()).await;
        let batch = pace.batch(some).await?;
        progress.add(batch.moved);
        pass.moved += batch.moved;
        pass.met += batch.met;
        pass.kept += batch.kept;
        pass.trouble = batch.trouble.or(pass.trouble);
        match batch.next {
            Some(next) => from = next,
            None => return Ok(pass),
        }
    }
}

impl Stores {
    pub(crate) fn hurry(&self) -> Hurry {
        if self.hurry { Hurry::Yes } else { Hurry::No }
    }

    /// Opens both, and returns the old one too.
    pub(crate) async fn open(self, storage: &Storage) -> Result<(Moving, Arc<dyn Store>), Trouble> {
        storage.refuse_flags()?;
        let from = storage.other(
            (self.from, self.from_file),
            self.from_table,
            self.from_prefix,
        );
        let to = storage.other((self.to, self.to_file), self.to_table, self.to_prefix);
        let old = from.open_to_move().await?;
        let moving = Moving::new(Arc::clone(&old), to.open_to_move().await?)?;
        Ok((moving, old))
    }
}

/// More of them at once take hardly longer than these, but let requests wait for longer.
const SMALLEST: usize = 4;
const LARGEST: usize = 64;
