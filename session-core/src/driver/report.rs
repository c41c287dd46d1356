use super::sessions::Sessions;
use crate::policy::checks::words;
use crate::policy::report::Finding;
use crate::{Moment, Report, SessionError, Store, StoreError, StoreFacts};

impl Sessions {
    /// Looks at the policy and at the store, which it asks; [`Report`] has the lines and their sources.
    ///
    /// One line at the application's start warns in the log of what is not right:
    ///
    /// ```
    /// # use session_core::{Policy, Sessions};
    /// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// sessions.report().await.log();
    /// # });
    /// ```
    ///
    /// It is never an error: a store that is down is a line too.
    pub async fn report(&self) -> Report {
        let mut report = self.policy().report();
        if let Some(envelope) = &self.backing.envelope {
            report.add(in_cookies(envelope.epochs().is_some()));
        } else {
            let skew = self.policy().clock_skew();
            let now = || self.policy().now();
            look(&**self.store(), &mut report, now, skew).await;
        }
        if let Some(legacy) = &self.backing.legacy {
            report.add(adoption(legacy.check().await));
        }
        report
    }
}

impl Report {
    /// Looks at a store alone, as a tool does that does not know the application's policy.
    ///
    /// `now` is this machine's clock, and `skew` how far the server's may be apart.
    pub async fn of_store(
        store: &dyn Store,
        now: impl Fn() -> Moment + Send,
        skew: std::time::Duration,
    ) -> Self {
        let mut report = Self::default();
        look(store, &mut report, now, skew).await;
        report
    }
}

fn adoption(checked: Result<(), StoreError>) -> Finding {
    let finding = |found: String| Finding::ok("adoption", "", found);
    match checked {
        Ok(()) => finding("the other library's sessions can be read and removed".into()),
        Err(error) => finding(SessionError::from(error).chain().to_string()).problem(
            "until then requests with its cookie and without ours are answered with a 503",
        ),
    }
}

fn in_cookies(has_epochs: bool) -> Finding {
    let finding = |found: &'static str| Finding::ok("server-side-end", "ASVS 5.0 7.4.1", found);
    if has_epochs {
        finding("sessions are in their cookies, and all of an owner's can be ended by an epoch")
    } else {
        finding("sessions are in their cookies, so that a copy of one outlives its logout")
            .advice("keep epochs of the owners (Sealed), or use a store")
    }
}

async fn look(
    store: &dyn Store,
    report: &mut Report,
    now: impl Fn() -> Moment,
    skew: std::time::Duration,
) {
    if let Err(error) = store.check().await {
        report.add(unusable(error));
        return;
    }
    let before = now();
    let facts = store.facts().await;
    let after = now();
    let (facts, silence) = match facts {
        Ok(facts) => (facts, None),
        Err(error) => (StoreFacts::default(), Some(silent(error))),
    };
    let usable = format!("{} can be read and written to", facts.kind);
    report.add(Finding::ok("store", "", usable));
    let found = [
        silence,
        durable(&facts, cfg!(not(debug_assertions))),
        clock(&facts, (before, after), skew),
        sweeper(&facts),
        table(&facts),
    ];
    for finding in found.into_iter().flatten() {
        report.add(finding);
    }
}

fn unusable(error: StoreError) -> Finding {
    let found = SessionError::from(error).chain().to_string();
    Finding::ok("store", "", found).problem("until then requests are answered with a 503")
}

fn silent(error: StoreError) -> Finding {
    let found = format!(
        "the store can't say what it is: {}",
        SessionError::from(error).chain()
    );
    Finding::ok("store-facts", "", found)
        .advice("look again: its clock, its sweep and whether it keeps sessions were not looked at")
}

fn durable(facts: &StoreFacts, is_release: bool) -> Option<Finding> {
    let finding = |found: &'static str| Finding::ok("store-durable", "", found);
    Some(match (facts.outlives_process?, is_release) {
        (true, _) => finding("sessions outlive the process"),
        (false, false) => finding("sessions end with the process, which is a debug build"),
        (false, true) => finding("sessions end with the process, and no other has them")
            .problem("use a store of session-store that keeps them, such as SqliteStore"),
    })
}

