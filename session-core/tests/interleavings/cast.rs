use std::time::Duration;

use session_core::{Session, SessionError};

/// What a handler does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Read,
    /// Sets a value under a name that is used once.
    Put,
    Increment,
    Cycle,
    SignIn(&'static str),
    Reauthenticate,
    Clear,
    Destroy,
    /// The whole request: a logout that loads nothing.
    Logout,
    /// Commits early; the handler passes a failure on.
    Save,
    /// Commits early; the handler goes on after a failure, and commits again.
    TrySave,
    /// The response is a 500.
    Fail,
    /// No request: time passes.
    Wait(Duration),
    /// No request of this visitor's: all sessions of `ada` are revoked elsewhere.
    Revoke,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The visitor's browser, with what is in its jar.
    Browser,
    /// Somebody who knows the id that is in the jar at the beginning: they have planted it there,
    /// or stolen it.
    Stranger,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub who: Who,
    pub acts: &'static [Act],
    /// How far the clock of the server is ahead that gets the request, in seconds.
    pub ahead: i64,
}

pub const fn browser(acts: &'static [Act]) -> Part {
    by_clock(acts, 0)
}

pub const fn stranger(acts: &'static [Act]) -> Part {
    let who = Who::Stranger;
    Part {
        who,
        ..by_clock(acts, 0)
    }
}

/// A request to a server whose clock is wrong.
pub const fn by_clock(acts: &'static [Act], ahead: i64) -> Part {
    let who = Who::Browser;
    Part { who, acts, ahead }
}

pub const GRACE: Duration = Duration::from_secs(10);

/// Time passes until every session of before is over.
pub const EXPIRE: Act = Act::Wait(Duration::from_hours(24 * 15));
pub const GRACE_PASSES: Act = Act::Wait(GRACE);
pub const PART_OF_THE_GRACE_PASSES: Act = Act::Wait(Duration::from_secs(6));

/// What the whole cast does before it begins.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Whose session it is at the beginning.
    pub owner: Option<&'static str>,
    pub grace: Duration,
    /// The age at which a secret is renewed by itself.
    pub rotate_every: Option<Duration>,
    /// Whether all requests are sent at the beginning, with the same cookie; else each is sent when
    /// it is its turn, and answers arrive at any time between.
    pub sent_together: bool,
    /// How many store calls fail, or futures are dropped.
    pub faults: usize,
    /// How much time passes with each store call.
    pub tick: Duration,
    /// How old the session is.
    pub age: Duration,
    /// Whether the store may cease to write at any time, while it still reads.
    pub may_cease_to_write: bool,
    /// Whether ids have one part, so that a new id is a new key.
    pub is_plain: bool,
}

pub const CALM: Setting = Setting {
    owner: None,
    grace: GRACE,
    rotate_every: None,
    sent_together: true,
    faults: 0,
    tick: Duration::from_millis(1),
    age: Duration::from_secs(1),
    may_cease_to_write: false,
    is_plain: false,
};

impl Act {
    /// Carries it out, and returns the value's name if it has put one.
    pub fn perform(self, session: &Session, name: &str) -> Result<(), SessionError> {
        match self {
            Self::Put => session.insert(name, 1),
            Self::Increment => {
                let counted = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1);
                counted.map(drop)
            }
            Self::Cycle => session.cycle(),
            Self::SignIn(owner) => session.sign_in(owner),
            Self::Reauthenticate => session.reauthenticate(),
            Self::Clear => session.clear(),
            Self::Destroy => session.destroy(),
            Self::Read
            | Self::Logout
            | Self::Save
            | Self::TrySave
            | Self::Fail
            | Self::Wait(_)
            | Self::Revoke => Ok(()),
        }
    }
}
