use clap::{Parser, Subcommand};
use clap_complete::Shell;
use session_core::PublicId;

use crate::filter::Filter;
use crate::moving::Stores;
use crate::storage::Storage;

/// Looks after stored web sessions: in any store, beside live traffic, without the application.
#[derive(Debug, Parser)]
#[command(name = "sessionctl", version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) storage: Storage,

    /// Print JSON: one object, or one a line for lists
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 not done, because the store failed, lacks something or has no such session; \
2 wrong use, or not confirmed.
No id of a session is ever shown: a handle names a session and opens nothing.

Examples:
  export SESSION_STORE=sqlite:sessions.db          # the store of the commands below
  sessionctl migrate                               # create its table, or upgrade it
  sessionctl migrate --check                       # is the table current?
  sessionctl check                                 # can the store be used, and is its clock right?
  sessionctl stats                                 # how many sessions are there?
  sessionctl list --owner ada@example.com          # which are hers?
  sessionctl inspect --handle 2f6c1e9a40b74d0c8a5e3b1d7f906c2e
  sessionctl revoke --handle 2f6c1e9a40b74d0c8a5e3b1d7f906c2e
  sessionctl revoke --owner ada@example.com        # log her out everywhere
  sessionctl revoke --older-than 30days --dry-run  # how many has nobody used for so long?
  sessionctl revoke --older-than 30days            # end them
  sessionctl sweep                                 # remove what is over, from cron
  sessionctl --store postgres://db/app migrate     # before a move: the new table
  sessionctl move --from sqlite:sessions.db --to postgres://db/app";

const LIST: &str = "\
Columns: handle, created, last used, expires, owner, device. `--json` names them.

Examples:
  sessionctl list --owner ada@example.com
  sessionctl list --older-than 90days --json";

const REVOKE: &str = "\
All conditions have to hold. It asks first, with the number of sessions that would end.

Examples:
  sessionctl revoke --handle 2f6c1e9a40b74d0c8a5e3b1d7f906c2e
  sessionctl revoke --owner ada@example.com
  sessionctl revoke --older-than 30days --dry-run
  sessionctl revoke --all --yes                    # everybody, because the table has leaked";

const MOVE: &str = "\
The new store needs its table: `sessionctl --store URL migrate` makes it. While it runs, every node of the application has both \
stores (`Moving::new` of session-store); before that every node has both by `Moving::preparing`. Deploy the new store alone when \
it is done. It can be stopped at any time and begun anew.

Examples:
  sessionctl --store postgres://db/app migrate
  sessionctl move --from sqlite:sessions.db --to postgres://db/app
  sessionctl move --from-file old.url --to-file new.url   # URLs with passwords";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create the table, or upgrade it; `--check` only says whether it is current
    Migrate {
        /// Change nothing; exit with 1 and say what is missing unless the table is current
        #[arg(long)]
        check: bool,
    },
    /// Remove the sessions that have been over for five minutes
    Sweep,
    /// Count sessions, owners and bytes; reads every session
    Stats,
    /// List live sessions, in no order
    #[command(after_help = LIST)]
    List {
        #[command(flatten)]
        filter: Filter,
        /// List also sessions that are over and not yet removed, or that a sign-in has left
        #[arg(long)]
        over: bool,
    },
    /// End sessions for good, after a question
    #[command(after_help = REVOKE)]
    Revoke {
        #[command(flatten)]
        filter: Filter,
        /// Print how many sessions would end, and end none
        #[arg(long)]
        dry_run: bool,
        /// End them without a question
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
    },
    /// Show one session, with the names of its values
    Inspect {
        /// The session's handle, as `list` shows it
        #[arg(long, value_parser = handle)]
        handle: PublicId,
        /// Show the values too; they may be private
        #[arg(long)]
        values: bool,
    },
    /// Move the sessions of one store to another, with nobody logged out
    #[command(after_help = MOVE)]
    Move(Stores),
    /// Check that the store can be used: access, table, clock, settings; ✘ marks what is wrong and says what to do
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
