use std::time::{Duration, Instant};

/// What a client was told about its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a ledger has an entry for each")]
pub enum Told {
    /// It is done.
    Acknowledged,
    /// The store is unavailable: it may be done.
    Refused,
    /// Nothing: it may be done, also later.
    Unanswered,
    /// It is not done, and will not be: it was not sent, or was refused for a reason.
    NotDone,
}

/// Where a session stands, as far as its visitor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a ledger has a rule for each")]
pub enum Standing {
    /// It lives.
    Alive,
    /// Somebody tried to end or to leave it, and was not told whether that is done.
    Doubtful,
    /// A sign-in has left it; for the grace it can be read.
    Left(Instant),
    /// It is over.
    Ended,
}

/// The time in which a server that was frozen has carried out every request that it had accepted, or given it up: some
/// time-outs of stores, and the longest trouble.
pub(crate) const HORIZON: Duration = Duration::from_secs(60);

/// The grace of a rotation, and time for slow machines.
pub(crate) const GRACE: Duration = Duration::from_secs(10 + 10);
