//! `Moving`, whose nodes and tools meet in every interleaving of their calls, and which passes the suite of stores.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "moving")]

mod actors;
mod batches;
mod explore;
mod judge;
mod laws;
mod seats;
mod seeds;
mod suite;

use self::actors::Act::{self, *};
use self::explore::explore;
use self::seeds::Seed;

/// Explores casts from each place in which a session can be; prints how many states they have.
fn meet(seeds: &[Seed], faults: usize, casts: &[&[Act]]) {
    for cast in casts {
        for seed in seeds {
            let begun = std::time::Instant::now();
            let states = explore(*seed, cast, faults);
            println!(
                "{cast:?}, {seed:?}, {faults} faults: {states} states, {:?}",
                begun.elapsed()
            );
        }
    }
}

const EACH: [Act; 12] = [
    Move,
    Touch,
    TouchPreparing,
    Replace,
    ReplacePreparing,
    Logout,
    LogoutPreparing,
    Delete,
    Revoke,
    End,
    Load,
    LoadPreparing,
];

#[test]
fn two_nodes_meet_wherever_the_session_is_and_one_fails() {
    for (place, one) in EACH.iter().enumerate() {
        for other in &EACH[place..] {
            meet(&Seed::ALL, 1, &[&[*one, *other]]);
        }
    }
}

#[test]
fn a_tool_meets_a_node_and_both_fail() {
    for other in EACH {
        meet(&[Seed::InOld], 2, &[&[Move, other]]);
    }
}

#[test]
fn three_nodes_meet_while_a_session_moves() {
    meet(
        &[Seed::InOld],
        0,
        &[
            &[Move, TouchPreparing, Logout],
            &[Move, ReplacePreparing, Logout],
            &[Move, ReplacePreparing, Load],
            &[Move, Logout, Load],
            &[Move, Revoke, Load],
            &[Move, End, Load],
            &[Move, Move, Logout],
            &[Move, Move, ReplacePreparing],
        ],
    );
}
