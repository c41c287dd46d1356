//! Revocations by tag, and of everybody's sessions.

use std::sync::Arc;

use session_core::Outcome::Applied;
use session_core::{Only, Record, Whose};

use crate::changed;
use crate::store_fixture::{Rig, owned_by, record_of, until};

/// Returns a session of an owner's with a tag.
fn tagged(owner: &str, tag: &str, number: u32) -> Record {
    changed!(owned_by(owner, number), tag = Some(Arc::from(tag)))
}

pub(crate) async fn a_tag_ends_the_sessions_that_have_it_and_counts_the_listed_ones(rig: &Rig) {
    rig.add(&until(200, tagged("ada", "one", 1))).await;
    rig.add(&until(200, tagged("bob", "one", 2))).await;
    rig.add(&tagged("ada", "one", 3)).await;
    rig.add(&until(200, tagged("ada", "other", 4))).await;
    rig.add(&until(200, owned_by("ada", 5))).await;
    rig.add(&until(200, record_of(6))).await;
    let closed = changed!(tagged("ada", "one", 7), closed = true);
    if rig.keys_stay() {
        rig.add(&until(200, closed)).await;
    }
    assert_eq!(rig.end(Whose::Tag("unknown"), 100).await, 0);
    assert_eq!(rig.end(Whose::Tag(""), 100).await, 0);
    // An owner's name is no tag.
    assert_eq!(rig.end(Whose::Tag("ada"), 100).await, 0);
    // The third is over, and the last one closed.
    assert_eq!(rig.end(Whose::Tag("one"), 100).await, 2);
    assert_eq!(rig.stored(1..=7).await, [4, 5, 6]);
    assert_eq!(rig.owned("ada", 100).await, [4, 5]);
    assert_eq!(rig.owned("bob", 100).await, [0; 0]);
    assert_eq!(rig.end(Whose::Tag("one"), 100).await, 0);
    assert_eq!(rig.end(Whose::Tag("other"), 100).await, 1);
}

pub(crate) async fn tags_are_told_apart_byte_by_byte(rig: &Rig) {
    let tags = [
        "sid", "Sid", "sid ", " sid", "síd", "si", "sidd", "s%", "s_d", "si*",
    ];
    for (number, tag) in (1..).zip(tags) {
        rig.add(&tagged("ada", tag, number)).await;
    }
    for (left, tag) in tags.iter().enumerate() {
        assert_eq!(rig.owned("ada", 0).await.len(), tags.len() - left);
        assert_eq!(rig.end(Whose::Tag(tag), 0).await, 1, "{tag:?}");
    }
}

pub(crate) async fn a_tag_finds_a_session_through_every_command(rig: &Rig) {
    rig.add(&tagged("ada", "sid", 1)).await;
    // Far beyond its first end.
    for step in 0..4 {
        let now = 90 + step * 900;
        rig.touch(1, 1, (now, now + 1_000), now).await;
    }
    let next = until(9_000, tagged("ada", "sid", 2));
    assert_eq!(rig.replace(1, 1, &next, 3_000).await, Applied);
    let later = until(90_000, tagged("ada", "sid", 3));
    assert_eq!(rig.replace(1, 2, &later, 8_000).await, Applied);
    assert_eq!(rig.end(Whose::Tag("sid"), 80_000).await, 1);
    assert_eq!(rig.stored(1..=1).await, [0; 0]);
    // A session that was ended otherwise does not count.
    rig.add(&tagged("ada", "sid", 4)).await;
    rig.delete(4, Only::Always, 0).await;
    assert_eq!(rig.end(Whose::Tag("sid"), 0).await, 0);
}

pub(crate) async fn many_sessions_of_one_tag_are_all_ended(rig: &Rig) {
    for number in 1..=300 {
        rig.add(&until(1_000, tagged("ada", "sid", number))).await;
    }
    rig.add(&until(1_000, tagged("ada", "other", 301))).await;
    assert_eq!(rig.end(Whose::Tag("sid"), 600).await, 300);
    assert_eq!(rig.owned("ada", 600).await, [301]);
}

pub(crate) async fn everybodys_sessions_end_and_later_ones_live(rig: &Rig) {
    assert_eq!(rig.end(Whose::Everybody, 0).await, 0);
    rig.add(&until(200, owned_by("ada", 1))).await;
    rig.add(&until(200, tagged("bob", "sid", 2))).await;
    rig.add(&until(200, record_of(3))).await;
    rig.add(&record_of(4)).await;
    // One is over.
    assert_eq!(rig.end(Whose::Everybody, 100).await, 3);
    assert_eq!(rig.stored(1..=4).await, [0; 0]);
    for owner in ["ada", "bob"] {
        assert_eq!(rig.devices(owner, 0).await, []);
    }
    rig.add(&until(200, owned_by("ada", 5))).await;
    assert_eq!(rig.owned("ada", 100).await, [5]);
}

pub(crate) async fn very_many_sessions_of_everybody_are_all_ended(rig: &Rig) {
    for number in 1..=1_001 {
        rig.add(&until(1_000, record_of(number))).await;
    }
    assert_eq!(rig.end(Whose::Everybody, 600).await, 1_001);
    assert_eq!(rig.stored(1..=1_001).await, [0; 0]);
}
