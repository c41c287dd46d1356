//! Every decision about a session, a row each: what came in, what was done, what goes out.
#![allow(clippy::unwrap_used)]

mod caps;
mod carriers;
mod commits;
mod endings;
mod gone;
mod ids;
mod request;
mod sign_ins;
#[path = "../util/mod.rs"]
mod util;
mod values;

use request::Sends::{Expired, Garbage, LongOver, Nothing, SignedIn, Unknown, Valid, WrongSecret};
use request::{
    Act, Sends, clear, cycle, destroy, lifetime, nothing, present, remove, rewrite, sign_in,
    update, write,
};
use session_core::{Carrier, Expiry};
use util::World;

struct Row(
    Sends,
    &'static str,
    Act,
    u16,
    &'static str,
    &'static str,
    usize,
);

// cookie sent, act, status: store calls, what happens to the cookie, rows left.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Nothing presented: a session begins when something is stored, and not before.
    Row(Nothing, "nothing", nothing, 200, "", "-", 0),
    Row(Nothing, "write", write, 200, "insert", "new", 1),
    Row(Nothing, "update", update, 200, "insert", "new", 1),
    Row(Nothing, "insert, remove", |s| { write(s); s.remove("k").unwrap(); }, 200, "", "-", 0),
    Row(Nothing, "remove", remove, 200, "", "-", 0),
    Row(Nothing, "clear", clear, 200, "", "-", 0),
    Row(Nothing, "clear, write", |s| { clear(s); write(s); }, 200, "insert", "new", 1),
    Row(Nothing, "write, clear", |s| { write(s); clear(s); }, 200, "", "-", 0),
    Row(Nothing, "a default", |s| assert_eq!(s.get_or_insert_with("k", || 7).unwrap(), 7), 200, "insert", "new", 1),
    Row(Nothing, "take", |s| assert_eq!(s.take::<u8>("k").unwrap(), None), 200, "", "-", 0),
    Row(Nothing, "cycle", cycle, 200, "", "-", 0),
    Row(Nothing, "cycle, write", |s| { cycle(s); write(s); }, 200, "insert", "new", 1),
    Row(Nothing, "destroy", destroy, 200, "", "-", 0),
    Row(Nothing, "destroy, write", |s| { destroy(s); write(s); }, 200, "insert", "new", 1),
    Row(Nothing, "sign in", sign_in, 200, "insert", "new", 1),
    Row(Nothing, "lifetime", lifetime, 200, "insert", "new", 1),
    Row(Nothing, "write, 404", write, 404, "insert", "new", 1),
    Row(Nothing, "write, 500", write, 500, "", "-", 0),
    // Garbage never reaches the store.
    Row(Garbage, "nothing", nothing, 200, "", "-", 0),
    Row(Garbage, "write", write, 200, "insert", "new", 1),
    Row(Garbage, "destroy", destroy, 200, "", "-", 0),
    // An unknown id is never adopted, through no order of calls.
    Row(Unknown, "nothing", nothing, 200, "load", "-", 0),
    Row(Unknown, "write", write, 200, "load insert", "new", 1),
    Row(Unknown, "clear", clear, 200, "load", "-", 0),
    Row(Unknown, "clear, write", |s| { clear(s); write(s); }, 200, "load insert", "new", 1),
    Row(Unknown, "destroy, write", |s| { destroy(s); write(s); }, 200, "load insert", "new", 1),
    Row(Unknown, "cycle", cycle, 200, "load", "-", 0),
    Row(Unknown, "sign in", sign_in, 200, "load insert", "new", 1),
    // An expired session is as unknown; only the sweeper removes its row, until all clocks agree.
    Row(Expired, "nothing", nothing, 200, "load", "-", 1),
    Row(Expired, "clear", clear, 200, "load", "-", 1),
    Row(Expired, "write", write, 200, "load insert", "new", 2),
    Row(Expired, "cycle", cycle, 200, "load", "-", 1),
    Row(LongOver, "nothing", nothing, 200, "load delete", "-", 0),
    Row(LongOver, "write", write, 200, "load delete insert", "new", 1),
    Row(LongOver, "write, 500", write, 500, "load delete", "-", 0),
    // A wrong secret is an unknown key.
    Row(WrongSecret, "nothing", nothing, 200, "load", "-", 1),
    Row(WrongSecret, "write", write, 200, "load insert", "new", 2),
    Row(WrongSecret, "destroy", destroy, 200, "load", "-", 1),
    Row(WrongSecret, "sign in", sign_in, 200, "load insert", "new", 2),
    // A valid one.
    Row(Valid, "nothing", nothing, 200, "load", "-", 1),
    Row(Valid, "write", write, 200, "load replace", "-", 1),
    Row(Valid, "an equal value", rewrite, 200, "load", "-", 1),
    Row(Valid, "update", update, 200, "load replace", "-", 1),
    Row(Valid, "an update to the same", |s| { s.update("base", Option::<u32>::unwrap).unwrap(); }, 200, "load", "-", 1),
    Row(Valid, "write and back", |s| { s.insert("base", 2).unwrap(); rewrite(s); }, 200, "load", "-", 1),
    Row(Valid, "remove", remove, 200, "load replace", "-", 1),
    Row(Valid, "remove an absent key", |s| assert!(!s.remove("none").unwrap()), 200, "load", "-", 1),
    Row(Valid, "take", |s| assert_eq!(s.take::<u8>("base").unwrap(), Some(1)), 200, "load replace", "-", 1),
    Row(Valid, "take an absent key", |s| assert_eq!(s.take::<u8>("none").unwrap(), None), 200, "load", "-", 1),
    Row(Valid, "take and set back", |s| { s.take::<u8>("base").unwrap(); rewrite(s); }, 200, "load", "-", 1),
    Row(Valid, "a default", |s| assert_eq!(s.get_or_insert_with("k", || 7).unwrap(), 7), 200, "load replace", "-", 1),
    Row(Valid, "a default that is not needed", |s| assert_eq!(s.get_or_insert_with("base", || 7).unwrap(), 1), 200, "load", "-", 1),
    Row(Valid, "a default, taken", |s| { s.get_or_insert_with("k", || 7).unwrap(); s.take::<u8>("k").unwrap(); }, 200, "load", "-", 1),
    Row(Valid, "take, 500", |s| assert!(s.take::<u8>("base").unwrap().is_some()), 500, "load", "-", 1),
    Row(Valid, "clear", clear, 200, "load replace", "-", 1),
    Row(Valid, "cycle", cycle, 200, "load replace", "new", 1),
    Row(Valid, "cycle, write", |s| { cycle(s); write(s); }, 200, "load replace", "new", 1),
    Row(Valid, "write, cycle", |s| { write(s); cycle(s); }, 200, "load replace", "new", 1),
    Row(Valid, "sign in", sign_in, 200, "load insert replace", "new", 2),
    Row(Valid, "destroy", destroy, 200, "load delete", "remove", 0),
    Row(Valid, "write, destroy", |s| { write(s); destroy(s); }, 200, "load delete", "remove", 0),
    Row(Valid, "destroy, write", |s| { destroy(s); write(s); }, 200, "load delete insert", "new", 1),
    Row(Valid, "destroy, clear, write", |s| { destroy(s); clear(s); write(s); }, 200, "load delete insert", "new", 1),
    Row(Valid, "destroy, cycle", |s| { destroy(s); cycle(s); }, 200, "load delete", "remove", 0),
    Row(Valid, "destroy, sign in", |s| { destroy(s); sign_in(s); }, 200, "load delete insert", "new", 1),
    Row(Valid, "destroy twice", |s| { destroy(s); destroy(s); }, 200, "load delete", "remove", 0),
    Row(Valid, "lifetime", lifetime, 200, "load replace", "same", 1),
    Row(Valid, "the policy's lifetime again", |s| s.set_expiry(Expiry::Policy).unwrap(), 200, "load", "-", 1),
    Row(Valid, "write, 302", write, 302, "load replace", "-", 1),
    Row(Valid, "write, 404", write, 404, "load replace", "-", 1),
    Row(Valid, "write, 498", write, 498, "load replace", "-", 1),
    // A handler that was cut off may have done half of its work.
    Row(Valid, "write, 408", write, 408, "load", "-", 1),
    Row(Valid, "write, 499", write, 499, "load", "-", 1),
    Row(Valid, "sign in, 408", sign_in, 408, "load", "-", 1),
    Row(Valid, "destroy, 408", destroy, 408, "load delete", "remove", 0),
    Row(Nothing, "write, 499", write, 499, "", "-", 0),
    Row(Valid, "write, 500", write, 500, "load", "-", 1),
    Row(Valid, "write, 503", write, 503, "load", "-", 1),
    Row(Valid, "cycle, 500", cycle, 500, "load", "-", 1),
    Row(Valid, "sign in, 500", sign_in, 500, "load", "-", 1),
    // Even an error ends what was to be ended, but begins nothing.
    Row(Valid, "destroy, 500", destroy, 500, "load delete", "remove", 0),
    Row(Valid, "destroy, write, 500", |s| { destroy(s); write(s); }, 500, "load delete", "remove", 0),
    // Signing in again gives a new id, also to the same owner.
    Row(SignedIn, "sign in again", sign_in, 200, "load insert replace", "new", 2),
    Row(SignedIn, "another signs in", |s| s.sign_in("bob").unwrap(), 200, "load insert replace", "new", 2),
    Row(SignedIn, "clear", clear, 200, "load replace", "-", 1),
    Row(SignedIn, "destroy", destroy, 200, "load delete", "remove", 0),
];

