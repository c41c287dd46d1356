use std::fmt;

use anyhow::{Context as _, bail};

/// What a handler does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Sets the value of a slot to a number that is used once.
    Put(u8),
    /// Removes the value of a slot.
    Remove(u8),
    /// Adds one to a counter.
    Add,
    /// Removes every value.
    Clear,
    /// Sets a value that is almost as large as a session may be.
    Big,
    /// Asks for another secret.
    Cycle,
    /// Signs an owner in.
    SignIn(u8),
    /// The owner has authenticated again.
    Reauthenticate,
    /// Logs out.
    Destroy,
    /// Commits early; the handler passes a failure on.
    Save,
    /// Commits early; the handler goes on after a failure.
    TrySave,
    /// Ends all sessions of the owner.
    RevokeAll,
    /// Ends the owner's other sessions.
    RevokeOthers,
    /// A task of the handler holds the session for longer than the response.
    Keep,
    /// The response is a 500.
    Fail,
}

/// What somebody asks a server for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A page, whose handler does this.
    Page(Vec<Act>),
    /// A logout that loads nothing.
    Logout,
    /// The application ends an owner's sessions.
    Revoke(u8),
    /// The application ends everybody's.
    RevokeEverybody,
    /// The application lists an owner's sessions.
    List(u8),
    /// A sweep.
    Sweep,
}

/// The number of slots for values.
pub(crate) const SLOTS: u8 = 3;

impl Act {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, number) = split(text)?;
        Ok(match name {
            "put" => Self::Put(number),
            "remove" => Self::Remove(number),
            "add" => Self::Add,
            "clear" => Self::Clear,
            "big" => Self::Big,
            "cycle" => Self::Cycle,
            "sign-in" => Self::SignIn(number),
            "reauthenticate" => Self::Reauthenticate,
            "destroy" => Self::Destroy,
            "save" => Self::Save,
            "try-save" => Self::TrySave,
            "revoke-all" => Self::RevokeAll,
            "revoke-others" => Self::RevokeOthers,
            "keep" => Self::Keep,
            "fail" => Self::Fail,
            other => bail!("there is no act {other}"),
        })
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Put(slot) => return write!(f, "put {slot}"),
            Self::Remove(slot) => return write!(f, "remove {slot}"),
            Self::SignIn(owner) => return write!(f, "sign-in {owner}"),
            Self::Add => "add",
            Self::Clear => "clear",
            Self::Big => "big",
            Self::Cycle => "cycle",
            Self::Reauthenticate => "reauthenticate",
            Self::Destroy => "destroy",
            Self::Save => "save",
            Self::TrySave => "try-save",
            Self::RevokeAll => "revoke-all",
            Self::RevokeOthers => "revoke-others",
            Self::Keep => "keep",
            Self::Fail => "fail",
        };
        f.write_str(text)
    }
}

impl Task {
    /// Reads what `Display` wrote.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        if let Some(acts) = text.strip_prefix("page") {
            let acts = acts.split(',').map(str::trim).filter(|act| !act.is_empty());
            return Ok(Self::Page(acts.map(Act::parse).collect::<Result<_, _>>()?));
        }
        let (name, number) = split(text)?;
        Ok(match name {
            "logout" => Self::Logout,
            "revoke" => Self::Revoke(number),
            "revoke-everybody" => Self::RevokeEverybody,
            "list" => Self::List(number),
            "sweep" => Self::Sweep,
            other => bail!("there is no task {other}"),
        })
    }

    /// Says whether it is a visitor's request, and no call of the application's own.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Page(_) | Self::Logout)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(acts) => {
                let acts: Vec<_> = acts.iter().map(Act::to_string).collect();
                write!(f, "page {}", acts.join(", "))
            }
            Self::Logout => f.write_str("logout"),
            Self::Revoke(owner) => write!(f, "revoke {owner}"),
            Self::RevokeEverybody => f.write_str("revoke-everybody"),
            Self::List(owner) => write!(f, "list {owner}"),
            Self::Sweep => f.write_str("sweep"),
        }
    }
}

/// Splits a word from the number behind it, which is 0 if there is none.
fn split(text: &str) -> anyhow::Result<(&str, u8)> {
    let text = text.trim();
    match text.split_once(' ') {
        Some((name, number)) => Ok((name, number.trim().parse().context("a small number")?)),
        None => Ok((text, 0)),
    }
}
