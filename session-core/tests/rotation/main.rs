//! What an id still does after its secret was rotated, and after a sign-in: a row each.
#![allow(clippy::unwrap_used)]

mod credential;
mod cycle;
mod draws;
mod ids;
mod logout;
mod reauthentication;
mod renewal;
mod request;
mod sign_in;
#[path = "../util/mod.rs"]
mod util;

use request::{Act, Fate, GRACE, cycle, fate, nothing, reauthenticate, rotated, sign_in, write};
use util::World;

#[test]
fn both_secrets_of_a_rotation_have_their_rights_and_no_more() {
    // rotated by, presented, the grace is over, sends, acts: exists, sees the moment of
    // authentication, calls, cookie, superseded.
    type Row = (
        (Act, bool, bool, &'static str, Act),
        (bool, bool, &'static str, &'static str, bool),
    );
    #[rustfmt::skip]
    let rows: &[Row] = &[
        // The old secret of a cycle reads and writes while the grace runs.
        ((cycle, false, false, "old", nothing), (true, true, "load", "-", false)),
        ((cycle, false, false, "old", write), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "old", nothing), (true, true, "load", "-", false)),
        ((cycle, true, false, "old", write), (true, true, "load replace", "-", false)),
        // It rotates nothing, but can re-authenticate.
        ((cycle, false, false, "old", cycle), (true, true, "load", "-", false)),
        ((cycle, true, false, "old", reauthenticate), (true, true, "load replace", "other", false)),
        // After the grace it gets the new secret again, if that has reached nobody,
        ((cycle, false, true, "old", nothing), (true, true, "load replace", "new", false)),
        ((cycle, false, true, "old", write), (true, true, "load replace", "new", false)),
        ((cycle, false, true, "old", cycle), (true, true, "load replace", "new", false)),
        // and is dead otherwise. What it writes begins no other session.
        ((cycle, true, true, "old", nothing), (false, false, "load", "-", false)),
        ((cycle, true, true, "old", write), (false, false, "load", "-", true)),
        ((cycle, true, true, "old", sign_in), (false, false, "load insert", "other", false)),
        // The new one is presented by its first request, together with what that writes, once.
        ((cycle, false, false, "new", nothing), (true, true, "load replace", "-", false)),
        ((cycle, false, false, "new", write), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "new", nothing), (true, true, "load", "-", false)),
        ((cycle, false, true, "new", nothing), (true, true, "load replace", "-", false)),
        ((cycle, true, true, "new", nothing), (true, true, "load", "-", false)),
        // Within the grace there is no other rotation, but a re-authentication.
        ((cycle, false, false, "new", cycle), (true, true, "load replace", "-", false)),
        ((cycle, true, false, "new", cycle), (true, true, "load", "-", false)),
        ((cycle, true, false, "new", reauthenticate), (true, true, "load replace", "other", false)),
        ((cycle, false, true, "new", cycle), (true, true, "load replace", "other", false)),
        ((cycle, true, true, "new", cycle), (true, true, "load replace", "other", false)),
        // The old secret of a re-authentication sees no moment, and never gets the new one,
        ((reauthenticate, false, false, "old", nothing), (true, false, "load", "-", false)),
        ((reauthenticate, false, false, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, false, true, "old", nothing), (true, false, "load", "-", false)),
        ((reauthenticate, false, true, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, false, true, "old", cycle), (true, false, "load", "-", false)),
        ((reauthenticate, true, false, "old", write), (true, false, "load replace", "-", false)),
        ((reauthenticate, true, true, "old", nothing), (false, false, "load", "-", false)),
        ((reauthenticate, true, true, "old", write), (false, false, "load", "-", true)),
        // unless its request re-authenticates itself: then it is the same one, as long as it has
        // reached nobody.
        ((reauthenticate, false, false, "old", reauthenticate), (true, false, "load replace", "new", false)),
        ((reauthenticate, false, true, "old", reauthenticate), (true, false, "load replace", "new", false)),
        ((reauthenticate, true, false, "old", reauthenticate), (true, false, "load replace", "other", false)),
        ((reauthenticate, false, false, "new", nothing), (true, true, "load replace", "-", false)),
        ((reauthenticate, true, true, "new", nothing), (true, true, "load", "-", false)),
    ];
    for (row, ((by, presented, is_over, sends, act), expected)) in rows.iter().copied().enumerate()
    {
        let world = World::new(|policy| policy);
        let (old, new) = rotated(&world, by);
        if presented {
            world.request(&new, 200, nothing);
        }
        if is_over {
            world.advance(GRACE);
        }
        let sent = if sends == "old" { &old } else { &new };
        let seen = fate(&world, sent, [&old, &new], act);
        let (exists, sees_the_moment, calls, cookie, is_superseded) = expected;
        let expected = Fate {
            exists,
            sees_the_moment,
            calls: calls.into(),
            cookie,
            is_superseded,
        };
        assert_eq!(seen, expected, "row {row}: {presented} {is_over} {sends}");
    }
}
