//! A short run without a fault, and the same run twice.

#![allow(clippy::unwrap_used)]

use session_simulator::{Campaign, Plan, play_seed, replay};

/// The seed of the committed run; longer ones with others are a command.
const SEED: u64 = 1;
const STEPS: u64 = 300_000;

#[test]
fn a_short_run_breaks_no_rule() {
    let mut campaign = Campaign::new(SEED, None);
    if let Some(outcome) = campaign.run(STEPS).unwrap() {
        panic!("{:?}\n{}", outcome.violation, outcome.plan);
    }
    assert!(campaign.steps >= STEPS && campaign.plans > 100);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let mut digests = Vec::new();
    for seed in 0..100 {
        let [one, other] = [seed; 2].map(|seed| play_seed(seed, None).unwrap());
        assert_eq!(one.digest, other.digest, "{seed}");
        assert_eq!((one.steps, &one.plan), (other.steps, &other.plan));
        digests.push(one.digest);
    }
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 100);
}

#[test]
fn a_plan_is_the_same_after_it_was_printed_and_read() {
    for seed in 0..100 {
        let outcome = play_seed(seed, None).unwrap();
        let read = Plan::parse(&outcome.plan.to_string()).unwrap();
        assert_eq!(read, outcome.plan);
        assert_eq!(replay(&read, None).unwrap().digest, outcome.digest);
    }
}

#[test]
fn what_is_no_plan_is_refused_by_its_line() {
    for (bad, says) in [
        ("", "a plan begins with its world"),
        ("poll 1", "a plan begins with its world"),
        ("world seed=1 colour=red", "there is no setting colour=red"),
        ("world nodes=0", "a world has a node"),
        ("world seed=1\npoll", "poll: the number of a request"),
        ("world seed=1\nfly 1", "fly 1: there is no move fly"),
        (
            "world seed=1\nbegin 1 browser=0",
            "begin 1 browser=0: a request has a task",
        ),
        (
            "world seed=1\nbegin 1: page dance",
            "begin 1: page dance: there is no act dance",
        ),
        (
            "world seed=1\nbegin 1 shows=nothing-1: logout",
            "begin 1 shows=nothing-1: logout: nobody shows nothing-1",
        ),
    ] {
        let refused = format!("{:#}", Plan::parse(bad).unwrap_err());
        assert!(refused.starts_with(says), "{bad:?}: {refused}");
    }
}
