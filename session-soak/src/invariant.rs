use std::fmt;

/// A rule that holds whatever breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Invariant {
    /// An acknowledged write is never lost.
    AcknowledgedIsKept,
    /// A write without an answer is there whole or not at all, and counts once at most.
    DoubtfulIsWhole,
    /// An ended session is never alive again.
    EndedStaysEnded,
    /// No answer carries another visitor's values or cookie.
    NobodySeesAnothers,
    /// No answer puts the id of a dead session, or an unexplained one, into the browser.
    NoDeadCookie,
    /// An outage is a 503: nobody is logged out by it, and no session is replaced.
    OutageIsNoLogout,
    /// A cookie that opens nothing gets no session, and no error.
    GarbageOpensNothing,
    /// An answer has a status that the route has.
    AnswersMakeSense,
    /// An owner's list of devices is their live sessions.
    ListIsLive,
    /// After a trouble every server serves again within the limit.
    ServiceResumes,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AcknowledgedIsKept,
        Self::DoubtfulIsWhole,
        Self::EndedStaysEnded,
        Self::NobodySeesAnothers,
        Self::NoDeadCookie,
        Self::OutageIsNoLogout,
        Self::GarbageOpensNothing,
        Self::AnswersMakeSense,
        Self::ListIsLive,
        Self::ServiceResumes,
    ];

    /// Returns the rule in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AcknowledgedIsKept => "an acknowledged write is never lost",
            Self::DoubtfulIsWhole => "a doubtful write is there whole or not at all",
            Self::EndedStaysEnded => "an ended session is never alive again",
            Self::NobodySeesAnothers => "nobody sees another's values or cookie",
            Self::NoDeadCookie => "no answer sets a dead session's cookie",
            Self::OutageIsNoLogout => "nobody is logged out by an outage",
            Self::GarbageOpensNothing => "garbage cookies get no session and no error",
            Self::AnswersMakeSense => "answers have a status of their route",
            Self::ListIsLive => "an owner's list is their live sessions",
            Self::ServiceResumes => "service resumes after each trouble",
        }
    }
}

/// A rule that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// The rule.
    pub invariant: Invariant,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.name(), self.what)
    }
}

impl std::error::Error for Breach {}

/// How often each rule was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks([u64; Invariant::ALL.len()]);

impl Checks {
    /// Checks a rule once more.
    ///
    /// # Errors
    ///
    /// It does not hold.
    pub fn check(
        &mut self,
        invariant: Invariant,
        holds: bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Breach> {
        self.0[invariant as usize] += 1;
        if holds {
            return Ok(());
        }
        Err(Breach {
            invariant,
            what: what(),
        })
    }

    /// Returns how often a rule was checked.
    #[must_use]
    pub fn of(&self, invariant: Invariant) -> u64 {
        self.0[invariant as usize]
    }

    /// Returns the number of all checks.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        for (mine, more) in self.0.iter_mut().zip(other.0) {
            *mine += more;
        }
    }
}
