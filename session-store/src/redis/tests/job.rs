use std::sync::Arc;

use session_core::Revoke;

use super::super::ask::{Answer, Ask, Which};
use super::world::World;

/// A step that can be done later than it was asked for, also if whoever asked is gone.
pub(super) type Job = Arc<dyn Fn(&mut World) -> Answer + Send + Sync>;

macro_rules! later {
    ($ask:expr) => {
        Arc::new(move |world: &mut World| world.execute($ask))
    };
}

/// Keeps what a step needs.
#[allow(
    clippy::too_many_lines,
    reason = "a table, with some lines for each step"
)]
pub(super) fn job(ask: Ask<'_>) -> Job {
    match ask {
        Ask::Insert {
            key,
            record,
            listed,
        } => {
            let record = record.clone();
            later!(Ask::Insert {
                key,
                record: &record,
                listed
            })
        }
        Ask::Replace {
            key,
            expected,
            record,
            listed,
            confirmed,
        } => {
            let record = record.clone();
            later!(Ask::Replace {
                key,
                expected,
                record: &record,
                listed,
                confirmed
            })
        }
        Ask::Prepare {
            key,
            from,
            record,
            remembered,
            listed,
        } => {
            let record = record.clone();
            later!(Ask::Prepare {
                key,
                from,
                record: &record,
                remembered,
                listed
            })
        }
        Ask::Commit {
            key,
            expected,
            with,
            record,
            remembered,
            confirmed,
        } => {
            let record = record.clone();
            later!(Ask::Commit {
                key,
                expected,
                with,
                record: &record,
                remembered,
                confirmed
            })
        }
        Ask::Finish {
            key,
            led_by,
            which: Which::Any,
            confirmed,
        } => {
            later!(Ask::Finish {
                key,
                led_by,
                which: Which::Any,
                confirmed
            })
        }
        Ask::Finish {
            key,
            led_by,
            which: Which::Of(owner, which),
            confirmed,
        } => {
            assert_eq!(which, Revoke::All);
            let owner = owner.to_owned();
            later!({
                let which = Which::Of(&owner, Revoke::All);
                Ask::Finish {
                    key,
                    led_by,
                    which,
                    confirmed,
                }
            })
        }
        Ask::List { owner, key, until } => {
            let owner = owner.to_owned();
            later!(Ask::List {
                owner: &owner,
                key,
                until
            })
        }
        Ask::Unlist { owner, keys } => {
            let (owner, keys) = (owner.to_owned(), keys.to_vec());
            later!(Ask::Unlist {
                owner: &owner,
                keys: &keys
            })
        }
        Ask::Listed { owner } => {
            let owner = owner.to_owned();
            later!(Ask::Listed { owner: &owner })
        }
        Ask::Load {
            key,
            led_by,
            confirmed,
        } => later!(Ask::Load {
            key,
            led_by,
            confirmed
        }),
        Ask::Touch {
            key,
            expected,
            seen,
            expires,
            listed,
            confirmed,
        } => {
            later!(Ask::Touch {
                key,
                expected,
                seen,
                expires,
                listed,
                confirmed
            })
        }
        Ask::Abort { key, revision } => later!(Ask::Abort { key, revision }),
        Ask::Committed { key, revision } => later!(Ask::Committed { key, revision }),
        Ask::Settle { key, revision } => later!(Ask::Settle { key, revision }),
        Ask::Relocate { .. } | Ask::Devices { .. } | Ask::Revoke { .. } | Ask::Sweep { .. } => {
            panic!("no step of the protocol")
        }
    }
}
