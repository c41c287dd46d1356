//! Each of our subjects does in each scenario what the scenario is for; otherwise its figures would mean nothing.

#![allow(clippy::unwrap_used)]

use session_costs::{Role, Scenario, ours};

#[test]
fn each_subject_does_what_each_scenario_is_for() {
    for entry in ours() {
        entry.subject().unwrap();
    }
}

#[test]
fn an_increment_counts() {
    for entry in ours().into_iter().filter(|entry| entry.role == Role::Ours) {
        let mut subject = entry.subject().unwrap();
        let mut count = || {
            let body = subject.call(Scenario::Increment).body;
            String::from_utf8(body.into())
                .unwrap()
                .parse::<u64>()
                .unwrap()
        };
        assert_eq!(count() + 1, count(), "{entry:?}");
    }
}

#[test]
fn only_a_life_that_was_extended_or_began_sets_a_cookie() {
    for entry in ours() {
        let mut subject = entry.subject().unwrap();
        for scenario in entry.scenarios() {
            let sets = matches!(scenario, Scenario::ReadSliding | Scenario::Create);
            let has_session = entry.role == Role::Ours && subject.cookie_bytes() > 0;
            let seen = subject.call(scenario);
            assert_eq!(
                seen.set_cookie > 0,
                sets && has_session,
                "{entry:?}, {scenario}"
            );
        }
    }
}
