use clap::{Parser, Subcommand};
use clap_complete::Shell;
use session_core::PublicId;

use crate::filter::Filter;
use crate::moving::Stores;
use crate::storage::Storage;

/// Looks after stored web sessions: in any store, beside live traffic, without the application.
#[derive(Debug, Parser)]
#[command(name = "sessionctl", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) storage: Storage,

    /// Print JSON: one object, or one a line for lists
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 not done, because the store failed, lacks something or has no such session; \
2 wrong use, or not confirmed.
No id of a session is ever shown: a handle names a session and opens nothing.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create the table, or upgrade an older one
    Migrate {
        /// Change nothing; fail and say what is missing if there is something to do
        #[arg(long)]
        check: bool,
    },
    /// Remove the sessions that have been over for five minutes
    Sweep,
    /// Count sessions, owners and bytes; reads everything
    Stats,
    /// List live sessions, in no order
    List {
        #[command(flatten)]
        filter: Filter,
        /// Also those that are over and not yet removed, or that a sign-in has left
        #[arg(long)]
        over: bool,
    },
    /// End sessions for good
    Revoke {
        #[command(flatten)]
        filter: Filter,
        /// Show how many would end, and end none
        #[arg(long)]
        dry_run: bool,
        /// Ask nobody
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
    },
    /// Show one session, with the names of its values
    Inspect {
        /// As a list shows it
        #[arg(long, value_parser = handle)]
        handle: PublicId,
        /// Show the values too; they may be private
        #[arg(long)]
        values: bool,
    },
    /// Move the sessions of one store to another while the application has both (`Moving::new`); begin it anew if it was stopped
    Move(Stores),
    /// Try whether the store can be read and written to, and report its clock and its table, with ✔ or ✘ and the remedy
    Check,
    /// Print completions for a shell
    Completions { shell: Shell },
}

pub(crate) fn handle(text: &str) -> Result<PublicId, String> {
    PublicId::parse(text).ok_or_else(|| "a handle is 32 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Args::command().debug_assert();
    }
}
