//! `sessionctl`, the operator's command for stored sessions.

mod args;
mod ask;
mod check;
mod filter;
mod found;
mod inspect;
mod list;
mod migrate;
mod moving;
mod output;
mod owners;
mod pace;
mod progress;
mod revoke;
mod selection;
mod state;
mod stats;
mod storage;
mod sweep;
mod trouble;
mod walk;

use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use session_core::Store;
use tokio::time::timeout;

use self::args::{Args, Command};
use self::output::{Output, plain};
use self::trouble::Trouble;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            if !matches!(trouble, Trouble::Unheard) {
                // If nobody hears it, the exit code says it.
                _ = writeln!(stderr(), "sessionctl: {}", plain(&trouble.to_string()));
            }
            trouble.code()
        }
    }
}

async fn run(args: Args) -> Result<(), Trouble> {
    let output = Output::new(args.json);
    let storage = &args.storage;
    match args.command {
        Command::Completions { shell } => {
            // The generator panics where it can't write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "sessionctl", &mut script);
            let mut out = stdout();
            out.write_all(&script)?;
            Ok(out.flush()?)
        }
        Command::Migrate { check } => migrate::run(storage, check, output).await,
        Command::Sweep => {
            let sweep = async |store: &dyn Store| sweep::run(store, output).await;
            closing(storage.open().await?, sweep).await
        }
        Command::Stats => {
            let stats = async |store: &dyn Store| stats::run(store, output).await;
            closing(storage.open().await?, stats).await
        }
        Command::List { filter, over } => {
            let filter = filter.parse()?;
            let list = async |store: &dyn Store| list::run(store, &filter, over, output).await;
            closing(storage.open().await?, list).await
        }
        Command::Revoke {
            filter,
            dry_run,
            yes,
        } => {
            let filter = filter.parse()?;
            filter.refuse_none()?;
            if !dry_run && !yes {
                ask::refuse_nobody()?;
            }
            let revoke =
                async |store: &dyn Store| revoke::run(store, &filter, (dry_run, yes), output).await;
            closing(storage.open().await?, revoke).await
        }
        Command::Inspect { handle, values } => {
            let inspect =
                async |store: &dyn Store| inspect::run(store, handle, values, output).await;
            closing(storage.open().await?, inspect).await
        }
        Command::Move(stores) => {
            let hurry = stores.hurry();
            let (moving, old) = stores.open(storage).await?;
            closing(Arc::new(moving.clone()), async |_| {
                moving::run(&moving, &*old, hurry, output).await
            })
            .await
        }
        Command::Check => {
            let check = async |store: &dyn Store| check::run(store, output).await;
            closing(storage.open().await?, check).await
        }
    }
}

/// Runs a command on a store and closes it, so that no log is left beside SQLite's file.
async fn closing(
    store: Arc<dyn Store>,
    command: impl AsyncFnOnce(&dyn Store) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let done = command(&*store).await;
    // Nothing is lost if it takes longer: the next one that opens the file merges the log.
    _ = timeout(Duration::from_secs(1), store.close()).await;
    done
}
