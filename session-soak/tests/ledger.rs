//! The ledger reports each broken rule, by histories made by hand, and excuses what may be.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use serde_json::Value;
use session_soak::{Invariant, Ledger, Look, Told};

/// The cookie of a session with this number, with this secret.
fn cookie(session: u8, secret: char) -> String {
    format!("{session:A>21}A{}", String::from(secret).repeat(26))
}

struct Case {
    ledger: Ledger,
    session: usize,
    look: Look,
    now: Instant,
}

impl Case {
    /// An owner with one session, which is seen with the value of an acknowledged write under `k`.
    fn new() -> Self {
        let mut ledger = Ledger::new("ada");
        let session = ledger.begin(&cookie(1, 'a'), true).unwrap();
        let now = Instant::now();
        let write = ledger.ask(session, "k", now);
        ledger.settle(session, &write, Told::Acknowledged, now);
        let look = Look {
            exists: true,
            owner: Some("ada".to_owned()),
            data: [("k".to_owned(), Value::from(write.value()))].into(),
        };
        let mut case = Self {
            ledger,
            session,
            look,
            now,
        };
        case.holds();
        case
    }

    fn holds(&mut self) {
        let judged = self.ledger.judge(self.session, &self.look, self.now);
        assert_eq!(judged, Ok(()));
    }

    fn breaks(&mut self, invariant: Invariant) {
        let judged = self.ledger.judge(self.session, &self.look, self.now);
        let breach = judged.expect_err("it is broken");
        assert_eq!(breach.invariant, invariant, "{breach}");
    }

    /// Writes, is told so, and returns what would be seen then.
    fn write(&mut self, told: Told) -> Value {
        let write = self.ledger.ask(self.session, "k", self.now);
        self.ledger.settle(self.session, &write, told, self.now);
        write.value().into()
    }

    fn sees(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.look.data.insert(key.to_owned(), value.into());
        self
    }

    fn count(&mut self, told: Told) {
        self.ledger.ask_to_count(self.session);
        let [done, doubtful] = [told == Told::Acknowledged, told == Told::Refused].map(u64::from);
        self.ledger.counted(self.session, done, doubtful);
    }
}

#[test]
fn an_acknowledged_write_that_is_missing_or_older_is_lost() {
    let mut case = Case::new();
    let old = case.look.clone();
    let new = case.write(Told::Acknowledged);
    case.breaks(Invariant::AcknowledgedIsKept);
    case.sees("k", new).holds();
    case.look.data.clear();
    case.breaks(Invariant::AcknowledgedIsKept);
    case.look = old;
    case.breaks(Invariant::AcknowledgedIsKept);
}

#[test]
fn a_removal_that_was_acknowledged_is_kept() {
    let mut case = Case::new();
    let removal = case.ledger.ask_to_remove(case.session, "k", case.now);
    // While its answer is awaited, both may be seen.
    case.holds();
    let (session, now) = (case.session, case.now);
    case.ledger
        .settle(session, &removal, Told::Acknowledged, now);
    case.breaks(Invariant::AcknowledgedIsKept);
    case.look.data.clear();
    case.holds();
}

#[test]
fn a_refused_write_may_be_there_until_a_later_one_is_acknowledged() {
    let mut case = Case::new();
    let before = case.look.clone();
    let refused = case.write(Told::Refused);
    case.holds();
    case.sees("k", refused.clone()).holds();
    let later = case.write(Told::Acknowledged);
    case.breaks(Invariant::AcknowledgedIsKept);
    case.sees("k", later).holds();
    case.look = before;
    case.breaks(Invariant::AcknowledgedIsKept);
}

#[test]
fn what_was_seen_of_a_doubtful_write_does_not_go_away() {
    let mut case = Case::new();
    let before = case.look.clone();
    let refused = case.write(Told::Refused);
    case.sees("k", refused).holds();
    case.ledger.learn(case.session, &case.look);
    case.look = before;
    case.breaks(Invariant::AcknowledgedIsKept);
}

#[test]
fn a_write_without_an_answer_may_come_later_but_not_for_ever() {
    let mut case = Case::new();
    let unanswered = case.write(Told::Unanswered);
    let later = case.write(Told::Acknowledged);
    case.sees("k", later).holds();
    case.sees("k", unanswered.clone()).holds();
    // It may have come meanwhile, and then it stays.
    case.now += Duration::from_secs(90);
    case.holds();
    let newest = case.write(Told::Acknowledged);
    case.breaks(Invariant::AcknowledgedIsKept);
    case.sees("k", newest).holds();
}

#[test]
fn a_write_that_was_not_sent_is_not_there() {
    let mut case = Case::new();
    let unsent = case.write(Told::NotDone);
    case.holds();
    case.sees("k", unsent).breaks(Invariant::AcknowledgedIsKept);
}

#[test]
fn half_a_write_and_what_nobody_has_written_are_seen() {
    let mut case = Case::new();
    let whole = case.write(Told::Refused);
    let half = whole
        .as_str()
        .unwrap()
        .split_at(whole.as_str().unwrap().len() - 1);
    case.sees("k", half.0).breaks(Invariant::DoubtfulIsWhole);
    case.sees("k", whole).holds();
    case.sees("other", "ada/9/")
        .breaks(Invariant::DoubtfulIsWhole);
}

