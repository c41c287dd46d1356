use std::time::Duration;

use clap::Args;
use session_core::{Key, Moment, PublicId, Record, Tag};

use crate::args::handle;
use crate::trouble::Trouble;

/// Which sessions; all conditions have to hold.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Sessions of this owner
    #[arg(long, value_name = "OWNER", allow_hyphen_values = true)]
    owner: Option<String>,

    /// The session with this handle, as `list` shows it
    #[arg(long, value_name = "HANDLE", value_parser = handle)]
    handle: Option<PublicId>,

    /// Sessions of a login at an identity provider: its `iss` and its `sid`
    #[arg(long, num_args = 2, value_names = ["ISSUER", "SID"])]
    index: Option<Vec<String>>,

    /// Sessions that nobody has used for so long: 90days, or "1h 30min"
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    older_than: Option<Duration>,

    /// All sessions
    #[arg(long, conflicts_with_all = ["owner", "handle", "index", "older_than"])]
    all: bool,
}

/// Conditions that have been checked.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) owner: Option<String>,
    pub(crate) handle: Option<PublicId>,
    pub(crate) tag: Option<Tag>,
    pub(crate) older_than: Option<Duration>,
    /// Whether somebody said so.
    pub(crate) all: bool,
}

impl Filter {
    pub(crate) fn parse(self) -> Result<Conditions, Trouble> {
        let tag = match self.index.as_deref() {
            Some([issuer, sid]) => {
                let tag = Tag::of(issuer, sid);
                let tag = tag.ok_or_else(|| {
                    Trouble::Misused("--index: neither the issuer nor the sid may be empty".into())
                })?;
                Some(tag)
            }
            _ => None,
        };
        Ok(Conditions {
            owner: self.owner,
            handle: self.handle,
            tag,
            older_than: self.older_than,
            all: self.all,
        })
    }
}

impl Conditions {
    /// Refuses to mean all sessions where nobody has said so.
    pub(crate) fn refuse_none(&self) -> Result<(), Trouble> {
        let is_said = self.all
            || self.owner.is_some()
            || self.handle.is_some()
            || self.tag.is_some()
            || self.older_than.is_some();
        if is_said {
            return Ok(());
        }
        Err(Trouble::Misused(
            "which sessions? Say --owner, --handle, --index, --older-than, or --all".into(),
        ))
    }

    pub(crate) fn hold(&self, key: &Key, record: &Record, now: Moment) -> bool {
        let is_owners = |owner: &String| record.owner.as_deref() == Some(owner);
        let is_tagged = |tag: &Tag| record.tag.as_deref() == Some(tag.as_str());
        self.owner.as_ref().is_none_or(is_owners)
            && self.handle.is_none_or(|handle| key.public_id() == handle)
            && self.tag.as_ref().is_none_or(is_tagged)
            && self.is_old(record.seen, now)
    }

    pub(crate) fn is_old(&self, seen: Moment, now: Moment) -> bool {
        self.older_than.is_none_or(|age| {
            let unused = now - seen;
            // A negative time is less than every age.
            Duration::try_from(unused).is_ok_and(|unused| unused > age)
        })
    }
}
