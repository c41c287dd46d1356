//! Faults that are planted in the store or the cache: each is caught, and by the property that it breaks.

#![allow(clippy::unwrap_used)]

use session_simulator::{Campaign, Outcome, Plan, Plant, is_property, replay, shrink};

const STEPS: u64 = 3_000_000;

fn caught(plant: Plant, property: &str) -> (Outcome, u64) {
    let mut campaign = Campaign::new(1, Some(plant));
    let broken = campaign
        .run_for(STEPS, property)
        .expect("a world can be made");
    (broken.expect("it is caught"), campaign.steps)
}

#[test]
fn each_is_caught_by_the_property_that_it_breaks() {
    for (plant, name, property) in Plant::ALL {
        assert!(is_property(property), "{property}");
        let (outcome, steps) = caught(plant, property);
        println!("{name:32} {steps:9}  {property}");
        // Without the fault the same happens, and nothing is broken.
        assert_eq!(
            replay(&outcome.plan, None).unwrap().violation,
            None,
            "{name}"
        );
    }
}

#[test]
fn what_breaks_a_rule_is_shrunk_to_a_few_moves_that_break_it_too() {
    let (outcome, _) = caught(
        Plant::NoRevisionCheck,
        "an acknowledged write is never lost",
    );
    let violation = outcome.violation.unwrap();
    let before = outcome.plan.moves.len();
    let smallest = shrink(
        outcome.plan,
        violation.property,
        Some(Plant::NoRevisionCheck),
    )
    .unwrap();
    let read = Plan::parse(&smallest.to_string()).unwrap();
    let again = replay(&read, Some(Plant::NoRevisionCheck)).unwrap();
    assert_eq!(again.violation.unwrap().property, violation.property);
    assert!(smallest.moves.len() < 20.min(before), "{smallest}");
}