/// The server's clock was read between two moments of this one.
fn clock(
    facts: &StoreFacts,
    (before, after): (Moment, Moment),
    skew: std::time::Duration,
) -> Option<Finding> {
    let theirs = facts.time?;
    // The nearest of the moments at which it may have been read.
    let ours = theirs.clamp(before.min(after), before.max(after));
    let apart = (theirs - ours).unsigned_abs();
    let finding = |found: String| Finding::ok("store-clock", "", found);
    Some(if apart <= skew.max(NO_SKEW) {
        finding("the store's clock agrees with this machine's".into())
    } else {
        let found = format!(
            "the store's clock and this machine's are {} apart",
            words(apart)
        );
        finding(found).problem("set both by NTP: sessions would end too early, or not be removed")
    })
}

fn sweeper(facts: &StoreFacts) -> Option<Finding> {
    let finding = |found: &'static str| Finding::ok("store-sweeper", "", found);
    Some(if facts.sweeps? {
        finding("sessions that are over are removed")
    } else {
        finding("nothing here removes sessions that are over")
            .advice("leave out `no_sweep`, or run `sessionctl sweep` once in a while")
    })
}

fn table(facts: &StoreFacts) -> Option<Finding> {
    let found = format!("the table has version {}", facts.table_version?);
    Some(Finding::ok("store-table", "", found))
}

/// Clocks that agree are still apart by milliseconds.
const NO_SKEW: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Verdict;

    fn facts(set: impl FnOnce(&mut StoreFacts)) -> StoreFacts {
        let mut facts = StoreFacts::of("a store");
        set(&mut facts);
        facts
    }

    fn at(seconds: u64) -> Moment {
        Moment::UNIX_EPOCH.saturating_add(time::Duration::new(seconds.cast_signed(), 0))
    }

    #[test]
    fn an_old_table_that_fails_is_a_problem_with_its_cause() {
        assert_eq!(adoption(Ok(())).verdict, Verdict::Ok);
        let down = StoreError::new("can't reach the old table").caused_by("it is down");
        let found = adoption(Err(down));
        assert_eq!(found.verdict, Verdict::Problem);
        assert!(
            found
                .found
                .ends_with("can't reach the old table: it is down"),
            "{found}"
        );
    }

    #[test]
    fn a_store_that_forgets_is_a_problem_of_release_builds_alone() {
        for (outlives, is_release, expected) in [
            (None, true, None),
            (Some(true), true, Some(Verdict::Ok)),
            (Some(false), false, Some(Verdict::Ok)),
            (Some(false), true, Some(Verdict::Problem)),
        ] {
            let facts = facts(|facts| facts.outlives_process = outlives);
            let found = durable(&facts, is_release);
            assert_eq!(
                found.map(|it| it.verdict),
                expected,
                "{outlives:?} {is_release}"
            );
        }
    }

    #[test]
    fn clocks_may_be_apart_by_the_skew_or_a_second_and_by_the_time_of_the_question() {
        let asked = (at(1000), at(1010));
        for (theirs, skew, expected) in [
            (1000, 0, Verdict::Ok),
            (1011, 0, Verdict::Ok),
            (1012, 0, Verdict::Problem),
            (999, 0, Verdict::Ok),
            (998, 0, Verdict::Problem),
            (940, 60, Verdict::Ok),
            (939, 60, Verdict::Problem),
            (1070, 60, Verdict::Ok),
            (4611, 60, Verdict::Problem),
        ] {
            let facts = facts(|facts| facts.time = Some(at(theirs)));
            let found = clock(&facts, asked, Duration::from_secs(skew)).unwrap();
            assert_eq!(found.verdict, expected, "{theirs} {skew}");
        }
        let facts = facts(|facts| facts.time = Some(at(4610)));
        let found = clock(&facts, asked, Duration::ZERO).unwrap();
        assert!(found.found.contains("1 hour apart"), "{found}");
    }
}
