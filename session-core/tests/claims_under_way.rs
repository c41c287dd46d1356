//! A value that was taken, and what the handler does while its save is under way.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::Session;
use util::World;

#[test]
fn what_follows_a_value_that_was_taken_is_written_after_the_save() {
    type Act = fn(&Session);
    let rows: [(Act, Option<u32>); 4] = [
        (|_| {}, None),
        (|session| session.insert("base", 2).unwrap(), Some(2)),
        (
            |session| {
                session.insert("base", 2).unwrap();
                session.remove("base").unwrap();
            },
            None,
        ),
        (
            |session| {
                session.insert("base", 2).unwrap();
                assert_eq!(session.take("base").unwrap(), Some(2));
            },
            None,
        ),
    ];
    for (row, (act, left)) in rows.into_iter().enumerate() {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let opened = world.open(&cookie);
        assert_eq!(opened.take::<u32>("base").unwrap(), Some(1), "row {row}");
        let step = opened.commit(world.now()).unwrap();
        act(opened.session());
        let _ = world.drive(step);
        world.finish(opened, 200);
        world.request(&cookie, 200, |session| {
            assert_eq!(session.get::<u32>("base").unwrap(), left, "row {row}");
        });
    }
}