#[test]
fn every_row_of_the_table_holds() {
    hold(Carrier::Cookie, |effect| effect);
    // A request without a bearer's token is as if there were no bearers.
    hold(Carrier::Both, |effect| effect);
}

#[test]
fn every_row_holds_for_a_bearer_who_hears_of_new_ids_alone() {
    hold(Carrier::Bearer, |effect| match effect {
        "new" => "new",
        _ => "-",
    });
}

fn hold(carrier: Carrier, heard: fn(&'static str) -> &'static str) {
    for Row(sends, name, act, status, calls, effect, rows) in ROWS {
        let world = World::new(|policy| policy.carrier(carrier));
        let cookie = present(&world, *sends);
        let seen = world.request(&cookie, *status, act);
        let row = format!("{carrier:?}, {sends:?}, {name}, {status}");
        assert_eq!(seen.calls.join(" "), *calls, "store calls: {row}");
        assert_eq!(seen.effect(&cookie), heard(effect), "cookie: {row}");
        assert_eq!(world.rows(), *rows, "rows: {row}");
        if *effect == "new" {
            assert!(!cookie.is_empty() || seen.id().is_some(), "{row}");
            assert!(world.record(&seen.id().unwrap()).is_some(), "{row}");
            assert_ne!(seen.id().unwrap(), cookie, "{row}");
        }
        if *effect == "remove" {
            assert!(world.record(&cookie).is_none(), "{row}");
        }
        assert!(seen.reply.is_opened(), "{row}");
    }
}