#[test]
fn a_counter_has_all_that_was_acknowledged_and_no_more_than_was_asked_for() {
    let mut case = Case::new();
    case.count(Told::Acknowledged);
    case.breaks(Invariant::AcknowledgedIsKept);
    case.sees("count-ada", 1).holds();
    case.sees("count-ada", 2)
        .breaks(Invariant::AcknowledgedIsKept);
    case.count(Told::Refused);
    case.holds();
    // It was seen, so it stays.
    case.ledger.learn(case.session, &case.look);
    case.sees("count-ada", 1)
        .breaks(Invariant::AcknowledgedIsKept);
    case.count(Told::NotDone);
    case.sees("count-ada", 3)
        .breaks(Invariant::AcknowledgedIsKept);
}

#[test]
fn two_increments_never_have_one_answer() {
    let mut case = Case::new();
    for _ in 0..2 {
        case.ledger.ask_to_count(case.session);
    }
    assert_eq!(case.ledger.count(case.session, 1), Ok(()));
    let breach = case.ledger.count(case.session, 1).unwrap_err();
    assert_eq!(breach.invariant, Invariant::AcknowledgedIsKept);
    assert_eq!(case.ledger.count(case.session, 2), Ok(()));
    assert!(case.ledger.count(case.session, 3).is_err());
}

#[test]
fn an_ended_session_is_never_alive_again() {
    let mut case = Case::new();
    case.ledger.end(case.session, Told::Acknowledged);
    case.breaks(Invariant::EndedStaysEnded);
    case.look = Look::default();
    case.holds();
}

#[test]
fn after_a_doubtful_logout_a_session_may_live_until_it_was_seen_to_be_over() {
    let mut case = Case::new();
    case.ledger.end(case.session, Told::Refused);
    case.holds();
    let alive = std::mem::take(&mut case.look);
    case.holds();
    case.look = alive;
    case.breaks(Invariant::EndedStaysEnded);
}

#[test]
fn a_session_that_was_left_is_read_for_the_grace_at_most() {
    let mut case = Case::new();
    let next = case.ledger.sign_in(case.session, &cookie(2, 'a'), case.now);
    let left = std::mem::replace(&mut case.session, next.unwrap());
    // It has brought its values along.
    case.holds();
    case.session = left;
    case.holds();
    case.now += Duration::from_secs(30);
    case.breaks(Invariant::EndedStaysEnded);
}

#[test]
fn anothers_values_are_seen() {
    let mut case = Case::new();
    let mine = case.look.clone();
    case.sees("k", "bob/7/")
        .breaks(Invariant::NobodySeesAnothers);
    case.look = mine.clone();
    case.sees("count-bob", 1)
        .breaks(Invariant::NobodySeesAnothers);
    case.look = mine;
    case.look.owner = Some("bob".to_owned());
    case.breaks(Invariant::NobodySeesAnothers);
}

#[test]
fn an_anonymous_answer_is_a_logout() {
    let mut case = Case::new();
    case.look.exists = false;
    case.breaks(Invariant::OutageIsNoLogout);
    case.look.exists = true;
    case.look.owner = None;
    case.breaks(Invariant::OutageIsNoLogout);
}

#[test]
fn garbage_opens_nothing() {
    let mut case = Case::new();
    assert_eq!(case.ledger.judge_garbage(&Look::default(), "x"), Ok(()));
    let breach = case.ledger.judge_garbage(&case.look, "x").unwrap_err();
    assert_eq!(breach.invariant, Invariant::GarbageOpensNothing);
}

#[test]
fn a_list_has_what_lives_and_nothing_else() {
    let mut case = Case::new();
    let other = case.ledger.begin(&cookie(2, 'a'), true).unwrap();
    let handles = case.ledger.handles();
    let judge = |case: &mut Case, listed: &[String]| {
        let judged = case.ledger.judge_list(listed);
        judged.map_err(|breach| breach.invariant)
    };
    assert_eq!(judge(&mut case, &handles), Ok(()));
    assert_eq!(judge(&mut case, &handles[..1]), Err(Invariant::ListIsLive));
    let stranger = [&handles[..], &["nobody's".to_owned()]].concat();
    assert_eq!(judge(&mut case, &stranger), Err(Invariant::ListIsLive));
    // A sign-in that was left in doubt may have begun it.
    case.ledger.sign_in_is_doubtful(None, case.now);
    assert_eq!(judge(&mut case, &stranger), Ok(()));
    case.ledger.end(other, Told::Acknowledged);
    assert_eq!(judge(&mut case, &handles), Err(Invariant::ListIsLive));
    assert_eq!(judge(&mut case, &handles[..1]), Ok(()));
}

#[test]
fn a_revocation_ends_all_others_and_counts_them() {
    let mut case = Case::new();
    let other = case.ledger.begin(&cookie(2, 'a'), true).unwrap();
    let (kept, now) = (case.session, case.now);
    let told = Told::Acknowledged;
    let breach = case.ledger.end_others(kept, told, Some(0), now);
    assert_eq!(breach.unwrap_err().invariant, Invariant::ListIsLive);
    case.holds();
    case.session = other;
    case.breaks(Invariant::EndedStaysEnded);

    let third = case.ledger.begin(&cookie(3, 'a'), true).unwrap();
    assert_eq!(case.ledger.end_others(kept, told, Some(1), now), Ok(()));
    case.session = third;
    case.breaks(Invariant::EndedStaysEnded);
}
